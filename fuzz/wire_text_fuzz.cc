// What is printed of a peer's bytes: any IU as a line of text, its buffers, and the names of GIDs,
// addresses and ports. Printing takes longer than parsing, hence a fuzzer of its own.
//
// The input is an IU as it would be received.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/wire/cmd.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/name.h"
#include "core/wire/to_string.h"

namespace srpt::wire {
namespace {

// Log lines hold what a peer sent: nothing in them may end the line or control a terminal.
void CheckOneLine(std::string_view text) {
  SRPT_CHECK(!text.empty());
  SRPT_CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

void Names(Bytes input) {
  std::array<std::uint8_t, 16> id{};
  std::copy_n(input.begin(), std::min(input.size(), id.size()), id.begin());
  const auto gid = ParseGid(FormatGid(id).view());
  SRPT_CHECK(gid.has_value() && *gid == id);
  SRPT_CHECK(FormatPeerAddress(PeerAddress{id}).size >= 7);
  SRPT_CHECK(FormatPeerAddress(MapIpv4({id[0], id[1], id[2], id[3]})).size <= 15);
  SRPT_CHECK(FormatPortId(PortId{id}).size == 34);

  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const auto parsed = ParseGid(text);
  SRPT_CHECK(!parsed.has_value() || FormatGid(*parsed).size == text.size());
}

}  // namespace
}  // namespace srpt::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace srpt::wire;  // NOLINT: its only user.
  const srpt::Bytes iu(data, size);
  CheckOneLine(DescribeIu(iu));
  Names(iu);
  const auto cmd = ParseCmd(iu);
  if (!cmd.ok()) return 0;
  const auto buffers = ParseBuffers(*cmd, iu, 68);
  if (!buffers.ok()) {
    CheckOneLine(to_string(buffers.error()));
    return 0;
  }
  CheckOneLine(ToString(buffers->out));
  CheckOneLine(ToString(buffers->in));
  return 0;
}
