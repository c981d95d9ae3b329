// Theory of operation
//
//   READ:   buffer -> kBackend (BlockRead) -> kQueued -> kOnWire (RDMA WRITEs) -> free
//   WRITE:  buffer -> kQueued -> kOnWire (RDMA READs) -> kBackend (BlockWrite) -> free
//   both:   see bidirectional.h
//   answer: buffer, filled by core -> kQueued -> kOnWire -> free
//   table:  buffer -> kQueued -> kOnWire (RDMA READs) -> kTable -> free when the command ends
//
// A piece is as much as a data buffer holds; at most limits::kPiecesInFlightMax of a command move
// at once, so memory per command is bounded and disk and wire overlap.
#include "core/srp/transfer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/planted.h"
#include "core/scsi/control.h"
#include "core/srp/abort.h"
#include "core/srp/bidirectional.h"
#include "core/srp/command.h"
#include "core/srp/data_buffers.h"
#include "core/srp/response.h"
#include "core/srp/wire_queue.h"
#include "core/wire/cmd.h"
#include "core/wire/lun.h"

namespace srpt::transfer {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

enum class OpKind : std::uint8_t { kPiece = 1, kCommand = 2 };

OpId MakeOp(OpKind kind, std::uint32_t index) {
  return OpId((std::uint64_t{static_cast<std::uint8_t>(kind)} << 32) | index);
}

MemRef BufferRef(std::uint32_t piece, std::uint32_t length) {
  MemRef m;
  m.kind = MemRef::Kind::kData;
  m.buffer = BufferId(piece);
  m.length = length;
  return m;
}

// Takes a free buffer for the next stretch of the command and sets it going.
[[gnu::always_inline]] inline void Cut(ShardState& s, std::uint32_t command, Moving& m) {
  const std::uint32_t piece =
      data_buffers::Take(s, command, m, m.write ? PieceStage::kQueued : PieceStage::kBackend);
  Piece& p = s.pieces[piece];
  p.offset = m.cut;
  p.backend_length = std::min(m.piece_bytes, m.backend_total - m.cut);
  p.length = std::min(p.backend_length, m.total - m.cut);
  p.descriptor = m.descriptor;
  p.descriptor_at = m.descriptor_at;
  m.cut += p.backend_length;
  if (m.cut < m.backend_total && !m.bidirectional) {
    wire_queue::Advance(s, command, m.descriptor, m.descriptor_at, p.length);
  }
  ++m.pieces;
  if (m.write && m.bidirectional) {
    bidirectional::Begin(s, piece);
  } else if (m.write) {
    wire_queue::QueuePiece(s, piece);
  } else {
    ++m.in_backend;
    s.Do(action::BlockRead{OpOfPiece(piece), s.commands[command].lu, m.at + p.offset,
                           BufferRef(piece, p.backend_length)});
  }
}

// [R-CMD-10]
bool WantsBuffer(const Moving& m) {
  if (Planted(PlantedBug::kPiecesUnbounded)) return m.cut < m.backend_total;
  return m.cut < m.backend_total && m.pieces < limits::kPiecesInFlightMax;
}

// [R-FAULT-28]
void WaitOrRefuse(ShardState& s, std::uint32_t command, const Moving& m) {
  if (data_buffers::MayWait(s, s.commands[command], m)) {
    data_buffers::Wait(s, command);
  } else {
    command::RefuseFull(s, command);
  }
}

// The command's answer, written by core into a free buffer.
void RunControl(ShardState& s, std::uint32_t command, Moving& m) {
  Command& c = s.commands[command];
  Channel& channel = s.channels[s.ChannelOf(command)];
  const auto cmd = wire::ParseCmd(IuOf(s, command));
  SRPT_CHECK(cmd.ok());
  const LunMap& map = s.LunMapOf(channel);
  const auto lun = wire::DecodeLun(cmd->lun);
  const scsi::LuView* lu = lun ? map.Find(*lun) : nullptr;
  if (command::IsAnother(c, lu)) {
    command::Fail(s, command, CommandCause::kRefused, scsi::kLunNotSupported);
    return;
  }
  const auto request = scsi::Decode(cmd->cdb, lu);
  if (!request) {  // The unit changed while the command waited.
    command::Fail(s, command, CommandCause::kRefused, request.error());
    return;
  }
  const auto* control = std::get_if<scsi::Control>(&request->op);
  SRPT_CHECK(control != nullptr);
  const std::uint32_t piece = data_buffers::Take(s, command, m, PieceStage::kQueued);
  Piece& p = s.pieces[piece];
  const scsi::ControlAnswer answer = scsi::Execute(*control, lu, scsi::LunInventory(map.entries()),
                                                   s.memory->DataBuffer(BufferId(piece)));
  const auto bytes = static_cast<std::uint32_t>(answer.bytes);
  c.needed = bytes;
  // [R-INV-22]
  p.length = std::min(bytes, c.in_length);
  if (Planted(PlantedBug::kAnswerWithStaleTail)) p.length = c.needed = c.in_length;
  if (answer.status != scsi::Status::kGood || p.length == 0) {
    data_buffers::Free(s, piece);
    command::Respond(s, command, CommandCause::kRefused, answer.status, answer.sense);
    return;
  }
  m.total = m.backend_total = m.cut = p.backend_length = p.length;
  m.pieces = 1;
  wire_queue::QueuePiece(s, piece);
}

// A piece ended: on with the next, or with the response.
void Continue(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving& m = c.As<Moving>();
  if (m.failed) {
    if (m.pieces > 0) return;
    // Pieces end in any order, so no prefix is known to be good: no bytes count as moved, and the
    // sense names no block (sd takes everything before such a block as good).
    c.moved = 0;
    const scsi::Sense sense = m.sense;
    command::Fail(s, command, CommandCause::kDone, sense);
  } else if (m.cut < m.backend_total) {
    if (!m.queued) MoveOn(s, command, m);
  } else if (m.pieces == 0) {
    command::Respond(s, command, CommandCause::kDone, scsi::Status::kGood);
  }
}

// A piece has gone its way.
void EndPiece(ShardState& s, std::uint32_t piece) {
  const std::uint32_t command = s.pieces[piece].command;
  --s.commands[command].As<Moving>().pieces;
  data_buffers::Free(s, piece);
  Continue(s, command);
}

// The backend refused a piece: nothing more starts, what is under way ends.
void FailTransfer(ShardState& s, std::uint32_t command, const scsi::Sense& sense) {
  Moving& m = s.commands[command].As<Moving>();
  if (!m.failed) {
    m.failed = true;
    m.sense = sense;
    wire_queue::Drop(s, command);
  }
  Continue(s, command);
}

// Of anything but a READ that goes well.
[[gnu::noinline]] void OnOtherDone(ShardState& s, std::uint32_t piece, IoStatus status) {
  const Piece& p = s.pieces[piece];
  const std::uint32_t command = p.command;
  Command& c = s.commands[command];
  // [R-FAULT-06]
  if (Aborting* a = std::get_if<Aborting>(&c.state)) {
    --a->in_backend;
    data_buffers::Free(s, piece);
    abort::Progress(s, command);
    return;
  }
  Moving& m = c.As<Moving>();
  --m.in_backend;
  if (Planted(PlantedBug::kGoodAfterWriteError) && m.write) status = IoStatus::kOk;
  if (m.bidirectional && status == IoStatus::kOk && !m.failed) {
    if (bidirectional::OnBlockDone(s, piece)) EndPiece(s, piece);
    return;
  }
  const bool write = m.write && p.leg != Leg::kRead;
  // [R-INV-05]
  if (m.write && status == IoStatus::kOk) c.moved += p.length;
  --m.pieces;
  data_buffers::Free(s, piece);
  if (status != IoStatus::kOk) {
    FailTransfer(s, command, FailureOf(write, status));
  } else {
    Continue(s, command);
  }
}

void OnPieceDone(ShardState& s, std::uint32_t piece, IoStatus status) {
  SRPT_CHECK(piece < s.params.data_buffers_per_shard);
  const Piece& p = s.pieces[piece];
  SRPT_CHECK(p.stage == PieceStage::kBackend);
  Command& c = s.commands[p.command];
  Moving* m = std::get_if<Moving>(&c.state);
  if (Planted(PlantedBug::kGoodAfterShortRead) && status == IoStatus::kShort) {
    status = IoStatus::kOk;
  }
  // (What most are, first.)
  if (m != nullptr && status == IoStatus::kOk && !m->write && !m->failed) {
    --m->in_backend;
    wire_queue::PostRead(s, piece, c, *m);
  } else {
    OnOtherDone(s, piece, status);
  }
}

[[gnu::noinline]] void OnCommandDone(ShardState& s, std::uint32_t command, IoStatus status) {
  SRPT_CHECK(command < s.commands.size());
  Command& c = s.commands[command];
  const bool aborted = c.Is<Aborting>();
  const bool write = aborted ? c.As<Aborting>().write : c.As<Backend>().write;
  if (!write && status != IoStatus::kOk) {
    // Whatever was acknowledged since the last flush may be lost: say so until somebody acts.
    s.Do(action::ToDirector{message::LuFailed{c.lu}});
  }
  if (aborted) {
    --c.As<Aborting>().in_backend;
    abort::Progress(s, command);
    return;
  }
  Channel& channel = s.channels[s.ChannelOf(command)];
  if (status == IoStatus::kOk) {
    if (write) channel.counters.write_bytes += c.moved;
    command::Respond(s, command, CommandCause::kDone, scsi::Status::kGood);
  } else {
    c.moved = 0;
    command::Fail(s, command, CommandCause::kDone,
                  write ? FailureOf(true, status) : scsi::kInternalTargetFailure);
  }
}

}  // namespace

OpId OpOfPiece(std::uint32_t piece) { return MakeOp(OpKind::kPiece, piece); }
OpId OpOfCommand(std::uint32_t command) { return MakeOp(OpKind::kCommand, command); }

bool IsWrite(const Command& command) {
  if (const Moving* m = std::get_if<Moving>(&command.state)) return m->write;
  if (const Aborting* a = std::get_if<Aborting>(&command.state)) return a->write;
  return false;
}

void MoveOn(ShardState& s, std::uint32_t command, Moving& m) {
  while (WantsBuffer(m)) {
    if (!data_buffers::Direct(s, s.commands[command], m) || !s.Room(2)) {
      WaitOrRefuse(s, command, m);
      return;
    }
    Cut(s, command, m);
  }
}

void StartControl(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving& m = c.Become<Moving>(CommandCause::kAdmitted);
  m.control = true;
  if (data_buffers::Direct(s, c, m)) {
    RunControl(s, command, m);
  } else {
    WaitOrRefuse(s, command, m);
  }
}

bool StartTable(ShardState& s, std::uint32_t command, std::uint32_t bytes) {
  Command& c = s.commands[command];
  SRPT_CHECK(!c.fetches_table && bytes <= limits::kDataBufferBytes);
  if (s.tables >= s.pieces.size() / 2) return false;
  ++s.tables;
  c.fetches_table = true;
  Moving& m = c.Become<Moving>(CommandCause::kAdmitted);
  m.write = true;
  m.table = true;
  m.total = m.backend_total = bytes;
  MoveOn(s, command, m);
  return true;
}

Bytes TableOf(const ShardState& s, const Command& command) {
  if (command.table_piece == kNone) return {};
  return Bytes(s.memory->MovedData(BufferId(command.table_piece)))
      .first(s.pieces[command.table_piece].length);
}

void DropFetchedTable(ShardState& s, Command& command) {
  command.fetches_table = false;
  --s.tables;
  if (command.table_piece != kNone)
    data_buffers::Free(s, std::exchange(command.table_piece, kNone));
}

bool GiveBuffers(ShardState& s) {
  for (;;) {
    if (!s.Room(2)) return false;
    const std::uint32_t command = data_buffers::NextInTurn(s);
    if (command == kNone) return true;
    Moving& m = s.commands[command].As<Moving>();
    if (m.control) {
      data_buffers::Forget(s, command);
      RunControl(s, command, m);
      continue;
    }
    Cut(s, command, m);
    if (!WantsBuffer(m)) data_buffers::Forget(s, command);
  }
}

void OnPieceMoved(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  const std::uint32_t command = p.command;
  Command& c = s.commands[command];
  Channel& channel = s.channels[s.ChannelOf(command)];
  Moving& m = c.As<Moving>();
  if (m.failed) {
    EndPiece(s, piece);
  } else if (m.table) {
    data_buffers::SetStage(s, p, PieceStage::kTable);
    c.table_piece = piece;
    command::Readmit(s, command);
  } else if (m.write && m.bidirectional) {
    if (bidirectional::OnMoved(s, piece)) EndPiece(s, piece);
  } else if (m.write) {
    channel.counters.write_bytes += p.length;
    data_buffers::SetStage(s, p, PieceStage::kBackend);
    ++m.in_backend;
    // [R-INV-25, R-INV-26]
    const std::uint64_t at = Planted(PlantedBug::kPieceMisplaced) ? p.offset / 2 : p.offset;
    s.Do(action::BlockWrite{OpOfPiece(piece), c.lu, m.at + at, BufferRef(piece, p.backend_length),
                            m.fua});
  } else {
    channel.counters.read_bytes += p.length;
    c.moved += p.length;
    EndPiece(s, piece);
  }
}

void OnBlockDone(ShardState& s, const event::BlockDone& e) {
  const auto kind = static_cast<OpKind>(e.op.v >> 32);
  const auto index = static_cast<std::uint32_t>(e.op.v);
  SRPT_CHECK(kind == OpKind::kPiece || kind == OpKind::kCommand);
  if (kind == OpKind::kPiece) {
    OnPieceDone(s, index, e.status);
  } else {
    OnCommandDone(s, index, e.status);
  }
}

}  // namespace srpt::transfer
