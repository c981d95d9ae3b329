#include "core/wire/login_rsp.h"

#include "core/wire/codec.h"

namespace srpt::wire {
namespace {

using namespace internal;  // NOLINT: the offsets that all IUs share.

//        0      1      2      3      4      5      6      7
//   00 | C0   | reserved             | REQUEST LIMIT DELTA      |
//   08 | TAG                                                    |
//   10 | MAX I->T IU LENGTH          | MAX T->I IU LENGTH       |
//   18 | BUFFER FORMAT| FLAGS| reserved                         |
//   20 | reserved                                               |
//   30 | reserved             |
constexpr std::size_t kDeltaAt = 4;
constexpr std::size_t kItIuLenAt = 16;
constexpr std::size_t kTiIuLenAt = 20;
constexpr std::size_t kBufFmtAt = 24;
constexpr std::size_t kFlagsAt = 26;
static_assert(kTagEnd == kItIuLenAt);
static_assert(kFlagsAt + 1 + 25 == kLoginRspBytes, "25 reserved bytes end it");

}  // namespace

Result<LoginRsp, ParseError> ParseLoginRsp(Bytes private_data) {
  if (const auto error = CheckFixedPart(private_data, Opcode::kLoginRsp, kLoginRspBytes)) {
    return Err{*error};
  }
  Reader r(private_data);
  LoginRsp rsp;
  rsp.req_lim_delta = static_cast<std::int32_t>(r.Be32(kDeltaAt));
  rsp.tag.bytes = r.Array<kTagBytes>(kTagAt);
  rsp.max_it_iu_len = r.Be32(kItIuLenAt);
  rsp.max_ti_iu_len = r.Be32(kTiIuLenAt);
  rsp.buf_fmt = r.Be16(kBufFmtAt);
  rsp.flags = r.U8(kFlagsAt);
  SRPT_CHECK(r.ok());
  return rsp;
}

// [R-LOGIN-03]
std::size_t SerializeLoginRsp(const LoginRsp& rsp, MutableBytes out) {
  Writer w = Begin(out, kLoginRspBytes, Opcode::kLoginRsp);
  w.Be32(kDeltaAt, static_cast<std::uint32_t>(rsp.req_lim_delta));
  w.Copy(kTagAt, rsp.tag.bytes);
  w.Be32(kItIuLenAt, rsp.max_it_iu_len);
  w.Be32(kTiIuLenAt, rsp.max_ti_iu_len);
  w.Be16(kBufFmtAt, rsp.buf_fmt);
  w.U8(kFlagsAt, rsp.flags);
  return kLoginRspBytes;
}

}  // namespace srpt::wire
