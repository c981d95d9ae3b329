// The seam of production: each call as the libraries have it. (failing_seam.cc is built upon this
// one too, under another name of the namespace.)
#include "target/verbs/seam.h"

#include <dirent.h>
#include <unistd.h>

#include <string_view>

#ifndef SRPT_SEAM_NAMESPACE
#define SRPT_SEAM_NAMESPACE verbs
#endif

namespace srpt::target::SRPT_SEAM_NAMESPACE {
namespace {

bool Has(const char* folder, std::string_view prefix) {
  DIR* const dir = opendir(folder);
  if (dir == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    found = found || (name[0] != '.' && name.substr(0, prefix.size()) == prefix);
  }
  closedir(dir);
  return found;
}

}  // namespace

bool LooksUsable() {
  return Has("/sys/class/infiniband", "") && Has("/dev/infiniband", "uverbs") &&
         access("/dev/infiniband/rdma_cm", R_OK | W_OK) == 0;
}
ibv_context** GetDevices(int* count) { return rdma_get_devices(count); }
void FreeDevices(ibv_context** devices) { rdma_free_devices(devices); }
int QueryDevice(ibv_context* context, ibv_device_attr* attr) {
  return ibv_query_device(context, attr);
}
int QueryPort(ibv_context* context, std::uint8_t port, ibv_port_attr* attr) {
  return ibv_query_port(context, port, attr);
}
int QueryGid(ibv_context* context, std::uint8_t port, int index, ibv_gid* gid) {
  return ibv_query_gid(context, port, index, gid);
}
int QueryPkey(ibv_context* context, std::uint8_t port, int index, __be16* pkey) {
  return ibv_query_pkey(context, port, index, pkey);
}
int GetAsyncEvent(ibv_context* context, ibv_async_event* event) {
  return ibv_get_async_event(context, event);
}
void AckAsyncEvent(ibv_async_event* event) { ibv_ack_async_event(event); }

ibv_pd* AllocPd(ibv_context* context) { return ibv_alloc_pd(context); }
int DeallocPd(ibv_pd* pd) { return ibv_dealloc_pd(pd); }
ibv_mr* RegMr(ibv_pd* pd, void* address, std::size_t bytes, unsigned access) {
  return ibv_reg_mr(pd, address, bytes, access);
}
int DeregMr(ibv_mr* mr) { return ibv_dereg_mr(mr); }
ibv_comp_channel* CreateCompChannel(ibv_context* context) {
  return ibv_create_comp_channel(context);
}
int DestroyCompChannel(ibv_comp_channel* channel) { return ibv_destroy_comp_channel(channel); }
ibv_cq* CreateCq(ibv_context* context, int entries, ibv_comp_channel* channel, int vector) {
  return ibv_create_cq(context, entries, nullptr, channel, vector);
}
int DestroyCq(ibv_cq* cq) { return ibv_destroy_cq(cq); }
int GetCqEvent(ibv_comp_channel* channel, ibv_cq** cq) {
  void* context = nullptr;
  return ibv_get_cq_event(channel, cq, &context);
}
void AckCqEvents(ibv_cq* cq, unsigned count) { ibv_ack_cq_events(cq, count); }
ibv_srq* CreateSrq(ibv_pd* pd, ibv_srq_init_attr* attr) { return ibv_create_srq(pd, attr); }
int ModifySrq(ibv_srq* srq, ibv_srq_attr* attr, int mask) {
  return ibv_modify_srq(srq, attr, mask);
}
int DestroySrq(ibv_srq* srq) { return ibv_destroy_srq(srq); }
int CreateQp(rdma_cm_id* id, ibv_pd* pd, ibv_qp_init_attr* attr) {
  return rdma_create_qp(id, pd, attr);
}
int ModifyQp(ibv_qp* qp, ibv_qp_attr* attr, int mask) { return ibv_modify_qp(qp, attr, mask); }
void DestroyQp(rdma_cm_id* id) { rdma_destroy_qp(id); }

rdma_event_channel* CreateEventChannel() { return rdma_create_event_channel(); }
void DestroyEventChannel(rdma_event_channel* channel) { rdma_destroy_event_channel(channel); }
int GetCmEvent(rdma_event_channel* channel, rdma_cm_event** event) {
  return rdma_get_cm_event(channel, event);
}
int AckCmEvent(rdma_cm_event* event) { return rdma_ack_cm_event(event); }
int CreateId(rdma_event_channel* channel, rdma_cm_id** id, void* context, rdma_port_space space) {
  return rdma_create_id(channel, id, context, space);
}
int DestroyId(rdma_cm_id* id) { return rdma_destroy_id(id); }
int SetOption(rdma_cm_id* id, int level, int name, void* value, std::size_t bytes) {
  return rdma_set_option(id, level, name, value, bytes);
}
int BindAddr(rdma_cm_id* id, sockaddr* address) { return rdma_bind_addr(id, address); }
int Listen(rdma_cm_id* id, int backlog) { return rdma_listen(id, backlog); }
int MigrateId(rdma_cm_id* id, rdma_event_channel* channel) { return rdma_migrate_id(id, channel); }
int Accept(rdma_cm_id* id, rdma_conn_param* param) { return rdma_accept(id, param); }
int Reject(rdma_cm_id* id, const void* private_data, std::uint8_t bytes) {
  return rdma_reject(id, private_data, bytes);
}
int Notify(rdma_cm_id* id, ibv_event_type event) { return rdma_notify(id, event); }
int Disconnect(rdma_cm_id* id) { return rdma_disconnect(id); }

}  // namespace srpt::target::SRPT_SEAM_NAMESPACE
