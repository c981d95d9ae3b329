// The network within the process: its world, and its peers' side.
#include "target/verbs/fake_network.h"

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "target/verbs/fake_verbs.h"

namespace srpt::target::fake {

World& TheWorld() {
  static World& world = *new World;  // Outlives every static object that may yet use it.
  return world;
}

int NewCounter() { return eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC); }
void Raise(int fd) {
  const std::uint64_t one = 1;
  (void)!write(fd, &one, sizeof one);
}
bool Take(int fd) {
  std::uint64_t one = 0;
  return read(fd, &one, sizeof one) == static_cast<ssize_t>(sizeof one);
}

void Tell(Device& device, const ibv_async_event& event) {
  device.events.push_back(event);
  Raise(device.context.async_fd);
}

void World::Tell(Peer& peer, PeerEvent::Kind kind, const void* bytes, std::size_t length) {
  if (peer.over) return;
  const auto* const first = static_cast<const std::uint8_t*>(bytes);
  peer.events.push_back({kind, {first, first + length}});
  changed.notify_all();
}
void World::TellOver(Peer& peer, PeerEvent::Kind kind, const void* bytes, std::size_t length) {
  Tell(peer, kind, bytes, length);
  peer.over = true;
  peer.up = false;
}
void World::Queue(Id& id, rdma_cm_event_type type, Bytes data) {
  auto* const event = new CmEvent{};
  event->id = &id;
  event->event = type;
  event->data.assign(data.begin(), data.end());
  event->param.conn.private_data = event->data.empty() ? nullptr : event->data.data();
  event->param.conn.private_data_len = static_cast<std::uint8_t>(event->data.size());
  event->param.conn.initiator_depth = 4;
  static_cast<EventChannel*>(id.channel)->events.push_back(event);
  Raise(id.channel->fd);
}

// --- Peers ---

void Network::AddDevice(const DeviceOptions& options) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto device = std::make_unique<Device>();
  device->options = options;
  device->number = static_cast<std::uint8_t>(w.devices.size() + 1);
  options.name.copy(device->device.name, sizeof device->device.name - 1);
  device->device.transport_type = options.iwarp ? IBV_TRANSPORT_IWARP : IBV_TRANSPORT_IB;
  device->context.device = &device->device;
  device->context.async_fd = NewCounter();
  device->context.num_comp_vectors = 2;
  SetOps(device->context);
  w.devices.push_back(std::move(device));
}

std::size_t Network::Listening() {
  const Lock lock(TheWorld().mutex);
  return TheWorld().listening.size();
}

PeerId Network::Connect(Bytes private_data) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  if (w.listening.empty() || w.devices.empty()) return 0;
  const PeerId number = w.next_peer++;
  Peer& peer = w.peers[number];
  peer.id = number;
  auto* const id = new Id{};
  id->verbs = &w.devices.front()->context;
  id->port_num = 1;
  id->channel = w.listening.front()->channel;
  id->context = w.listening.front()->context;
  id->peer = &peer;
  sockaddr_in& from = id->route.addr.dst_sin;
  from.sin_family = AF_INET;
  inet_pton(AF_INET, "10.0.0.2", &from.sin_addr);
  peer.cm = id;
  w.Queue(*id, RDMA_CM_EVENT_CONNECT_REQUEST, private_data);
  return number;
}

std::optional<PeerEvent> Network::Next(PeerId number, std::chrono::milliseconds within) {
  World& w = TheWorld();
  std::unique_lock lock(w.mutex);
  Peer& peer = w.peers.at(number);
  if (!w.changed.wait_for(lock, within, [&] { return !peer.events.empty(); })) return std::nullopt;
  PeerEvent event = std::move(peer.events.front());
  peer.events.pop_front();
  return event;
}

bool Network::Send(PeerId number, Bytes iu) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Peer& peer = w.peers.at(number);
  if (!peer.up || peer.cm == nullptr) return false;
  peer.to_target.emplace_back(iu.begin(), iu.end());
  if (peer.cm->qp != nullptr) DeliverToTarget(w, static_cast<Qp&>(*peer.cm->qp));
  return true;
}

void Network::Disconnect(PeerId number) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Peer& peer = w.peers.at(number);
  const bool was_up = peer.up;  // Else it gives its request up.
  w.TellOver(peer, PeerEvent::Kind::kDisconnected);
  if (peer.cm == nullptr || peer.cm->down) return;
  if (!was_up && peer.cm->answered) return;
  peer.cm->down = true;
  w.Queue(*peer.cm, was_up ? RDMA_CM_EVENT_DISCONNECTED : RDMA_CM_EVENT_REJECTED);
}

void Network::ForgetEnded() {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  std::erase_if(w.peers, [&](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.cm == nullptr && std::none_of(w.qps.begin(), w.qps.end(), [&](const auto& qp) {
             return qp.second->peer == &peer;
           });
  });
}

void Network::HoldIds(bool hold) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  w.hold_ids = hold;
  w.changed.notify_all();
}

MutableBytes Network::memory() { return TheWorld().memory; }

std::set<int> Network::CompletionVectors() {
  const Lock lock(TheWorld().mutex);
  return TheWorld().vectors;
}

std::vector<std::uint32_t> Network::SendQueues() {
  const Lock lock(TheWorld().mutex);
  std::vector<std::uint32_t> lengths;
  for (const auto& [number, qp] : TheWorld().qps) lengths.push_back(qp->cap.max_send_wr);
  return lengths;
}

void Network::RefusePosts(std::uint32_t n, int error, std::uint32_t taken) {
  const Lock lock(TheWorld().mutex);
  TheWorld().refuse_sends = {n, error, taken};
}

void Network::RefuseReceives(std::uint32_t n, int error, std::uint32_t taken) {
  const Lock lock(TheWorld().mutex);
  TheWorld().refuse_recvs = {n, error, taken};
}

void Network::RunOver(PeerId number, bool sends) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  ibv_qp& qp = *w.peers.at(number).cm->qp;
  ibv_async_event event{};
  event.event_type = IBV_EVENT_CQ_ERR;
  event.element.cq = sends ? qp.send_cq : qp.recv_cq;
  static_cast<Cq*>(event.element.cq)->over = true;
  Tell(*static_cast<Pd*>(qp.pd)->device, event);
}

void Network::FailDevice() {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  Device& device = *w.devices.front();
  for (const auto& [number, qp] : w.qps) {
    if (static_cast<Pd*>(qp->pd)->device != &device) continue;
    static_cast<Cq*>(qp->send_cq)->over = true;
    static_cast<Cq*>(qp->recv_cq)->over = true;
  }
  ibv_async_event event{};
  event.event_type = IBV_EVENT_DEVICE_FATAL;
  Tell(device, event);
}

std::string Network::broken() {
  const Lock lock(TheWorld().mutex);
  return TheWorld().broken;
}

}  // namespace srpt::target::fake
