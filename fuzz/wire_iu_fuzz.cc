// Every parser of core/wire on the same bytes. What parses is written back and read again: it
// must be the same. A CMD's descriptors are taken apart, with several immediate data offsets
// where that matters, and a partial list is completed with the input's own first bytes as the
// table.
//
// The input is an IU as it would be received.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/limits.h"
#include "core/wire/aer.h"
#include "core/wire/cmd.h"
#include "core/wire/cred.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/lun.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::wire {
namespace {

// Lent to serializers; as large as the largest input so far, never smaller than a fixed IU.
MutableBytes Scratch(std::size_t bytes) {
  static std::vector<std::uint8_t> scratch(4096);
  if (scratch.size() < bytes) scratch.resize(bytes);
  return scratch;
}

template <class T, class Parse, class Serialize>
void RoundTrip(Bytes iu, Parse parse, Serialize serialize) {
  const Result<T, ParseError> parsed = parse(iu);
  if (!parsed.ok()) return;
  const MutableBytes out = Scratch(iu.size());
  const std::size_t length = serialize(*parsed, out);
  SRPT_CHECK(length <= iu.size());
  const Result<T, ParseError> again = parse(Bytes(out).first(length));
  SRPT_CHECK(again.ok() && *again == *parsed);
}

// What the target relies on after ParseBuffers() said yes.
void CheckLayout(const BufferLayout& layout, Bytes iu) {
  SRPT_CHECK(layout.partial || layout.length <= limits::kTransferBytesMax ||
             layout.format == BufferFormat::kImmediate);
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < layout.descriptor_count; ++i) {
    const Direct direct = layout.descriptor(i);
    sum += direct.len;
    SRPT_CHECK(layout.partial || direct.len == 0 || direct.va.v + (direct.len - 1) >= direct.va.v);
  }
  SRPT_CHECK(layout.length <= layout.total_length);
  switch (layout.format) {
    case BufferFormat::kDirect:
    case BufferFormat::kIndirect:
      SRPT_CHECK(layout.partial || layout.length <= sum);
      SRPT_CHECK(!layout.partial || layout.table_count() > layout.descriptor_count);
      break;
    case BufferFormat::kImmediate:
      SRPT_CHECK(std::uint64_t{layout.immediate_offset} + layout.length <= iu.size());
      SRPT_CHECK(layout.ImmediateIn(iu).size() == layout.length);
      break;
    case BufferFormat::kNone:
      SRPT_CHECK(layout.length == 0 && layout.descriptor_count == 0);
      break;
  }
}

void Complete(const BufferLayout& partial, Bytes iu) {
  if (!partial.partial || partial.table.len > iu.size()) return;
  const auto whole = CompleteLayout(partial, iu.first(partial.table.len));
  if (!whole.ok()) return;
  SRPT_CHECK(!whole->partial && whole->descriptor_count == partial.table_count());
  CheckLayout(*whole, iu);
}

void TakeApart(const Cmd& cmd, Bytes iu, std::uint16_t imm_data_offset) {
  const auto buffers = ParseBuffers(cmd, iu, imm_data_offset);
  if (!buffers.ok()) {
    SRPT_CHECK(to_string(buffers.error()) != "unknown error");
    return;
  }
  CheckLayout(buffers->out, iu);
  CheckLayout(buffers->in, iu);
  Complete(buffers->out, iu);
  Complete(buffers->in, iu);
}

void Descriptors(Bytes iu) {
  const auto cmd = ParseCmd(iu);
  if (!cmd.ok()) {
    SRPT_CHECK(cmd.error() != ParseError::kAdditionalCdbTruncated || PeekTag(iu).has_value());
    return;
  }
  (void)DecodeLun(cmd->lun);
  if (cmd->out_fmt != BufferFormat::kImmediate) {
    TakeApart(*cmd, iu, 68);  // Makes no difference then.
    return;
  }
  for (const int imm_data_offset : {0, 68, 52 + 4 * (iu[6] & 0x0f)}) {
    TakeApart(*cmd, iu, static_cast<std::uint16_t>(imm_data_offset));
  }
}

}  // namespace
}  // namespace srpt::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace srpt::wire;  // NOLINT: its only user.
  const srpt::Bytes iu(data, size);
  RoundTrip<LoginReq>(iu, ParseLoginReq64, SerializeLoginReq64);
  RoundTrip<LoginReq>(iu, ParseLoginReqCm, SerializeLoginReqCm);
  RoundTrip<LoginRsp>(iu, ParseLoginRsp, SerializeLoginRsp);
  RoundTrip<LoginRej>(iu, ParseLoginRej, SerializeLoginRej);
  RoundTrip<Cmd>(iu, ParseCmd, SerializeCmd);
  RoundTrip<TskMgmt>(iu, ParseTskMgmt, SerializeTskMgmt);
  RoundTrip<Rsp>(iu, ParseRsp, SerializeRsp);
  RoundTrip<ILogout>(iu, ParseILogout, SerializeILogout);
  RoundTrip<TLogout>(iu, ParseTLogout, SerializeTLogout);
  RoundTrip<CredReq>(iu, ParseCredReq, SerializeCredReq);
  RoundTrip<CredRsp>(iu, ParseCredRsp, SerializeCredRsp);
  RoundTrip<AerReq>(iu, ParseAerReq, SerializeAerReq);
  RoundTrip<AerRsp>(iu, ParseAerRsp, SerializeAerRsp);
  Descriptors(iu);
  return 0;
}
