// Theory of operation
//
//   READ:   buffer -> kBackend (BlockRead) -> kQueued -> kOnWire (RDMA WRITEs) -> free
//   WRITE:  buffer -> kQueued -> kOnWire (RDMA READs) -> kBackend (BlockWrite) -> free
//   answer: buffer, filled by core -> kQueued -> kOnWire -> free
//   table:  buffer -> kQueued -> kOnWire (RDMA READs) -> kTable -> free when the command ends
//
// A piece is as much as a data buffer holds; at most limits::kPiecesInFlightMax of a command move
// at once, so memory per command is bounded and disk and wire overlap. The last piece of a READ
// needs no completion of its own: its WRITEs and the response go into one post, and the response's
// completion frees the buffer (kAttached). A piece with more work requests than the send queue has
// room for goes in chunks, each with a completion.
//
// The wire queue is strictly in order: whatever does not fit now makes everything behind it wait.
#include "core/srp/transfer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/scsi/control.h"
#include "core/srp/abort.h"
#include "core/srp/channel.h"
#include "core/srp/command.h"
#include "core/srp/response.h"
#include "core/wire/cmd.h"
#include "core/wire/lun.h"

namespace srpt::transfer {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

enum class OpKind : std::uint8_t { kPiece = 1, kCommand = 2 };

OpId MakeOp(OpKind kind, std::uint32_t index) {
  return OpId((std::uint64_t{static_cast<std::uint8_t>(kind)} << 32) | index);
}

Bytes IuOf(const ShardState& s, std::uint32_t command) {
  return s.memory->RecvBuffer(s.IdOf(s.ChannelOf(command)), s.RecvOf(command));
}

// Where the descriptors lie: in the fetched table, or in the IU.
Bytes DescriptorsOf(const ShardState& s, std::uint32_t command) {
  const Command& c = s.commands[command];
  return c.table_piece == kNone ? IuOf(s, command) : TableOf(s, c);
}

wire::Direct DescriptorAt(const Command& c, Bytes bytes, std::uint32_t i) {
  const std::size_t at = c.descriptors_at + std::size_t{i} * wire::kDirectBytes;
  SRPT_CHECK(i < c.descriptor_count && at + wire::kDirectBytes <= bytes.size());
  const std::uint8_t* p = bytes.data() + at;
  return {RemoteAddr(LoadBe64(p)), RKey(LoadBe32(p + 8)), LoadBe32(p + 12)};
}

// Walks `bytes` of the descriptors from a position on, in stretches of one work request each:
// inside one descriptor, at most srp_max_rdma_size. `visit` gets (remote, rkey, length) and may
// stop the walk behind that stretch by returning false.
template <class Visit>
void Walk(const ShardState& s, const Command& c, Bytes list, std::uint32_t& descriptor,
          std::uint32_t& at, std::uint32_t bytes, Visit visit) {
  while (bytes > 0) {
    const wire::Direct d = DescriptorAt(c, list, descriptor);
    if (at == d.len) {
      ++descriptor;
      at = 0;
      continue;
    }
    const std::uint32_t n = std::min({bytes, d.len - at, s.params.srp_max_rdma_size});
    const bool more = visit(RemoteAddr(d.va.v + at), d.rkey, n);
    at += n;
    bytes -= n;
    if (!more) return;
  }
}

void FreePiece(ShardState& s, std::uint32_t piece) {
  SRPT_CHECK(s.pieces[piece].stage != PieceStage::kFree && s.pieces[piece].slots == 0);
  s.pieces[piece] = Piece{};
  s.free_pieces.push_back(piece);
}

std::uint32_t TakePiece(ShardState& s, std::uint32_t command) {
  const std::uint32_t piece = s.free_pieces.back();
  s.free_pieces.pop_back();
  s.pieces[piece].command = command;
  return piece;
}

void QueuePiece(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  p.stage = PieceStage::kQueued;
  const std::uint32_t channel = s.ChannelOf(p.command);
  s.channels[channel].wire.Push({WireItem::Kind::kPiece, piece});
  s.MarkDirty(channel);
}

MemRef BufferRef(std::uint32_t piece, std::uint32_t length) {
  MemRef m;
  m.kind = MemRef::Kind::kData;
  m.buffer = BufferId(piece);
  m.length = length;
  return m;
}

void QueueForBuffer(ShardState& s, std::uint32_t command) {
  Moving& m = s.commands[command].As<Moving>();
  if (s.free_pieces.empty()) ++s.channels[s.ChannelOf(command)].counters.buffer_waits;
  m.queued = true;
  s.buffer_queue.Push(command);
}

// Takes a free buffer for the next stretch of the command and sets it going.
void Cut(ShardState& s, std::uint32_t command, Moving& m) {
  Command& c = s.commands[command];
  const std::uint32_t piece = TakePiece(s, command);
  Piece& p = s.pieces[piece];
  p.offset = m.cut;
  p.backend_length = std::min(limits::kDataBufferBytes, m.backend_total - m.cut);
  p.length = std::min(p.backend_length, m.total - m.cut);
  p.descriptor = m.descriptor;
  p.descriptor_at = m.descriptor_at;
  m.cut += p.backend_length;
  if (m.cut < m.backend_total) {
    Walk(s, c, DescriptorsOf(s, command), m.descriptor, m.descriptor_at, p.length,
         [](RemoteAddr, RKey, std::uint32_t) { return true; });
  }
  ++m.pieces;
  if (m.write) {
    QueuePiece(s, piece);
  } else {
    p.stage = PieceStage::kBackend;
    ++m.in_backend;
    s.Do(action::BlockRead{OpOfPiece(piece), c.lu, m.at + p.offset,
                           BufferRef(piece, p.backend_length)});
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
  const auto request = scsi::Decode(cmd->cdb, lu);
  if (!request) {  // The unit changed while the command waited.
    command::Fail(s, command, request.error());
    return;
  }
  const auto* control = std::get_if<scsi::Control>(&request->op);
  SRPT_CHECK(control != nullptr);
  const std::uint32_t piece = TakePiece(s, command);
  Piece& p = s.pieces[piece];
  const scsi::ControlAnswer answer = scsi::Execute(*control, lu, scsi::LunInventory(map.entries()),
                                                   s.memory->DataBuffer(BufferId(piece)));
  const auto bytes = static_cast<std::uint32_t>(answer.bytes);
  c.needed = bytes;
  p.length = std::min(bytes, c.in_length);
  if (answer.status != scsi::Status::kGood || p.length == 0) {
    p.stage = PieceStage::kQueued;
    FreePiece(s, piece);
    command::Respond(s, command, answer.status, answer.sense);
    return;
  }
  m.total = m.backend_total = m.cut = p.backend_length = p.length;
  m.pieces = 1;
  QueuePiece(s, piece);
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
    command::Fail(s, command, sense);
  } else if (m.cut < m.backend_total) {
    if (!m.queued && m.pieces < limits::kPiecesInFlightMax) QueueForBuffer(s, command);
  } else if (m.pieces == 0) {
    command::Respond(s, command, scsi::Status::kGood);
  }
}

// The backend refused a piece: nothing more starts, what is under way ends.
void FailTransfer(ShardState& s, std::uint32_t command, const scsi::Sense& sense) {
  Moving& m = s.commands[command].As<Moving>();
  if (!m.failed) {
    m.failed = true;
    m.sense = sense;
    DropQueued(s, command);
  }
  Continue(s, command);
}

void OnPieceDone(ShardState& s, std::uint32_t piece, IoStatus status) {
  SRPT_CHECK(piece < s.pieces.size());
  Piece& p = s.pieces[piece];
  SRPT_CHECK(p.stage == PieceStage::kBackend);
  const std::uint32_t command = p.command;
  Command& c = s.commands[command];
  if (Aborting* a = std::get_if<Aborting>(&c.state)) {
    --a->in_backend;
    FreePiece(s, piece);
    abort::Progress(s, command);
    return;
  }
  Moving& m = c.As<Moving>();
  --m.in_backend;
  if (status == IoStatus::kOk && !m.write && !m.failed) {
    QueuePiece(s, piece);
    return;
  }
  const bool write = m.write;
  if (m.write && status == IoStatus::kOk) c.moved += p.length;
  --m.pieces;
  FreePiece(s, piece);
  if (status != IoStatus::kOk) {
    FailTransfer(s, command, FailureOf(write, status));
  } else {
    Continue(s, command);
  }
}

void OnCommandDone(ShardState& s, std::uint32_t command, IoStatus status) {
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
    command::Respond(s, command, scsi::Status::kGood);
  } else {
    c.moved = 0;
    command::Fail(s, command, write ? FailureOf(true, status) : scsi::kInternalTargetFailure);
  }
}

enum class Pumped : std::uint8_t { kNext, kBlocked, kFull };

// Posts what it can of the piece at the head of the wire queue.
Pumped PumpPiece(ShardState& s, Channel& channel, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  Command& c = s.commands[p.command];
  if (p.slots != 0) return Pumped::kBlocked;  // Its last chunk is still in flight.
  Moving& m = c.As<Moving>();
  const Bytes list = DescriptorsOf(s, p.command);
  const std::size_t room = s.actions->room() - 8;
  const std::uint32_t most = static_cast<std::uint32_t>(
      std::min<std::size_t>({channel.sq_free, room, limits::kWorkRequestsPerPump}));

  // How many work requests are left, as far as it matters.
  std::uint32_t left = 0;
  {
    std::uint32_t descriptor = p.descriptor;
    std::uint32_t at = p.descriptor_at;
    Walk(s, c, list, descriptor, at, p.length - p.posted, [&](RemoteAddr, RKey, std::uint32_t) {
      ++left;
      return left <= most;
    });
  }
  const bool last =
      !m.write && m.pieces == 1 && m.cut == m.backend_total && left < most && CanSend(channel);
  const std::uint32_t count = std::min(left, most);
  if (count == 0) {
    if (channel.sq_free == 0) {
      ++channel.counters.send_waits;
      return Pumped::kBlocked;
    }
    return Pumped::kFull;
  }
  const ChannelId id = s.IdOf(s.IndexOf(channel));
  std::uint32_t i = 0;
  Walk(s, c, list, p.descriptor, p.descriptor_at, p.length - p.posted,
       [&](RemoteAddr remote, RKey rkey, std::uint32_t n) {
         const bool signaled = i + 1 == count && !last;
         if (m.write) {
           s.Do(action::RdmaRead{id, BufferId(piece), p.posted, n, remote, rkey, signaled});
         } else {
           s.Do(action::RdmaWrite{id, BufferId(piece), p.posted, n, remote, rkey, signaled});
         }
         p.posted += n;
         ++i;
         return i < count;
       });
  channel.sq_free -= count;
  if (last) {
    const std::uint32_t command = p.command;
    p.stage = PieceStage::kAttached;
    c.moved += p.length;
    channel.counters.read_bytes += p.length;
    (void)channel.wire.Pop();
    c.state = Responding{};
    PostResponse(s, channel, command, piece, static_cast<std::uint16_t>(count));
    return Pumped::kNext;
  }
  p.slots = static_cast<std::uint16_t>(count);
  p.stage = PieceStage::kOnWire;
  p.posted_at = s.now;
  ++m.on_wire;
  ++channel.rdma_posted;
  ArmWatch(s);
  if (p.posted == p.length) {
    (void)channel.wire.Pop();
    return Pumped::kNext;
  }
  return Pumped::kBlocked;
}

}  // namespace

OpId OpOfPiece(std::uint32_t piece) { return MakeOp(OpKind::kPiece, piece); }
OpId OpOfCommand(std::uint32_t command) { return MakeOp(OpKind::kCommand, command); }

bool IsWrite(const Command& command) {
  if (const Moving* m = std::get_if<Moving>(&command.state)) return m->write;
  if (const Aborting* a = std::get_if<Aborting>(&command.state)) return a->write;
  return false;
}

void Start(ShardState& s, std::uint32_t command, const Plan& plan) {
  Moving m;
  m.write = plan.write;
  m.fua = plan.fua;
  m.block_bytes = plan.block_bytes;
  m.at = plan.at;
  m.total = plan.bytes;
  m.backend_total = plan.backend_bytes;
  s.commands[command].state = m;
  QueueForBuffer(s, command);
}

void StartControl(ShardState& s, std::uint32_t command) {
  Moving m;
  m.control = true;
  s.commands[command].state = m;
  QueueForBuffer(s, command);
}

bool StartTable(ShardState& s, std::uint32_t command, std::uint32_t bytes) {
  Command& c = s.commands[command];
  SRPT_CHECK(!c.fetches_table && bytes <= limits::kDataBufferBytes);
  if (s.tables >= s.pieces.size() / 2) return false;
  ++s.tables;
  c.fetches_table = true;
  Moving m;
  m.write = true;
  m.table = true;
  m.total = m.backend_total = bytes;
  c.state = m;
  QueueForBuffer(s, command);
  return true;
}

Bytes TableOf(const ShardState& s, const Command& command) {
  if (command.table_piece == kNone) return {};
  return Bytes(s.memory->DataBuffer(BufferId(command.table_piece)))
      .first(s.pieces[command.table_piece].length);
}

void DropTable(ShardState& s, Command& command) {
  if (!command.fetches_table) return;
  command.fetches_table = false;
  --s.tables;
  if (command.table_piece != kNone) FreePiece(s, std::exchange(command.table_piece, kNone));
}

bool PumpBuffers(ShardState& s) {
  while (!s.buffer_queue.empty() && !s.free_pieces.empty()) {
    if (!s.Room(2)) return false;
    const std::uint32_t command = s.buffer_queue.Front();
    Moving& m = s.commands[command].As<Moving>();
    if (m.control) {
      m.queued = false;
      (void)s.buffer_queue.Pop();
      RunControl(s, command, m);
      continue;
    }
    Cut(s, command, m);
    if (m.cut == m.backend_total || m.pieces >= limits::kPiecesInFlightMax) {
      m.queued = false;
      (void)s.buffer_queue.Pop();
    }
  }
  return true;
}

bool PumpWire(ShardState& s, Channel& channel) {
  while (!channel.wire.empty()) {
    if (!s.Room(4)) return false;
    const WireItem item = channel.wire.Front();
    if (item.kind == WireItem::Kind::kPiece) {
      const Pumped pumped = PumpPiece(s, channel, item.index);
      if (pumped == Pumped::kNext) continue;
      return pumped == Pumped::kBlocked;
    }
    if (!CanSend(channel)) {
      ++channel.counters.send_waits;
      return true;
    }
    (void)channel.wire.Pop();
    switch (item.kind) {
      case WireItem::Kind::kResponse:
        PostResponse(s, channel, item.index, kNone, 0);
        break;
      case WireItem::Kind::kTLogout:
        PostTLogout(s, channel, static_cast<wire::TLogoutReason>(item.index));
        break;
      case WireItem::Kind::kCredReq:
        PostCredReq(s, channel);
        break;
      case WireItem::Kind::kPiece:
        break;
    }
  }
  return true;
}

void OnRdmaDone(ShardState& s, Channel& channel, const event::RdmaDone& e) {
  const std::uint32_t piece = e.buffer.v;
  SRPT_CHECK(piece < s.pieces.size());
  Piece& p = s.pieces[piece];
  SRPT_CHECK(p.stage == PieceStage::kOnWire && s.ChannelOf(p.command) == s.IndexOf(channel));
  --channel.rdma_posted;
  if (e.status != WorkStatus::kOk) {
    channel::Lose(s, channel,
                  e.status == WorkStatus::kRemoteAccess ? "the peer's memory refused an RDMA access"
                                                        : "an RDMA operation failed");
  }
  channel.sq_free += p.slots;  // After Lose: it frees what is not in flight.
  p.slots = 0;
  const std::uint32_t command = p.command;
  Command& c = s.commands[command];
  if (Aborting* a = std::get_if<Aborting>(&c.state)) {
    --a->on_wire;
    FreePiece(s, piece);
    abort::Progress(s, command);
    channel::Progress(s, channel);
    s.MarkDirty(s.IndexOf(channel));
    return;
  }
  Moving& m = c.As<Moving>();
  --m.on_wire;
  s.MarkDirty(s.IndexOf(channel));
  if (m.failed) {
    --m.pieces;
    FreePiece(s, piece);
    Continue(s, command);
  } else if (p.posted < p.length) {
    p.stage = PieceStage::kQueued;  // Still at the head of the wire queue.
  } else if (m.table) {
    p.stage = PieceStage::kTable;
    c.table_piece = piece;
    command::Readmit(s, command);
  } else if (m.write) {
    channel.counters.write_bytes += p.length;
    p.stage = PieceStage::kBackend;
    ++m.in_backend;
    s.Do(action::BlockWrite{OpOfPiece(piece), c.lu, m.at + p.offset,
                            BufferRef(piece, p.backend_length), m.fua});
  } else {
    channel.counters.read_bytes += p.length;
    c.moved += p.length;
    --m.pieces;
    FreePiece(s, piece);
    Continue(s, command);
  }
}

void OnSendDone(ShardState& s, Channel& channel, const event::SendDone& e) {
  SRPT_CHECK(e.send.v < limits::kSendPerChannelMax && channel.sends[e.send.v].busy);
  SendSlot& slot = channel.sends[e.send.v];
  for (std::uint32_t piece = slot.first_piece; piece != kNone;) {
    const std::uint32_t next = s.pieces[piece].next;
    FreePiece(s, piece);
    piece = next;
  }
  channel.sq_free += slot.slots;
  slot = SendSlot{};
  channel.free_sends[channel.free_send_count++] = static_cast<std::uint16_t>(e.send.v);
  --channel.sends_posted;
  s.MarkDirty(s.IndexOf(channel));
  if (e.status != WorkStatus::kOk) {
    channel::Lose(s, channel,
                  e.status == WorkStatus::kRnrExceeded
                      ? "the peer had no receive posted for our response"
                      : "a response could not be delivered");
  } else if (channel.Is<channel_state::LoggingOut>() && channel.wire.empty() &&
             channel.sends_posted == 0) {
    channel::Lose(s, channel, "logged out");
  }
  channel::Progress(s, channel);
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

void QueueResponse(ShardState& s, std::uint32_t command) {
  const std::uint32_t channel = s.ChannelOf(command);
  s.channels[channel].wire.Push({WireItem::Kind::kResponse, command});
  s.MarkDirty(channel);
}

void ClearWireQueue(ShardState& s, Channel& channel) {
  channel.wire.RemoveIf([&](const WireItem& item) {
    if (item.kind == WireItem::Kind::kPiece && s.pieces[item.index].slots == 0) {
      FreePiece(s, item.index);
    }
    return true;
  });
}

void DropQueued(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving* m = std::get_if<Moving>(&c.state);
  Channel& channel = s.channels[s.ChannelOf(command)];
  channel.wire.RemoveIf([&](const WireItem& item) {
    if (item.kind == WireItem::Kind::kResponse) return item.index == command;
    if (item.kind != WireItem::Kind::kPiece || s.pieces[item.index].command != command) {
      return false;
    }
    if (s.pieces[item.index].slots == 0) {
      FreePiece(s, item.index);
      if (m != nullptr) --m->pieces;
    }
    return true;
  });
  if (m != nullptr && m->queued) {
    m->queued = false;
    s.buffer_queue.RemoveIf([&](std::uint32_t i) { return i == command; });
  }
}

void ForgetWire(ShardState& s, Channel& channel) {
  for (std::uint32_t i = 0; i < limits::kSendPerChannelMax; ++i) {
    if (!channel.sends[i].busy) continue;
    for (std::uint32_t piece = channel.sends[i].first_piece; piece != kNone;) {
      const std::uint32_t next = s.pieces[piece].next;
      FreePiece(s, piece);
      piece = next;
    }
    channel.sends[i] = SendSlot{};
  }
  channel.sends_posted = 0;
  const std::uint32_t index = s.IndexOf(channel);
  for (std::uint32_t i = 0; i < s.pieces.size(); ++i) {
    Piece& p = s.pieces[i];
    if (p.stage != PieceStage::kOnWire || s.ChannelOf(p.command) != index) continue;
    const std::uint32_t command = p.command;
    p.slots = 0;
    FreePiece(s, i);
    --s.commands[command].As<Aborting>().on_wire;
    abort::Progress(s, command);
  }
  channel.rdma_posted = 0;
}

}  // namespace srpt::transfer
