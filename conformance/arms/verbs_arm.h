// The verbs arm: an initiator's connections over librdmacm, to any SRP target that listens there:
// srpt, LIO's ib_srpt, over rxe, siw or real hardware. Shares no code with //target.
#ifndef CONFORMANCE_ARMS_VERBS_ARM_H_
#define CONFORMANCE_ARMS_VERBS_ARM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/arms/arm.h"
#include "conformance/arms/verbs_address.h"
#include "conformance/arms/verbs_connection.h"

namespace srpt::arms {

class VerbsArm : public Arm {
 public:
  // No device is looked for until the first Connect.
  explicit VerbsArm(SocketAddress target) : target_(target) {}
  ~VerbsArm() override;

  Result<ConnectionId, std::string> Connect(const ConnectOptions& options) override;
  std::optional<Event> NextEvent(ConnectionId connection, Duration within) override;
  bool Send(ConnectionId connection, Bytes iu, bool solicited) override;
  void Disconnect(ConnectionId connection) override;
  void Close(ConnectionId connection) override;
  // As Close, but the queue pair is gone before the target hears of it: what it sends meanwhile
  // fails. Twice is harmless.
  void Drop(ConnectionId connection);
  Result<Region, std::string> Register(ConnectionId connection, std::uint32_t bytes,
                                       std::uint32_t rights) override;
  void Deregister(const Region& region) override;
  bool WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) override;
  bool ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const override;
  Time Now() const override;
  void Sleep(Duration duration) override;

 private:
  // A device that a connection has used. The id keeps the device open.
  struct Device {
    ResolvedId anchor;
    PdPtr pd;
  };
  struct Memory {
    std::vector<std::uint8_t> bytes;
    MrPtr mr;
  };
  Result<ibv_pd*, std::string> PdOf(ibv_context* verbs, const std::optional<SocketAddress>& source);
  VerbsConnection* Find(ConnectionId connection);
  std::uint8_t* At(const Region& region, std::uint64_t offset, std::uint64_t bytes) const;

  SocketAddress target_;
  std::vector<Device> devices_;
  std::map<std::uint32_t, Memory> regions_;  // By rkey.
  std::map<ConnectionId, std::unique_ptr<VerbsConnection>> connections_;
  std::uint32_t last_connection_ = 0;
};

}  // namespace srpt::arms

#endif  // CONFORMANCE_ARMS_VERBS_ARM_H_
