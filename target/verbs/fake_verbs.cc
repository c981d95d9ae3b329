// The seam's calls upon the objects and connections of the network within the process.
#include "target/verbs/fake_verbs.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "target/verbs/fake_network.h"

namespace srpt::target::below {

using namespace fake;  // NOLINT: the calls are upon its objects.

namespace {

constexpr std::chrono::seconds kPatience(10);

int Refuse(int error) {
  errno = error;
  return -1;
}

template <class Handle>
Device& DeviceOf(const Handle* handle) {
  for (const auto& device : TheWorld().devices) {
    if (&device->context == handle) return *device;
  }
  std::abort();
}

}  // namespace

// --- Devices ---

bool LooksUsable() { return !TheWorld().devices.empty(); }
ibv_context** GetDevices(int* count) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  *count = static_cast<int>(w.devices.size());
  auto** const contexts =
      static_cast<ibv_context**>(std::calloc(w.devices.size() + 1, sizeof(ibv_context*)));
  for (std::size_t i = 0; i < w.devices.size(); ++i) contexts[i] = &w.devices[i]->context;
  return contexts;
}
void FreeDevices(ibv_context** devices) { std::free(devices); }
int QueryDevice(ibv_context* context, ibv_device_attr* attr) {
  const Device& device = DeviceOf(context);
  *attr = {};
  attr->max_qp_wr = device.options.qp_wr_max;
  attr->max_sge = 32;
  attr->max_qp_init_rd_atom = 128;
  attr->max_cqe = 1 << 20;
  attr->max_srq = 16;
  attr->max_srq_wr = 32768;
  attr->phys_port_cnt = 1;
  const std::uint8_t guid[8] = {0, 2, 0xc9, 3, 0, 0xaa, 0, device.number};
  std::memcpy(&attr->node_guid, guid, sizeof guid);
  return 0;
}
int QueryPort(ibv_context*, std::uint8_t, ibv_port_attr* attr) {
  *attr = {};
  attr->state = IBV_PORT_ACTIVE;
  attr->link_layer = IBV_LINK_LAYER_ETHERNET;
  return 0;
}
int QueryGid(ibv_context* context, std::uint8_t, int, ibv_gid* gid) {
  const std::uint8_t raw[16] = {0xfe, 0x80, 0,    0, 0, 0,    0, 0,
                                0,    2,    0xc9, 3, 0, 0xaa, 0, DeviceOf(context).number};
  std::memcpy(gid->raw, raw, sizeof raw);
  return 0;
}
int QueryPkey(ibv_context*, std::uint8_t, int, __be16* pkey) {
  *pkey = 0xffff;
  return 0;
}
int GetAsyncEvent(ibv_context* context, ibv_async_event* event) {
  const Lock lock(TheWorld().mutex);
  Device& device = DeviceOf(context);
  if (!Take(context->async_fd)) return Refuse(EAGAIN);
  *event = device.events.front();
  device.events.pop_front();
  return 0;
}
void AckAsyncEvent(ibv_async_event*) {}

// --- Objects ---

ibv_pd* AllocPd(ibv_context* context) {
  auto* const pd = new Pd{};
  pd->context = context;
  pd->device = &DeviceOf(context);
  return pd;
}
int DeallocPd(ibv_pd* raw) {
  const Lock lock(TheWorld().mutex);
  auto* const pd = static_cast<Pd*>(raw);
  if (pd->users != 0) {
    TheWorld().Broke("a protection domain in use was freed");
    return EBUSY;
  }
  delete pd;
  return 0;
}
ibv_mr* RegMr(ibv_pd* pd, void* address, std::size_t bytes, unsigned access) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const mr = new Mr{};
  mr->context = pd->context;
  mr->pd = pd;
  mr->addr = address;
  mr->length = bytes;
  mr->lkey = mr->rkey = w.next_key++;
  mr->access = access;
  w.regions[mr->lkey] = mr;
  ++static_cast<Pd*>(pd)->users;
  return mr;
}
int DeregMr(ibv_mr* mr) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  --static_cast<Pd*>(mr->pd)->users;
  w.regions.erase(mr->lkey);
  delete static_cast<Mr*>(mr);
  return 0;
}
ibv_comp_channel* CreateCompChannel(ibv_context* context) {
  auto* const channel = new CompChannel{};
  channel->context = context;
  channel->fd = NewCounter();
  return channel;
}
int DestroyCompChannel(ibv_comp_channel* channel) {
  if (channel->refcnt != 0) {
    TheWorld().Broke("a completion channel in use was destroyed");
    return EBUSY;
  }
  close(channel->fd);
  delete static_cast<CompChannel*>(channel);
  return 0;
}
ibv_cq* CreateCq(ibv_context* context, int entries, ibv_comp_channel* channel, int vector) {
  const Lock lock(TheWorld().mutex);
  if (vector < 0 || vector >= context->num_comp_vectors) {
    errno = EINVAL;
    return nullptr;
  }
  TheWorld().vectors.insert(vector);
  auto* const cq = new Cq{};
  cq->context = context;
  cq->channel = channel;
  cq->cqe = entries;
  if (channel != nullptr) ++channel->refcnt;
  return cq;
}
int DestroyCq(ibv_cq* raw) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const cq = static_cast<Cq*>(raw);
  if (cq->users != 0) {
    w.Broke("a completion queue in use was destroyed");
    return EBUSY;
  }
  if (cq->channel != nullptr) {
    auto& events = static_cast<CompChannel*>(cq->channel)->events;
    for (auto it = events.begin(); it != events.end();) {
      if (*it == cq) {
        it = events.erase(it);
        (void)Take(cq->channel->fd);
      } else {
        ++it;
      }
    }
    --cq->channel->refcnt;
  }
  delete cq;
  return 0;
}
int GetCqEvent(ibv_comp_channel* raw, ibv_cq** cq) {
  const Lock lock(TheWorld().mutex);
  auto* const channel = static_cast<CompChannel*>(raw);
  if (!Take(channel->fd)) return Refuse(EAGAIN);
  *cq = channel->events.front();
  channel->events.pop_front();
  return 0;
}
void AckCqEvents(ibv_cq*, unsigned) {}
ibv_srq* CreateSrq(ibv_pd* pd, ibv_srq_init_attr* attr) {
  const Lock lock(TheWorld().mutex);
  auto* const srq = new Srq{};
  srq->context = pd->context;
  srq->pd = pd;
  srq->room = attr->attr.max_wr;
  ++static_cast<Pd*>(pd)->users;
  return srq;
}
int ModifySrq(ibv_srq*, ibv_srq_attr*, int) { return 0; }
int DestroySrq(ibv_srq* raw) {
  const Lock lock(TheWorld().mutex);
  auto* const srq = static_cast<Srq*>(raw);
  if (srq->users != 0) {
    TheWorld().Broke("a shared receive queue in use was destroyed");
    return EBUSY;
  }
  --static_cast<Pd*>(srq->pd)->users;
  delete srq;
  return 0;
}
int CreateQp(rdma_cm_id* raw, ibv_pd* pd, ibv_qp_init_attr* attr) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  const DeviceOptions& options = static_cast<Pd*>(pd)->device->options;
  const Id& id = static_cast<Id&>(*raw);
  if (id.down && !id.answered) return Refuse(EINVAL);  // Its peer withdrew: it gets none.
  if (static_cast<int>(attr->cap.max_inline_data) > options.inline_max) return Refuse(EINVAL);
  if (static_cast<int>(attr->cap.max_send_wr) > options.send_queue_max) return Refuse(ENOMEM);
  auto* const qp = new Qp{};
  qp->context = pd->context;
  qp->pd = pd;
  qp->send_cq = attr->send_cq;
  qp->recv_cq = attr->recv_cq;
  qp->srq = attr->srq;
  qp->qp_num = w.next_qp++;
  qp->cap = attr->cap;
  qp->peer = static_cast<Id*>(raw)->peer;
  ++static_cast<Pd*>(pd)->users;
  ++static_cast<Cq*>(qp->send_cq)->users;
  ++static_cast<Cq*>(qp->recv_cq)->users;
  if (qp->srq != nullptr) ++static_cast<Srq*>(qp->srq)->users;
  w.qps[qp->qp_num] = qp;
  raw->qp = qp;
  return 0;
}
int ModifyQp(ibv_qp* qp, ibv_qp_attr* attr, int) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  if (attr->qp_state == IBV_QPS_ERR) ToError(w, static_cast<Qp&>(*qp));
  return 0;
}
void DestroyQp(rdma_cm_id* id) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  if (id->qp == nullptr) return;
  auto* const qp = static_cast<Qp*>(id->qp);
  --static_cast<Pd*>(qp->pd)->users;
  --static_cast<Cq*>(qp->send_cq)->users;
  --static_cast<Cq*>(qp->recv_cq)->users;
  if (qp->srq != nullptr) --static_cast<Srq*>(qp->srq)->users;
  w.qps.erase(qp->qp_num);
  id->qp = nullptr;
  delete qp;
}

// --- Connections ---

rdma_event_channel* CreateEventChannel() {
  auto* const channel = new EventChannel{};
  channel->fd = NewCounter();
  return channel;
}
void DestroyEventChannel(rdma_event_channel* raw) {
  auto* const channel = static_cast<EventChannel*>(raw);
  if (!channel->events.empty()) TheWorld().Broke("an event channel went before its ids");
  close(channel->fd);
  delete channel;
}
int GetCmEvent(rdma_event_channel* raw, rdma_cm_event** event) {
  const Lock lock(TheWorld().mutex);
  auto* const channel = static_cast<EventChannel*>(raw);
  if (!Take(channel->fd)) return Refuse(EAGAIN);
  *event = channel->events.front();
  channel->events.pop_front();
  ++static_cast<Id*>((*event)->id)->unacknowledged;
  return 0;
}
int AckCmEvent(rdma_cm_event* event) {
  const Lock lock(TheWorld().mutex);
  --static_cast<Id*>(event->id)->unacknowledged;
  TheWorld().changed.notify_all();
  delete static_cast<CmEvent*>(event);
  return 0;
}
int CreateId(rdma_event_channel* channel, rdma_cm_id** id, void* context, rdma_port_space) {
  auto* const made = new Id{};
  made->channel = channel;
  made->context = context;
  *id = made;
  return 0;
}
int DestroyId(rdma_cm_id* raw) {
  World& w = TheWorld();
  std::unique_lock lock(w.mutex);
  auto* const id = static_cast<Id*>(raw);
  const bool may_go =
      w.changed.wait_for(lock, kPatience, [&] { return id->unacknowledged == 0 && !w.hold_ids; });
  if (!may_go) w.Broke("an id was destroyed that waits, for its events to be acknowledged");
  if (id->qp != nullptr) w.Broke("an id went before its queue pair");
  std::erase(w.listening, id);
  auto& events = static_cast<EventChannel*>(id->channel)->events;
  for (auto it = events.begin(); it != events.end();) {
    if ((*it)->id == id) {
      delete *it;
      it = events.erase(it);
      (void)Take(id->channel->fd);
    } else {
      ++it;
    }
  }
  if (id->peer != nullptr) {
    w.TellOver(*id->peer,
               id->answered ? PeerEvent::Kind::kDisconnected : PeerEvent::Kind::kRejected);
    id->peer->cm = nullptr;
  }
  delete id;
  return 0;
}
int SetOption(rdma_cm_id*, int, int, void*, std::size_t) { return 0; }
int BindAddr(rdma_cm_id*, sockaddr*) { return 0; }
int Listen(rdma_cm_id* id, int) {
  const Lock lock(TheWorld().mutex);
  TheWorld().listening.push_back(static_cast<Id*>(id));
  return 0;
}
int MigrateId(rdma_cm_id* raw, rdma_event_channel* to) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const id = static_cast<Id*>(raw);
  if (id->unacknowledged != 0) w.Broke("an id with unacknowledged events was moved: it waits");
  auto& events = static_cast<EventChannel*>(id->channel)->events;
  for (auto it = events.begin(); it != events.end();) {
    if ((*it)->id == id) {
      static_cast<EventChannel*>(to)->events.push_back(*it);
      Raise(to->fd);
      it = events.erase(it);
      (void)Take(id->channel->fd);
    } else {
      ++it;
    }
  }
  id->channel = to;
  return 0;
}
int Accept(rdma_cm_id* raw, rdma_conn_param* param) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const id = static_cast<Id*>(raw);
  if (id->peer->over) return Refuse(EINVAL);
  id->answered = true;
  id->peer->up = true;
  w.Tell(*id->peer, PeerEvent::Kind::kAccepted, param->private_data, param->private_data_len);
  w.Queue(*id, RDMA_CM_EVENT_ESTABLISHED);
  return 0;
}
int Reject(rdma_cm_id* raw, const void* private_data, std::uint8_t bytes) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const id = static_cast<Id*>(raw);
  id->answered = true;
  w.TellOver(*id->peer, PeerEvent::Kind::kRejected, private_data, bytes);
  return 0;
}
int Notify(rdma_cm_id*, ibv_event_type) { return 0; }
int Disconnect(rdma_cm_id* raw) {
  World& w = TheWorld();
  const Lock lock(w.mutex);
  auto* const id = static_cast<Id*>(raw);
  if (!id->answered || id->timewait) return Refuse(EINVAL);
  if (id->qp != nullptr) ToError(w, static_cast<Qp&>(*id->qp));
  w.TellOver(*id->peer, PeerEvent::Kind::kDisconnected);
  if (!id->down) w.Queue(*id, RDMA_CM_EVENT_DISCONNECTED);
  id->down = id->timewait = true;
  w.Queue(*id, RDMA_CM_EVENT_TIMEWAIT_EXIT);
  return 0;
}

}  // namespace srpt::target::below
