#include "conformance/scenarios/buffers.h"

#include <algorithm>
#include <array>

#include "core/wire/cmd.h"

namespace srpt::scenarios {
namespace {

constexpr std::uint32_t kLengthMax = 0xffffffff;
constexpr std::uint32_t kNewBytesMax = 32u << 20;
constexpr std::size_t kPiecesMax = 4096;
constexpr std::uint32_t kWrongKey = 0xffff00;  // No key is another with these bits changed.
constexpr std::string_view kForms =
    "; a buffer is none, new:BYTES, imm:BYTES, MEMORY[+OFFSET][:BYTES][!], @ADDRESS/KEY:BYTES, or "
    "a "
    "list of the last two: [m:512,m+512:512]";

// Up to one of `ends`, which stays; all of it if none is there.
std::string_view TakeUntil(std::string_view& text, std::string_view ends) {
  const std::size_t end = std::min(text.find_first_of(ends), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

bool Eat(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::uint32_t> TakeLength(std::string_view& text) {
  const auto number = ParseNumber(TakeUntil(text, "*!,]"));
  if (!number || *number > kLengthMax) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

// One piece, or several with *N. False: it is none; `why` may say more.
bool TakePieces(std::string_view& text, const Stage& stage, std::vector<wire::Direct>& out,
                std::string& why) {
  wire::Direct piece;
  if (Eat(text, '@')) {
    const auto va = ParseNumber(TakeUntil(text, "/"));
    if (!va || !Eat(text, '/')) return false;
    const auto key = ParseNumber(TakeUntil(text, ":"));
    if (!key || *key > kLengthMax || !Eat(text, ':')) return false;
    const auto length = TakeLength(text);
    if (!length) return false;
    piece = {RemoteAddr(*va), RKey(static_cast<std::uint32_t>(*key)), *length};
  } else {
    const std::string name(TakeUntil(text, "+:*!,]"));
    const Stage::Memory* memory = stage.FindMemory(name);
    if (memory == nullptr) {
      if (!name.empty()) why = "; there is no memory \"" + name + "\"";
      return false;
    }
    std::uint64_t offset = 0;
    if (Eat(text, '+')) {
      const auto number = ParseNumber(TakeUntil(text, ":*!,]"));
      if (!number) return false;
      offset = *number;
    }
    piece.va = RemoteAddr(memory->region.va.v + offset);
    piece.rkey = memory->region.rkey;
    const std::uint64_t rest =
        memory->region.bytes - std::min<std::uint64_t>(offset, memory->region.bytes);
    piece.len = static_cast<std::uint32_t>(rest);
    if (Eat(text, ':')) {
      const auto length = TakeLength(text);
      if (!length) return false;
      piece.len = *length;
    }
  }
  std::uint64_t count = 1;
  if (Eat(text, '*')) {
    const auto number = ParseNumber(TakeUntil(text, "!,]"));
    if (!number || *number == 0 || *number > kPiecesMax) return false;
    count = *number;
  }
  if (Eat(text, '!')) piece.rkey = RKey(piece.rkey.v ^ kWrongKey);
  for (std::uint64_t i = 0; i < count; ++i) {
    out.push_back(piece);
    piece.va = RemoteAddr(piece.va.v + piece.len);
  }
  return out.size() <= kPiecesMax;
}

bool Parse(std::string_view text, const Stage& stage, BufferWords& out, std::string& why) {
  using Form = BufferWords::Form;
  out.given = true;
  if (text == "none") return true;
  const bool is_new = text.starts_with("new:");
  if (is_new || text.starts_with("imm:")) {
    text.remove_prefix(4);
    const auto length = TakeLength(text);
    if (!length || *length > kNewBytesMax || !text.empty()) return false;
    out.form = is_new ? Form::kNew : Form::kImmediate;
    out.length = *length;
    return true;
  }
  if (!Eat(text, '[')) {
    out.form = Form::kDirect;
    return TakePieces(text, stage, out.list, why) && text.empty() && out.list.size() == 1;
  }
  out.form = Form::kList;
  if (text == "]") return true;
  do {
    if (!TakePieces(text, stage, out.list, why)) return false;
  } while (Eat(text, ','));
  return text == "]";
}

}  // namespace

BufferWords TakeBuffer(Words& words, const Stage& stage) {
  BufferWords out;
  const std::string_view text = words.Take("a buffer");
  std::string why;
  if (words.ok() && !Parse(text, stage, out, why)) {
    words.Wrong('"' + std::string(text) + "\" is no buffer" +
                (why.empty() ? std::string(kForms) : why));
  }
  while (out.form == BufferWords::Form::kList && words.ok()) {
    if (words.TakeIf("total")) {
      out.total = static_cast<std::uint32_t>(words.Number("the total length", 0, kLengthMax));
    } else if (words.TakeIf("inline")) {
      out.inlined = words.Number("how many are in the IU", 0, out.list.size());
    } else if (words.TakeIf("table")) {
      std::string_view table = words.Take("the memory of the table");
      std::vector<wire::Direct> piece;
      out.table_memory = std::string(table.substr(0, table.find_first_of("+:!")));
      if (!TakePieces(table, stage, piece, why) || !table.empty() || piece.size() != 1) {
        words.Wrong("the table is in a memory that there is" + why);
      } else {
        out.table = piece[0];
      }
    } else {
      break;
    }
  }
  const std::size_t in_iu = out.inlined.value_or(out.list.size());
  if (in_iu > 255) words.Wrong("an IU has at most 255 descriptors; say inline N and table MEMORY");
  if (in_iu < out.list.size() && !out.table) {
    words.Wrong("a list that is not all in the IU needs a table: table MEMORY");
  }
  return out;
}

void MakeBuffer(const BufferWords& words, Stage& stage, char initiator, const std::string& name,
                std::uint8_t fill, BufferMade& made) {
  using Form = BufferWords::Form;
  made.list = words.list;
  switch (words.form) {
    case Form::kNone:
      return;
    case Form::kNew: {
      const sim::Region region = stage.Register(name, initiator, words.length, fill).region;
      made.list = {{region.va, region.rkey, words.length}};
      made.buffer = initiator::Buffer::Direct(made.list[0]);
      return;
    }
    case Form::kDirect:
      made.buffer = initiator::Buffer::Direct(made.list[0]);
      return;
    case Form::kImmediate:
      made.immediate.assign(words.length, fill);
      made.buffer = initiator::Buffer::Immediate(made.immediate);
      return;
    case Form::kList:
      break;
  }
  std::uint64_t sum = 0;
  for (const wire::Direct& piece : made.list) sum += piece.len;
  made.buffer.format = wire::BufferFormat::kIndirect;
  made.buffer.total_length = words.total.value_or(static_cast<std::uint32_t>(sum));
  const auto table_bytes = static_cast<std::uint32_t>(made.list.size() * wire::kDirectBytes);
  made.buffer.table = {RemoteAddr(0), RKey(0), table_bytes};
  if (words.table) {
    made.buffer.table = {words.table->va, words.table->rkey, table_bytes};
    const Stage::Memory* memory = stage.FindMemory(words.table_memory);
    if (memory != nullptr) {
      std::vector<std::uint8_t> table(table_bytes);
      for (std::size_t i = 0; i < made.list.size(); ++i) {
        wire::SerializeDirect(made.list[i], MutableBytes(table).subspan(i * wire::kDirectBytes));
      }
      stage.world().WriteMemory(memory->region, words.table->va.v - memory->region.va.v, table);
    }
  }
  made.buffer.list = std::span(made.list).first(words.inlined.value_or(made.list.size()));
}

}  // namespace srpt::scenarios
