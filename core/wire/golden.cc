#include "core/wire/golden.h"

#include "core/base/check.h"

namespace srpt::wire::golden {
namespace {

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  SRPT_CHECK(c >= 'a' && c <= 'f');
  return c - 'a' + 10;
}

}  // namespace

Buffer FromHex(std::string_view text) {
  Buffer bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\n') {
      ++i;
      continue;
    }
    SRPT_CHECK(i + 1 < text.size());
    bytes.push_back(static_cast<std::uint8_t>(Digit(text[i]) * 16 + Digit(text[i + 1])));
    i += 2;
  }
  return bytes;
}

Buffer LoginReq64() {
  return FromHex(
      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
      "00 00 20 44 00 00 00 00 00 06 80 00 00 44 00 00"
      "00 02 c9 03 00 aa 00 01 00 02 c9 03 00 bb 00 01"
      "00 11 22 33 44 55 66 77 00 11 22 33 44 55 66 77");
}

Buffer LoginReqCm() {
  return FromHex(
      "00 00 00 00 00 00 00 00 00 06 80 00 00 00 20 44"
      "00 02 c9 03 00 aa 00 01 00 02 c9 03 00 bb 00 01"
      "00 11 22 33 44 55 66 77 00 11 22 33 44 55 66 77"
      "00 44 00 00 00 00 00 00");
}

Buffer LoginRsp() {
  return FromHex(
      "c0 00 00 00 00 00 00 80 00 00 00 00 00 00 00 00"
      "00 00 20 54 00 00 01 04 00 06 80 00 00 00 00 00"
      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
      "00 00 00 00");
}

Buffer LoginRej() {
  return FromHex(
      "c2 00 00 00 00 01 00 02 01 02 03 04 05 06 07 08"
      "00 00 00 00 00 00 00 00 00 06 00 00 00 00 00 00");
}

Buffer CmdReadDirect() {
  return FromHex(
      "02 00 00 00 00 01 00 00 05 00 02 00 00 00 00 00"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00"
      "28 00 00 00 10 00 00 00 08 00 00 00 00 00 00 00"
      "00 00 7f 3a 12 34 00 00 00 00 1a 2b 00 00 10 00");
}

Buffer CmdWriteIndirect() {
  return FromHex(
      "02 00 00 00 00 20 02 00 11 00 03 00 00 00 00 00"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00"
      "2a 00 00 00 20 00 00 00 10 00 00 00 00 00 00 00"
      "ff ff 88 80 11 22 00 00 00 00 22 01 00 00 00 20"
      "00 00 20 00 ff ff 88 80 30 00 10 00 00 00 33 01"
      "00 00 10 00 ff ff 88 80 40 00 30 00 00 00 34 02"
      "00 00 10 00");
}

Buffer CmdWriteImmediate() {
  Buffer bytes = FromHex(
      "02 00 00 00 00 30 00 00 12 00 04 00 00 00 00 00"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00"
      "2a 00 00 00 20 00 00 00 01 00 00 00 00 00 00 00"
      "00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00"
      "00 00 00 00");
  for (int i = 0; i < 512; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

Buffer CmdWritePartial() {
  return FromHex(
      "02 00 00 00 00 20 01 00 13 00 05 00 00 00 00 00"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00"
      "2a 00 00 00 20 00 00 00 10 00 00 00 00 00 00 00"
      "ff ff 88 80 11 22 00 00 00 00 22 01 00 00 00 20"
      "00 00 20 00 ff ff 88 80 30 00 10 00 00 00 33 01"
      "00 00 10 00");
}

Buffer CmdBidirectional() {
  return FromHex(
      "02 00 00 00 00 11 00 00 14 00 06 00 00 00 00 00"
      "00 00 00 00 40 01 00 00 00 00 00 00 00 02 00 10"
      "7f 00 00 00 00 00 00 18 00 09 00 00 00 00 00 00"
      "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f"
      "00 00 00 00 00 00 10 00 00 00 00 01 00 00 10 00"
      "00 00 00 00 00 00 20 00 00 00 00 02 00 00 02 00");
}

Buffer RspCheckCondition() {
  return FromHex(
      "c1 00 00 00 00 00 00 01 05 00 02 00 00 00 00 00"
      "00 00 22 02 00 00 00 00 00 00 10 00 00 00 00 12"
      "00 00 00 00 70 00 05 00 00 00 00 0a 00 00 00 00"
      "24 00 00 00 00 00");
}

Buffer TskMgmtAbort() {
  return FromHex(
      "01 00 00 00 00 00 00 00 01 00 00 80 00 00 00 00"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 01 00"
      "05 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

Buffer RspAbort() {
  return FromHex(
      "c1 00 00 00 00 00 00 02 01 00 00 80 00 00 00 00"
      "00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00"
      "00 00 00 04 00 00 00 00");
}

Buffer ILogout() { return FromHex("03 00 00 00 00 00 00 00 a1 a2 a3 a4 a5 a6 a7 a8"); }
Buffer TLogout() { return FromHex("80 01 00 00 00 00 00 08 b1 b2 b3 b4 b5 b6 b7 b8"); }
Buffer CredReq() { return FromHex("81 01 00 00 ff ff ff fe c1 c2 c3 c4 c5 c6 c7 c8"); }
Buffer CredRsp() { return FromHex("41 00 00 00 00 00 00 00 c1 c2 c3 c4 c5 c6 c7 c8"); }

Buffer AerReq() {
  return FromHex(
      "82 00 00 00 00 00 00 03 d1 d2 d3 d4 d5 d6 d7 d8"
      "00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 12"
      "00 00 00 00 70 00 06 00 00 00 00 0a 00 00 00 00"
      "3f 0e 00 00 00 00");
}

Buffer AerRsp() { return FromHex("42 00 00 00 00 00 00 00 d1 d2 d3 d4 d5 d6 d7 d8"); }

std::vector<std::pair<std::string_view, Buffer>> All() {
  return {
      {"login_req", LoginReq64()},
      {"login_req_cm", LoginReqCm()},
      {"login_rsp", LoginRsp()},
      {"login_rej", LoginRej()},
      {"cmd_read_direct", CmdReadDirect()},
      {"cmd_write_indirect", CmdWriteIndirect()},
      {"cmd_write_immediate", CmdWriteImmediate()},
      {"cmd_write_partial", CmdWritePartial()},
      {"cmd_bidirectional", CmdBidirectional()},
      {"rsp_check_condition", RspCheckCondition()},
      {"tsk_mgmt_abort", TskMgmtAbort()},
      {"rsp_abort", RspAbort()},
      {"i_logout", ILogout()},
      {"t_logout", TLogout()},
      {"cred_req", CredReq()},
      {"cred_rsp", CredRsp()},
      {"aer_req", AerReq()},
      {"aer_rsp", AerRsp()},
  };
}

}  // namespace srpt::wire::golden
