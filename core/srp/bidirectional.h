// Commands that move data both ways: XDWRITEREAD (SBC-3 5.46). The pieces' way; what is common to
// all commands stands in transfer.h.
//
//   buffer -> kQueued, kOnWire (RDMA READs: data-out) -> kBackend (BlockRead: the old data)
//          -> core XORs the one into the other
//          -> kBackend (BlockWrite: data-out) -> kQueued, kOnWire (RDMA WRITEs: data-in) -> free
//
// The two share the piece's one buffer, data-out in its lower half. A piece holds no second buffer
// and waits for none, so the rules of data_buffers.h hold as they are, and memory per command is
// bounded as a WRITE's. Immediate data-out is copied, not fetched; with DISABLE WRITE nothing is
// written.
//
// Aborts are those of a WRITE: whoever aborts waits for what the backend has of the command, the
// reading of old data included.
#ifndef CORE_SRP_BIDIRECTIONAL_H_
#define CORE_SRP_BIDIRECTIONAL_H_

#include "core/scsi/cdb.h"
#include "core/srp/shard_state.h"
#include "core/wire/data_descriptor.h"

namespace srpt::bidirectional {

// Where the old data, and then data-in, lie in a piece's buffer.
inline constexpr std::uint32_t kInAt = limits::kBidirectionalPieceBytes;

// Admits the command; its residual fields are set from `buffers`, which were parsed from `iu`.
void Start(ShardState& s, std::uint32_t command, const scsi::XdWriteRead& x, const scsi::LuView& lu,
           const wire::Buffers& buffers, Bytes iu);

// --- Of transfer.cc, for a piece of such a command that is Moving and did not fail ---

// It was cut.
void Begin(ShardState& s, std::uint32_t piece);
// Its bytes are here, or at the peer. True: it has gone its way.
bool OnMoved(ShardState& s, std::uint32_t piece);
// The backend did what it was asked. True: it has gone its way.
bool OnBlockDone(ShardState& s, std::uint32_t piece);

}  // namespace srpt::bidirectional

#endif  // CORE_SRP_BIDIRECTIONAL_H_
