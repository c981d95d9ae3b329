// Theory of operation
//
// A piece's bytes go as one work request a stretch: inside one descriptor, at most
// srp_max_rdma_size. The last piece of a READ needs no completion of its own: its WRITEs and the
// response go into one post, and the response's completion frees the buffer (kAttached). A piece
// with more work requests than the send queue has room for goes in chunks, each with a completion,
// and keeps its place at the head of the queue meanwhile.
#include "core/srp/wire_queue.h"

#include <algorithm>

#include "core/base/planted.h"
#include "core/srp/abort.h"
#include "core/srp/bidirectional.h"
#include "core/srp/channel.h"
#include "core/srp/data_buffers.h"
#include "core/srp/requests.h"
#include "core/srp/response.h"
#include "core/srp/task_management.h"
#include "core/srp/trace.h"
#include "core/srp/transfer.h"
#include "core/wire/data_descriptor.h"

namespace srpt::wire_queue {
namespace {

using namespace command_state;  // NOLINT: the states are this file's vocabulary.

wire::Direct DescriptorIn(Bytes bytes, std::uint32_t first, std::uint32_t i, std::uint32_t count) {
  const std::size_t at = first + std::size_t{i} * wire::kDirectBytes;
  SRPT_CHECK(i < count && at + wire::kDirectBytes <= bytes.size());
  const std::uint8_t* p = bytes.data() + at;
  return {RemoteAddr(LoadBe64(p)), RKey(LoadBe32(p + 8)), LoadBe32(p + 12)};
}

std::uint32_t CountOf(const ShardState& s, std::uint32_t command, List list) {
  const Command& c = s.commands[command];
  if (list == List::kInUse) return c.descriptor_count;
  const Moving* m = std::get_if<Moving>(&c.state);
  SRPT_CHECK(m != nullptr);
  return m->in_count;
}

// `bytes`, the fetched table or the IU, is looked up when it is needed: the first one of the
// direction in use the command has itself.
wire::Direct DescriptorAt(const ShardState& s, std::uint32_t command, List list, std::uint32_t i,
                          Bytes& bytes) {
  const Command& c = s.commands[command];
  if (list == List::kIn) {
    const Moving* m = std::get_if<Moving>(&c.state);
    SRPT_CHECK(m != nullptr);
    if (bytes.empty()) bytes = m->in_table ? transfer::TableOf(s, c) : transfer::IuOf(s, command);
    return DescriptorIn(bytes, m->in_at, i, m->in_count);
  }
  if (i == 0) return c.first_descriptor;
  if (bytes.empty()) {
    const bool in_iu = c.table_piece == kNone || c.out_in_iu;
    bytes = in_iu ? transfer::IuOf(s, command) : transfer::TableOf(s, c);
  }
  return DescriptorIn(bytes, c.descriptors_at, i, c.descriptor_count);
}

// Walks `bytes` of the command's descriptors from a position on, stretch by stretch. `visit` gets
// (remote, rkey, length) and may stop the walk behind that stretch by returning false. Where the
// list ends, the walk ends, too: on iWARP its owner can still write to a table that was fetched and
// checked.
template <class Visit>
// [R-INV-16, R-INV-19]
void Walk(const ShardState& s, std::uint32_t command, List which, std::uint32_t& descriptor,
          std::uint32_t& at, std::uint32_t bytes, Visit visit) {
  Bytes list;
  while (bytes > 0) {
    if (descriptor >= CountOf(s, command, which)) return;
    const wire::Direct d = DescriptorAt(s, command, which, descriptor, list);
    if (at >= d.len) {
      if (Planted(PlantedBug::kEmptyDescriptorEnds) && d.len == 0) return;
      ++descriptor;
      at = 0;
      continue;
    }
    const std::uint32_t end = d.len + (Planted(PlantedBug::kDescriptorTooLong) ? 512 : 0);
    const std::uint32_t n = std::min({bytes, end - at, s.params.srp_max_rdma_size});
    const bool first = Planted(PlantedBug::kKeyOfFirst) && which == List::kInUse;
    const RKey rkey = first ? s.commands[command].first_descriptor.rkey : d.rkey;
    const bool more = visit(RemoteAddr(d.va.v + at), rkey, n);
    at += n;
    bytes -= n;
    if (!more) return;
  }
}

// One work request's worth of a piece.
struct Stretch {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  RemoteAddr remote;
  RKey rkey;
};

enum class Pumped : std::uint8_t { kNext, kBlocked, kFull };

// The last piece of a READ is posted, with `count` work requests and no completion of its own: the
// response follows, and its completion frees the buffer.
[[gnu::always_inline]] inline void FinishRead(ShardState& s, Channel& channel, Command& c,
                                              std::uint32_t piece, std::uint16_t count) {
  Piece& p = s.pieces[piece];
  const std::uint32_t command = p.command;
  if (Planted(PlantedBug::kBufferReusedEarly)) {
    c.moved += p.length;
    data_buffers::Free(s, piece);
    c.Become<Responding>(CommandCause::kDone);
    return PostResponse(s, channel, command, kNone, count);
  }
  data_buffers::SetStage(s, p, PieceStage::kAttached);
  c.moved += p.length;
  channel.counters.read_bytes += p.length;
  c.Become<Responding>(CommandCause::kDone);
  PostResponse(s, channel, command, piece, count);
}

// Whether nothing that goes to the wire follows the piece but the response, and that may go, too.
inline bool IsLastOfRead(const Channel& channel, const Moving& m) {
  return !m.write && m.pieces == 1 && m.cut == m.backend_total && CanSend(channel);
}

// Most READs: one work request, nobody before it, and the response fits behind it. The same as
// what QueuePiece and Pump would do, without the way through the queue.
// [R-RSP-07, R-INV-04]
inline bool IsWholeRead(const ShardState& s, const Channel& channel, const Piece& p,
                        const Command& c, const Moving& m) {
  return channel.wire.empty() && channel.sq_free >= 2 && s.Room(4) && IsLastOfRead(channel, m) &&
         p.descriptor == 0 && c.descriptor_count > 0 &&
         p.length <= c.first_descriptor.len - p.descriptor_at &&
         p.length <= s.params.srp_max_rdma_size && !trace::On(s, trace::Category::kSg);
}

// Posts what it can of the piece at the head of the wire queue.
Pumped PumpPiece(ShardState& s, Channel& channel, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  if (p.slots != 0) return Pumped::kBlocked;  // Its last chunk is still in flight.
  if (channel.sq_free == 0) {
    ++channel.counters.send_waits;
    return Pumped::kBlocked;
  }
  Command& c = s.commands[p.command];
  Moving& m = c.As<Moving>();
  const std::size_t room = s.actions->room() - 8;
  const auto most = static_cast<std::uint32_t>(
      std::min<std::size_t>({channel.sq_free, room, limits::kWorkRequestsPerPump}));
  if (most == 0) return Pumped::kFull;
  const bool may_be_last = IsLastOfRead(channel, m);
  const bool back = p.leg == Leg::kSend;  // The data-in of a bidirectional command.
  const bool fetch = m.write && !back;
  const std::uint32_t base = back ? bidirectional::kInAt : 0;
  const ChannelId id = channel.id;
  const auto post = [&](const Stretch& x, bool signaled) __attribute__((always_inline)) {
    if (fetch) {
      s.Do(action::RdmaRead{id, BufferId(piece), x.offset, x.length, x.remote, x.rkey, signaled});
    } else {
      s.Do(action::RdmaWrite{id, BufferId(piece), x.offset, x.length, x.remote, x.rkey, signaled});
    }
  };
  // Each is posted when the next is known: whether it has a completion of its own depends on that.
  Stretch held;
  std::uint32_t count = 0;
  Walk(s, p.command, back ? List::kIn : List::kInUse, p.descriptor, p.descriptor_at,
       p.length - p.posted, [&](RemoteAddr remote, RKey rkey, std::uint32_t n) {
         if (count > 0) post(held, false);
         held = {base + p.posted, n, remote, rkey};
         p.posted += n;
         return ++count < most;
       });
  if (count == 0) {
    if (!s.Room(16)) return Pumped::kFull;
    channel::Lose(s, channel, ChannelCause::kLost, "a descriptor table shrank while it was in use");
    s.WakeAt(s.now);  // What it left for others than the wire queues: they had their turn.
    return Pumped::kBlocked;
  }
  // [R-RSP-07, R-INV-04]
  const bool last = may_be_last && p.posted == p.length && count < most;
  post(held, !last);
  channel.sq_free -= count;
  if (trace::On(s, trace::Category::kSg)) {
    trace::Say(s, channel, trace::Category::kSg,
               "%s: %u work requests, %u of %u bytes at offset %u",
               fetch ? "RDMA READ" : "RDMA WRITE", count, p.posted, p.length, p.offset);
  }
  if (last) {
    channel.wire.DropFront();
    FinishRead(s, channel, c, piece, static_cast<std::uint16_t>(count));
    return Pumped::kNext;
  }
  p.slots = static_cast<std::uint16_t>(count);
  data_buffers::SetStage(s, p, PieceStage::kOnWire);
  p.posted_at = s.now;
  ++m.on_wire;
  ++channel.rdma_posted;
  ArmWatch(s);
  if (p.posted == p.length) {
    channel.wire.DropFront();
    return Pumped::kNext;
  }
  return Pumped::kBlocked;
}

inline void FreeAttached(ShardState& s, const SendSlot& slot) {
  for (std::uint32_t piece = slot.first_piece; piece != kNone;) {
    const std::uint32_t next = s.pieces[piece].next;
    SRPT_CHECK(s.pieces[piece].stage == PieceStage::kAttached);
    data_buffers::Free(s, piece);
    piece = next;
  }
}

}  // namespace

void PostRead(ShardState& s, std::uint32_t piece, Command& c, const Moving& m) {
  Piece& p = s.pieces[piece];
  Channel& channel = s.channels[p.channel];
  if (!IsWholeRead(s, channel, p, c, m)) return QueuePiece(s, piece);
  wire::Direct d = c.first_descriptor;
  if (Planted(PlantedBug::kKeyOfNeighbour)) {
    const std::uint32_t at = s.pieces[(piece + 1) % s.pieces.size()].command;
    const Command* other = at < s.commands.size() ? &s.commands[at] : nullptr;
    if (other != nullptr && other->Is<Moving>() &&
        s.channels[other->channel].nexus != channel.nexus) {
      d.rkey = other->first_descriptor.rkey;
    }
  }
  if (Planted(PlantedBug::kResponseBeforeWrite)) {
    const action::RdmaWrite late{
        channel.id, BufferId(piece), 0, p.length, RemoteAddr(d.va.v + p.descriptor_at), d.rkey,
        false};
    p.posted = p.length;
    --channel.sq_free;
    FinishRead(s, channel, c, piece, 1);
    return s.Do(late);
  }
  s.Do(action::RdmaWrite{channel.id, BufferId(piece), 0, p.length,
                         RemoteAddr(d.va.v + p.descriptor_at), d.rkey, false});
  p.posted = p.length;
  --channel.sq_free;
  if (Planted(PlantedBug::kWriteAfterResponse)) {
    const action::RdmaWrite again{
        channel.id, BufferId(piece), 0, p.length, RemoteAddr(d.va.v + p.descriptor_at), d.rkey,
        false};
    FinishRead(s, channel, c, piece, 1);
    return s.Do(again);
  }
  FinishRead(s, channel, c, piece, 1);
}

void QueuePiece(ShardState& s, std::uint32_t piece) {
  Piece& p = s.pieces[piece];
  data_buffers::SetStage(s, p, PieceStage::kQueued);
  const std::uint32_t channel = p.channel;
  s.channels[channel].wire.Push({WireItem::Kind::kPiece, piece});
  s.MarkDirty(channel);
}

// [R-NEXUS-08]
void QueueResponse(ShardState& s, std::uint32_t command) {
  const std::uint32_t channel = s.ChannelOf(command);
  if (Planted(PlantedBug::kResponseNever) && s.channels[channel].wire.size() > 4) return;
  s.channels[channel].wire.Push({WireItem::Kind::kResponse, command});
  s.MarkDirty(channel);
}

bool Pump(ShardState& s, Channel& channel) {
  while (!channel.wire.empty()) {
    if (!s.Room(4)) return false;
    const WireItem item = channel.wire.Front();
    if (item.kind == WireItem::Kind::kPiece) {
      const Pumped pumped = PumpPiece(s, channel, item.index);
      if (pumped == Pumped::kNext) continue;
      return pumped == Pumped::kBlocked;
    }
    // [R-FAULT-08, R-INV-23]
    if (!CanSend(channel)) {
      ++channel.counters.send_waits;
      if (trace::On(s, trace::Category::kFlowControl)) {
        trace::Say(s, channel, trace::Category::kFlowControl, "%zu entries wait for the send queue",
                   channel.wire.size());
      }
      return true;
    }
    channel.wire.DropFront();
    switch (item.kind) {
      case WireItem::Kind::kResponse:
        PostResponse(s, channel, item.index, kNone, 0);
        break;
      case WireItem::Kind::kTLogout:
        PostTLogout(s, channel, static_cast<wire::TLogoutReason>(item.index));
        break;
      case WireItem::Kind::kRequest:
        requests::Post(s, channel);
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
  SRPT_CHECK(p.stage == PieceStage::kOnWire && p.channel == s.IndexOf(channel));
  --channel.rdma_posted;
  // [R-FAULT-04, R-FAULT-05]
  if (e.status != WorkStatus::kOk) {
    channel::Lose(s, channel, ChannelCause::kLost,
                  e.status == WorkStatus::kRemoteAccess ? "the peer's memory refused an RDMA access"
                                                        : "an RDMA operation failed");
  }
  channel.sq_free += p.slots;  // After Lose: it frees what is not in flight.
  p.slots = 0;
  const std::uint32_t command = p.command;
  Command& c = s.commands[command];
  if (Aborting* a = std::get_if<Aborting>(&c.state)) {
    --a->on_wire;
    data_buffers::Free(s, piece);
    if (Planted(PlantedBug::kBufferFreedTwice)) s.pool.free.push_back(piece);
    abort::Progress(s, command);
    channel::Progress(s, channel);
    s.MarkDirty(s.IndexOf(channel));
    return;
  }
  Moving& m = c.As<Moving>();
  --m.on_wire;
  s.MarkDirty(s.IndexOf(channel));
  if (Planted(PlantedBug::kFirstChunkIsAll) && !m.failed && p.posted < p.length && m.write) {
    channel.wire.DropFront();
    p.posted = p.length;
  }
  if (!m.failed && p.posted < p.length) {
    data_buffers::SetStage(s, p, PieceStage::kQueued);  // Still at the head of the wire queue.
  } else {
    transfer::OnPieceMoved(s, piece);
  }
}

void OnSendDone(ShardState& s, Channel& channel, const event::SendDone& e) {
  SRPT_CHECK(e.send.v < limits::kSendPerChannelMax && channel.sends[e.send.v].busy);
  SendSlot& slot = channel.sends[e.send.v];
  FreeAttached(s, slot);
  if (slot.fences != 0) task_management::TellFencesOfSend(s, slot);
  channel.sq_free += slot.slots;
  if (Planted(PlantedBug::kSendQueueOverfull) && slot.slots > 4) ++channel.sq_free;
  slot.busy = false;  // The rest is set when it is taken.
  channel.free_sends[channel.free_send_count++] = static_cast<std::uint16_t>(e.send.v);
  --channel.sends_posted;
  if (!channel.wire.empty() && !Planted(PlantedBug::kSendDoneWakesNobody)) {
    s.MarkDirty(s.IndexOf(channel));
  }
  requests::OnSendDone(s, channel, e.send.v);
  if (e.status == WorkStatus::kOk && channel.Is<channel_state::Live>()) return;
  if (e.status != WorkStatus::kOk) {
    ReturnAttention(s, channel, slot);
    channel::Lose(s, channel, ChannelCause::kLost,
                  // [R-FAULT-02, R-FAULT-03]
                  e.status == WorkStatus::kRnrExceeded
                      ? "the peer had no receive posted for our response"
                      : "a response could not be delivered");
  } else if (channel.Is<channel_state::LoggingOut>() && channel.wire.empty() &&
             channel.sends_posted == 0) {
    channel::Lose(s, channel, ChannelCause::kToldSo, "logged out");
  }
  if (!channel.Is<channel_state::Live>()) channel::Progress(s, channel);
}

void Advance(const ShardState& s, std::uint32_t command, std::uint32_t& descriptor,
             std::uint32_t& at, std::uint32_t bytes, List list) {
  Walk(s, command, list, descriptor, at, bytes,
       [](RemoteAddr, RKey, std::uint32_t) { return true; });
}

void Clear(ShardState& s, Channel& channel) {
  channel.wire.RemoveIf([&](const WireItem& item) {
    if (item.kind == WireItem::Kind::kPiece && s.pieces[item.index].slots == 0) {
      if (Planted(PlantedBug::kBufferKeptAtDrain)) return true;
      data_buffers::Free(s, item.index);
    }
    return true;
  });
}

void Drop(ShardState& s, std::uint32_t command) {
  Command& c = s.commands[command];
  Moving* m = std::get_if<Moving>(&c.state);
  Channel& channel = s.channels[s.ChannelOf(command)];
  channel.wire.RemoveIf([&](const WireItem& item) {
    if (item.kind == WireItem::Kind::kResponse) return item.index == command;
    if (item.kind != WireItem::Kind::kPiece || s.pieces[item.index].command != command) {
      return false;
    }
    if (s.pieces[item.index].slots == 0) {
      data_buffers::Free(s, item.index);
      if (m != nullptr) --m->pieces;
    }
    return true;
  });
  if (m != nullptr) data_buffers::Forget(s, command);
}

void Forget(ShardState& s, Channel& channel) {
  for (SendSlot& slot : channel.sends) {
    if (!slot.busy) continue;
    FreeAttached(s, slot);
    slot = SendSlot{};
  }
  channel.sends_posted = 0;
  const std::uint32_t index = s.IndexOf(channel);
  for (std::uint32_t i = 0; i < s.pieces.size(); ++i) {
    Piece& p = s.pieces[i];
    if (p.stage != PieceStage::kOnWire || p.channel != index) continue;
    const std::uint32_t command = p.command;
    p.slots = 0;
    data_buffers::Free(s, i);
    --s.commands[command].As<Aborting>().on_wire;
    abort::Progress(s, command);
  }
  channel.rdma_posted = 0;
}

}  // namespace srpt::wire_queue
