// The private data of a connection request, as an unauthenticated peer sends it, and of the answers
// to it; and the names made of it. The two forms of LOGIN_REQ carry the same, so what one reads the
// other must be able to write and read back.
//
// The input is the private data.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/name.h"
#include "core/wire/to_string.h"

namespace srpt::wire {
namespace {

void Login(const LoginReq& req) {
  std::array<std::uint8_t, kLoginReq64Bytes> ib;
  std::array<std::uint8_t, kLoginReqCmBytes> cm;
  SerializeLoginReq64(req, ib);
  SerializeLoginReqCm(req, cm);
  const auto from_ib = ParseLoginReq64(ib);
  const auto from_cm = ParseLoginReqCm(cm);
  SRPT_CHECK(from_ib.ok() && *from_ib == req);
  SRPT_CHECK(from_cm.ok() && *from_cm == req);
  SRPT_CHECK(static_cast<int>(req.multichannel()) < 4);
}

// Takes longer than all the rest: one input in eight, chosen by the input itself.
void Names(const LoginReq& req) {
  const std::array<std::uint8_t, 16>& id = req.initiator_port.bytes;
  if ((id.back() & 0x07) != 1) return;
  SRPT_CHECK(!ToString(req).empty());
  const auto gid = ParseGid(FormatGid(id).view());
  SRPT_CHECK(gid.has_value() && *gid == id);
  SRPT_CHECK(FormatPeerAddress(PeerAddress{id}).size >= 7);
  SRPT_CHECK(FormatPeerAddress(MapIpv4({id[0], id[1], id[2], id[3]})).size <= 15);
  SRPT_CHECK(FormatPortId(req.target_port).size == 34);
}

void CheckGidText(Bytes input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const auto gid = ParseGid(text);
  SRPT_CHECK(!gid.has_value() || FormatGid(*gid).size == text.size());
}

}  // namespace
}  // namespace srpt::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace srpt::wire;  // NOLINT: its only user.
  const srpt::Bytes input(data, size);
  if (const auto req = ParseLoginReq64(input); req.ok()) {
    Login(*req);
    Names(*req);
  }
  if (const auto req = ParseLoginReqCm(input); req.ok()) Login(*req);
  if (const auto rsp = ParseLoginRsp(input); rsp.ok()) {
    std::array<std::uint8_t, kLoginRspBytes> out;
    SerializeLoginRsp(*rsp, out);
    SRPT_CHECK(*ParseLoginRsp(out) == *rsp);
  }
  if (const auto rej = ParseLoginRej(input); rej.ok()) {
    std::array<std::uint8_t, kLoginRejBytes> out;
    SerializeLoginRej(*rej, out);
    SRPT_CHECK(*ParseLoginRej(out) == *rej);
  }
  CheckGidText(input);
  return 0;
}
