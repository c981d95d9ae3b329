// The private data of a connection request, as an unauthenticated peer sends it, and of the answers
// to it. The two forms of LOGIN_REQ carry the same, so what one reads the other must be able to
// write and read back.
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

}  // namespace
}  // namespace srpt::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace srpt::wire;  // NOLINT: its only user.
  const srpt::Bytes input(data, size);
  if (const auto req = ParseLoginReq64(input); req.ok()) Login(*req);
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
  return 0;
}
