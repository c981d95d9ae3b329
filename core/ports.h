// The memory that a driver lends to core. Everything else goes by events and actions.
#ifndef CORE_PORTS_H_
#define CORE_PORTS_H_

#include "core/base/bytes.h"
#include "core/base/types.h"

namespace srpt {

// Owned by the driver, of one shard; outlives it. Spans are valid until the action that gives the
// memory away (SendIu, PostRecv, RdmaWrite, DestroyQp) is carried out.
class MemoryPort {
 public:
  virtual ~MemoryPort() = default;
  // The whole send buffer (action::Accept::send_bytes). What is in it stays until its SendDone was
  // given to the shard: a response that did not arrive is looked at again.
  virtual MutableBytes SendBuffer(ChannelId channel, SendId send) = 0;
  // The bytes that the last IuReceived on this receive buffer brought: not one byte more. No
  // channel: of a shared receive queue; such a buffer outlives the channels.
  virtual Bytes RecvBuffer(ChannelId channel, RecvId recv) = 0;
  // The whole data buffer (limits::kDataBufferBytes), for answers that core writes itself and
  // descriptor tables that it fetched.
  virtual MutableBytes DataBuffer(BufferId buffer) = 0;
  // The same, with what RDMA READs and BlockReads have put there: for data that core works on. (Of
  // DataBuffer() a driver that keeps no real bytes may hand out an empty one.)
  virtual MutableBytes MovedData(BufferId buffer) { return DataBuffer(buffer); }
};

}  // namespace srpt

#endif  // CORE_PORTS_H_
