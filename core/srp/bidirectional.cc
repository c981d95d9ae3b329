#include "core/srp/bidirectional.h"

#include <algorithm>
#include <cstring>

#include "core/base/planted.h"
#include "core/srp/command.h"
#include "core/srp/data_buffers.h"
#include "core/srp/transfer.h"
#include "core/srp/wire_queue.h"

namespace srpt::bidirectional {
namespace {

using command_state::Moving;

std::uint32_t PlaceIn(Bytes bytes, const wire::BufferLayout& layout) {
  return layout.descriptors.empty()
             ? 0
             : static_cast<std::uint32_t>(layout.descriptors.data() - bytes.data());
}

// The tables of both directions are fetched one behind the other into one buffer, DATA-OUT's first.
// True: the layouts are complete. False: the command waits for the tables, or was answered.
// [R-DESC-03]
bool CompleteTables(ShardState& s, std::uint32_t command, wire::BufferLayout& out,
                    wire::BufferLayout& in, Bytes iu) {
  Command& c = s.commands[command];
  const std::uint32_t out_bytes = out.partial ? out.table.len : 0;
  const std::uint32_t in_bytes = in.partial ? in.table.len : 0;
  const auto refuse = [&] {
    command::Fail(s, command, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
    return false;
  };
  const auto complete = [](wire::BufferLayout& layout, Bytes table) {
    if (!layout.partial) return true;
    const auto whole = wire::CompleteLayout(layout, table);
    if (whole) layout = *whole;
    return whole.ok();
  };
  if (c.table_piece != kNone) {
    const Bytes tables = transfer::TableOf(s, c);
    SRPT_CHECK(tables.size() == std::size_t{out_bytes} + in_bytes);
    if (!complete(out, tables.first(out_bytes)) || !complete(in, tables.subspan(out_bytes))) {
      return refuse();
    }
    c.out_length = out.length;
    c.in_length = in.length;
    return true;
  }
  if (out_bytes > limits::kDataBufferBytes - in_bytes) return refuse();
  // A list of one or two: a table's own descriptor stands 20 bytes before the inline ones. (The
  // first is taken from the command, so the list is where its second is, but for one.)
  const wire::BufferLayout& last = in.partial ? in : out;
  c.first_descriptor = out.partial ? out.table : in.table;
  c.descriptor_count = out.partial && in.partial ? 2 : 1;
  c.descriptors_at = static_cast<std::uint32_t>(last.descriptors.data() - iu.data()) -
                     static_cast<std::uint32_t>(wire::kIndirectHeaderBytes) -
                     (c.descriptor_count - 1) * static_cast<std::uint32_t>(wire::kDirectBytes);
  c.immediate_at = 0;
  if (!transfer::StartTable(s, command, out_bytes + in_bytes)) command::RefuseFull(s, command);
  return false;
}

// Of the piece's data-in, what the initiator has room for.
std::uint32_t InBytes(const Command& c, const Piece& p) {
  return p.offset >= c.in_length ? 0 : std::min(p.backend_length, c.in_length - p.offset);
}

MemRef Half(std::uint32_t piece, std::uint32_t offset, std::uint32_t length) {
  MemRef m;
  m.kind = MemRef::Kind::kData;
  m.buffer = BufferId(piece);
  m.offset = offset;
  m.length = length;
  return m;
}

// Data-out is here.
void ReadOld(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  const Command& c = s.commands[p.command];
  Moving& m = s.commands[p.command].As<Moving>();
  data_buffers::SetStage(s, p, PieceStage::kBackend);
  p.leg = Leg::kRead;
  ++m.in_backend;
  s.Do(action::BlockRead{transfer::OpOfPiece(piece), c.lu, m.at + p.offset,
                         Half(piece, kInAt, p.backend_length)});
}

// Whole blocks, so whole words.
void Xor(MutableBytes to, const std::uint8_t* with) {
  for (std::size_t i = 0; i + sizeof(std::uint64_t) <= to.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, to.data() + i, sizeof a);
    std::memcpy(&b, with + i, sizeof b);
    a ^= b;
    std::memcpy(to.data() + i, &a, sizeof a);
  }
}

// Nothing is left to do but to send data-in. True: there is none.
bool Send(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  Command& c = s.commands[p.command];
  c.moved += p.backend_length;
  p.length = InBytes(c, p);
  if (p.length == 0) return true;
  p.leg = Leg::kSend;
  p.to_unit = false;
  p.posted = 0;
  p.descriptor = p.in_descriptor;
  p.descriptor_at = p.in_descriptor_at;
  wire_queue::QueuePiece(s, piece);
  return false;
}

}  // namespace

// [R-CMD-05, R-FAULT-18]
void Start(ShardState& s, std::uint32_t command, const scsi::XdWriteRead& x, const scsi::LuView& lu,
           const wire::Buffers& buffers, Bytes iu) {
  Command& c = s.commands[command];
  const scsi::Transfer& t = x.transfer;
  wire::BufferLayout out = buffers.out;
  wire::BufferLayout in = buffers.in;
  const bool out_partial = out.partial;
  const bool in_partial = in.partial;
  // One direction alone would lose the other's data (as fault 17 has it for a wrong direction).
  const auto one_alone = [&] { return (out.length == 0) != (in.length == 0); };
  if (t.bytes > 0 && !one_alone() && (out_partial || in_partial) &&
      !CompleteTables(s, command, out, in, iu)) {
    return;
  }
  if (t.bytes > 0 && one_alone()) {
    command::Fail(s, command, CommandCause::kRefused, scsi::kInvalidFieldInCdb);
    return;
  }
  ChannelCounters& counters = s.channels[s.ChannelOf(command)].counters;
  ++counters.bidirectional;
  c.both = true;
  c.needed = static_cast<std::uint32_t>(t.bytes);
  // As of a WRITE: whole blocks of what came.
  auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(t.bytes, out.length));
  bytes -= bytes % lu.block_bytes;
  if (bytes == 0) {
    command::Respond(s, command, CommandCause::kRefused, scsi::Status::kGood);
    return;
  }
  const Bytes tables = transfer::TableOf(s, c);
  c.out_in_iu = !out_partial;
  c.first_descriptor = out.first;
  c.descriptor_count = out.descriptor_count;
  c.descriptors_at = PlaceIn(out_partial ? tables : iu, out);
  c.immediate_at = out.format == wire::BufferFormat::kImmediate ? out.immediate_offset : 0;
  if (c.immediate_at != 0) counters.immediate_bytes += bytes;
  Moving& m = c.Become<Moving>(CommandCause::kAdmitted);
  m.write = true;
  m.bidirectional = true;
  m.keep = x.disable_write;
  m.fua = t.fua || !lu.write_cache;
  m.piece_bytes = limits::kBidirectionalPieceBytes;
  m.at = t.lba.v * lu.block_bytes;
  m.total = m.backend_total = bytes;
  m.in_table = in_partial;
  m.in_count = in.descriptor_count;
  m.in_at = PlaceIn(in_partial ? tables : iu, in);
  transfer::MoveOn(s, command, m);
}

void Begin(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  const Command& c = s.commands[p.command];
  Moving& m = s.commands[p.command].As<Moving>();
  p.in_descriptor = m.in_descriptor;
  p.in_descriptor_at = m.in_descriptor_at;
  const bool more = m.cut < m.backend_total;
  if (more) {
    wire_queue::Advance(s, p.command, m.in_descriptor, m.in_descriptor_at, InBytes(c, p),
                        wire_queue::List::kIn);
  }
  if (c.immediate_at != 0) {
    const Bytes data =
        transfer::IuOf(s, p.command).subspan(c.immediate_at + p.offset, p.backend_length);
    std::memcpy(s.memory->DataBuffer(BufferId(piece)).data(), data.data(), data.size());
    s.channels[p.channel].counters.write_bytes += p.length;
    ReadOld(s, piece);
    return;
  }
  if (more) wire_queue::Advance(s, p.command, m.descriptor, m.descriptor_at, p.length);
  wire_queue::QueuePiece(s, piece);
}

bool OnMoved(ShardState& s, std::uint32_t piece) {
  const Piece& p = s.pieces[piece];
  ChannelCounters& counters = s.channels[p.channel].counters;
  if (p.leg == Leg::kFetch) {
    counters.write_bytes += p.length;
    ReadOld(s, piece);
    return false;
  }
  SRPT_CHECK(p.leg == Leg::kSend);
  counters.read_bytes += p.length;
  return true;
}

bool OnBlockDone(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  const Command& c = s.commands[p.command];
  Moving& m = s.commands[p.command].As<Moving>();
  if (p.leg == Leg::kWrite) return Send(s, piece);
  SRPT_CHECK(p.leg == Leg::kRead);
  const MutableBytes data = s.memory->MovedData(BufferId(piece));
  if (!Planted(PlantedBug::kXorForgotten)) {
    Xor(data.subspan(kInAt, p.backend_length), data.data());
  }
  if (m.keep) return Send(s, piece);
  p.leg = Leg::kWrite;
  ++m.in_backend;
  // [R-INV-25, R-INV-26]
  s.Do(action::BlockWrite{transfer::OpOfPiece(piece), c.lu, m.at + p.offset,
                          Half(piece, 0, p.backend_length), m.fua});
  return false;
}

}  // namespace srpt::bidirectional
