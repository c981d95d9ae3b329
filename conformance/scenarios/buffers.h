// One direction of a command's data, as a transcript says it.
//
//   none            no descriptor
//   new:4096        memory of its own, of that length
//   m               all of the memory m, by one direct descriptor
//   m+512:1024      1024 bytes of it
//   m!              with a key that is nobody's
//   @0/1:4096       any address, key and length
//   [m:512,m+512:512]     an indirect list; m:512*8 is eight pieces, one behind the other
//   imm:512         immediate data
// and behind a list: total N, inline N (so many of its descriptors are in the IU), table m (the
// list is written there, too, and named).
#ifndef CONFORMANCE_SCENARIOS_BUFFERS_H_
#define CONFORMANCE_SCENARIOS_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/scenarios/stage.h"
#include "conformance/scenarios/words.h"
#include "core/initiator/initiator.h"
#include "core/wire/data_descriptor.h"

namespace srpt::scenarios {

struct BufferWords {
  bool given = false;
  enum class Form : std::uint8_t { kNone, kNew, kDirect, kList, kImmediate } form = Form::kNone;
  std::uint32_t length = 0;        // kNew, kImmediate.
  std::vector<wire::Direct> list;  // kDirect (one), kList.
  std::optional<std::uint32_t> total;
  std::optional<std::size_t> inlined;
  std::optional<wire::Direct> table;
  std::string table_memory;
};

// Takes the words of one buffer; what is wrong goes to `words`.
BufferWords TakeBuffer(Words& words, const Stage& stage);

// What it comes to. It owns what `buffer` points at.
struct BufferMade {
  std::vector<wire::Direct> list;
  std::vector<std::uint8_t> immediate;
  initiator::Buffer buffer;
};
// Registers new memory under `name`, filled with `fill`; writes the table.
void MakeBuffer(const BufferWords& words, Stage& stage, char initiator, const std::string& name,
                std::uint8_t fill, BufferMade& made);

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_BUFFERS_H_
