#include "conformance/arms/verbs_arm.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace srpt::arms {

// Connections first, then what they use.
VerbsArm::~VerbsArm() {
  connections_.clear();
  regions_.clear();
  for (Device& device : devices_) device.pd.reset();
}

Result<ibv_pd*, std::string> VerbsArm::PdOf(ibv_context* verbs,
                                            const std::optional<SocketAddress>& source) {
  for (const Device& device : devices_) {
    if (device.anchor.id->verbs == verbs) return device.pd.get();
  }
  auto anchor = Resolve(target_, source);
  if (!anchor.ok()) return Err{anchor.error()};
  Device device{std::move(anchor.value()), nullptr};
  device.pd.reset(ibv_alloc_pd(device.anchor.id->verbs));
  if (device.pd == nullptr) return Err{std::string("ibv_alloc_pd failed")};
  devices_.push_back(std::move(device));
  return devices_.back().pd.get();
}

Result<ConnectionId, std::string> VerbsArm::Connect(const ConnectOptions& options) {
  if (options.native_cm) return Err{std::string("user space reaches RDMA/CM only")};
  std::optional<SocketAddress> source;
  if (!options.source.empty()) {
    const auto parsed = ParseSocketAddress(options.source);
    if (!parsed.ok()) return Err{parsed.error()};
    source = *parsed;
  }
  auto resolved = Resolve(target_, source);
  if (!resolved.ok()) return Err{resolved.error()};
  const auto pd = PdOf(resolved->id->verbs, source);
  if (!pd.ok()) return Err{pd.error()};
  auto connection = VerbsConnection::Open(std::move(resolved.value()), *pd, options);
  if (!connection.ok()) return Err{connection.error()};
  const ConnectionId id(++last_connection_);
  connections_[id] = std::move(connection.value());
  return id;
}

VerbsConnection* VerbsArm::Find(ConnectionId connection) {
  const auto it = connections_.find(connection);
  return it == connections_.end() ? nullptr : it->second.get();
}

std::optional<Event> VerbsArm::NextEvent(ConnectionId connection, Duration within) {
  VerbsConnection* found = Find(connection);
  return found == nullptr ? std::nullopt : found->NextEvent(within);
}

bool VerbsArm::Send(ConnectionId connection, Bytes iu, bool solicited) {
  VerbsConnection* found = Find(connection);
  return found != nullptr && found->Send(iu, solicited);
}

void VerbsArm::Disconnect(ConnectionId connection) {
  if (VerbsConnection* found = Find(connection)) found->Disconnect();
}

void VerbsArm::Close(ConnectionId connection) { connections_.erase(connection); }

void VerbsArm::Drop(ConnectionId connection) {
  if (VerbsConnection* found = Find(connection)) found->Abandon();
  Close(connection);
}

Result<Region, std::string> VerbsArm::Register(ConnectionId connection, std::uint32_t bytes,
                                               std::uint32_t rights) {
  VerbsConnection* found = Find(connection);
  if (found == nullptr) return Err{std::string("no such connection")};
  Memory memory;
  memory.bytes.resize(std::max<std::uint32_t>(bytes, 1));
  int flags = IBV_ACCESS_LOCAL_WRITE;
  if ((rights & access::kRemoteRead) != 0) flags |= IBV_ACCESS_REMOTE_READ;
  if ((rights & access::kRemoteWrite) != 0) flags |= IBV_ACCESS_REMOTE_WRITE;
  memory.mr.reset(ibv_reg_mr(found->pd(), memory.bytes.data(), memory.bytes.size(), flags));
  if (memory.mr == nullptr) return Err{std::string("ibv_reg_mr failed")};
  Region region;
  region.va = RemoteAddr(reinterpret_cast<std::uintptr_t>(memory.bytes.data()));
  region.rkey = RKey(memory.mr->rkey);
  region.bytes = bytes;
  regions_[region.rkey.v] = std::move(memory);
  return region;
}

void VerbsArm::Deregister(const Region& region) { regions_.erase(region.rkey.v); }

std::uint8_t* VerbsArm::At(const Region& region, std::uint64_t offset, std::uint64_t bytes) const {
  const auto it = regions_.find(region.rkey.v);
  if (it == regions_.end()) return nullptr;
  if (offset > region.bytes || bytes > region.bytes - offset) return nullptr;
  // Ours to write: the map is const here only because reading needs it.
  return const_cast<std::uint8_t*>(it->second.bytes.data()) + offset;
}

bool VerbsArm::WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) {
  std::uint8_t* at = At(region, offset, bytes.size());
  if (at == nullptr) return false;
  std::copy(bytes.begin(), bytes.end(), at);
  return true;
}

bool VerbsArm::ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const {
  const std::uint8_t* at = At(region, offset, bytes.size());
  if (at == nullptr) return false;
  std::copy_n(at, bytes.size(), bytes.begin());
  return true;
}

Time VerbsArm::Now() const {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since).count())};
}

void VerbsArm::Sleep(Duration duration) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(duration.ns));
}

}  // namespace srpt::arms
