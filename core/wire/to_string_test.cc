#include "core/wire/to_string.h"

#include <gtest/gtest.h>

#include "core/wire/golden.h"

namespace srpt::wire {
namespace {

TEST(DescribeIu, EveryWorkedExampleOnOneLine) {
  const char* const expected[] = {
      "SRP_LOGIN_REQ tag=0000000000000000 req_it_iu_len=8260 req_buf_fmt=0x0006 flags=0x80 "
      "imm_data_offset=68 i_port_id=0x0002c90300aa00010002c90300bb0001 "
      "t_port_id=0x00112233445566770011223344556677",
      "SRP_LOGIN_RSP tag=0000000000000000 req_lim_delta=128 max_it_iu_len=8276 "
      "max_ti_iu_len=260 buf_fmt=0x0006 flags=0x80",
      "SRP_LOGIN_REJ tag=0102030405060708 reason=0x00010002 text=\"requested maximum initiator to "
      "target IU length not supported\" buf_fmt=0x0006",
      "SRP_CMD tag=0500020000000000 lun=1 sol_not=0x00 attr=\"SIMPLE\" out=\"none\" out_count=0 "
      "in=\"direct\" in_count=0 cdb=28000000100000000800000000000000 descriptor_bytes=16",
      "SRP_CMD tag=1100030000000000 lun=1 sol_not=0x00 attr=\"SIMPLE\" out=\"indirect\" "
      "out_count=2 in=\"none\" in_count=0 cdb=2a000000200000001000000000000000 "
      "descriptor_bytes=52",
      "SRP_CMD tag=1200040000000000 lun=1 sol_not=0x00 attr=\"SIMPLE\" out=\"immediate\" "
      "out_count=0 in=\"none\" in_count=0 cdb=2a000000200000000100000000000000 "
      "descriptor_bytes=532",
      "SRP_CMD tag=1300050000000000 lun=1 sol_not=0x00 attr=\"SIMPLE\" out=\"indirect\" "
      "out_count=1 in=\"none\" in_count=0 cdb=2a000000200000001000000000000000 "
      "descriptor_bytes=36",
      "SRP_CMD tag=1400060000000000 lun=1 sol_not=0x00 attr=\"ORDERED\" out=\"direct\" "
      "out_count=0 in=\"direct\" in_count=0 "
      "cdb=7f000000000000180009000000000000101112131415161718191a1b1c1d1e1f descriptor_bytes=32",
      "SRP_RSP tag=0500020000000000 req_lim_delta=1 status=0x02 flags=0x22 out_residual=0 "
      "in_residual=4096 sense=70000500000000"
      "0a00000000240000000000",
      "SRP_TSK_MGMT tag=0100008000000000 lun=1 sol_not=0x00 function=0x01 name=\"ABORT TASK\" "
      "task_tag=0500020000000000",
      "SRP_RSP tag=0100008000000000 req_lim_delta=2 status=0x00 flags=0x01 out_residual=0 "
      "in_residual=0 response_data=00000000 code=\"complete\"",
      "SRP_I_LOGOUT tag=a1a2a3a4a5a6a7a8",
      "SRP_T_LOGOUT tag=b1b2b3b4b5b6b7b8 reason=8 text=\"invalid IU length\" solnt",
      "SRP_CRED_REQ tag=c1c2c3c4c5c6c7c8 req_lim_delta=-2 solnt",
      "SRP_CRED_RSP tag=c1c2c3c4c5c6c7c8",
      "SRP_AER_REQ tag=d1d2d3d4d5d6d7d8 req_lim_delta=3 lun=1 "
      "sense=70000600000000"
      "0a000000003f0e00000000",
      "SRP_AER_RSP tag=d1d2d3d4d5d6d7d8",
  };
  std::size_t i = 0;
  for (const auto& [name, bytes] : golden::All()) {
    if (name == "login_req_cm") continue;  // No IU by itself.
    ASSERT_LT(i, std::size(expected));
    EXPECT_EQ(DescribeIu(bytes), expected[i]) << name;
    ++i;
  }
  EXPECT_EQ(i, std::size(expected));
}

TEST(DescribeIu, SaysWhyItCannotBeRead) {
  EXPECT_EQ(DescribeIu({}), "unreadable IU why=\"shorter than its fixed part\" bytes=0");
  golden::Buffer bytes = {0x55, 0xab};
  EXPECT_EQ(DescribeIu(bytes), "unreadable IU why=\"unknown opcode\" bytes=2 all=55ab");
  bytes.assign(49, 0x55);
  EXPECT_EQ(DescribeIu(bytes),
            "unreadable IU why=\"unknown opcode\" bytes=49 first=" + Hex(Bytes(bytes).first(48)));
  bytes = {0x02};
  EXPECT_EQ(DescribeIu(bytes), "unreadable IU why=\"shorter than its fixed part\" bytes=1 all=02");
}

TEST(ToString, LunThatDoesNotDecodeIsShownRaw) {
  TskMgmt request;
  request.lun.bytes = {0xc0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_NE(ToString(request).find("lun=raw:c000000000000001"), std::string::npos);
}

TEST(ToString, Buffers) {
  const auto layout = [](const golden::Buffer& iu) {
    const auto buffers = ParseBuffers(*ParseCmd(iu), iu, 68);
    return ToString(buffers->out) + " / " + ToString(buffers->in);
  };
  EXPECT_EQ(layout(golden::CmdReadDirect()), "none / direct length=4096 total_length=4096");
  EXPECT_EQ(layout(golden::CmdWriteIndirect()),
            "indirect length=8192 total_length=8192 descriptors=2 table=2 / none");
  EXPECT_EQ(layout(golden::CmdWritePartial()),
            "indirect length=8192 total_length=8192 descriptors=1 table=2 partial / none");
  EXPECT_EQ(layout(golden::CmdWriteImmediate()),
            "immediate length=512 total_length=512 offset=68 / none");
  EXPECT_EQ(ToString(Direct{RemoteAddr(0x10), RKey(0x2b), 7}),
            "direct va=0x0000000000000010 rkey=0x0000002b len=7");
}

}  // namespace
}  // namespace srpt::wire
