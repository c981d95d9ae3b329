#include "target/verbs/device.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/base/bytes.h"
#include "target/verbs/address.h"
#include "target/verbs/seam.h"

namespace srpt::target {
namespace {

// Names in `folder` that begin with `prefix`, joined; empty if there are none.
std::string Listed(const char* folder, std::string_view prefix) {
  std::vector<std::string> names;
  if (DIR* dir = opendir(folder)) {
    while (const dirent* entry = readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name[0] != '.' && name.substr(0, prefix.size()) == prefix) names.emplace_back(name);
    }
    closedir(dir);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string OrNothing(std::string text) { return text.empty() ? "nothing" : text; }

std::string NothingUsable() {
  std::string text = "no usable RDMA device\n";
  text +=
      "  /sys/class/infiniband (devices): " + OrNothing(Listed("/sys/class/infiniband", "")) + "\n";
  text +=
      "  /dev/infiniband/uverbs* (verbs): " + OrNothing(Listed("/dev/infiniband", "uverbs")) + "\n";
  text += "  /dev/infiniband/rdma_cm (connections): ";
  text += access("/dev/infiniband/rdma_cm", R_OK | W_OK) == 0 ? "there\n"
          : access("/dev/infiniband/rdma_cm", F_OK) == 0      ? "no permission\n"
                                                              : "nothing\n";
  text += "  With an adapter: load its driver, then `modprobe ib_uverbs rdma_ucm`.\n";
  text += "  Without one, Soft-RoCE over an Ethernet interface does:\n";
  text += "    modprobe rdma_rxe; modprobe ib_uverbs; modprobe rdma_ucm\n";
  text += "    rdma link add rxe0 type rxe netdev eth0\n";
  text += "  `ibv_devinfo` then shows the device; /dev/infiniband must be readable and writable.";
  return text;
}

Transport TransportOf(const ibv_context* context, std::uint8_t link_layer) {
  if (context->device->transport_type == IBV_TRANSPORT_IWARP) return Transport::kIwarp;
  return link_layer == IBV_LINK_LAYER_ETHERNET ? Transport::kRoce : Transport::kInfiniBand;
}

bool ReadPort(ibv_context* context, std::uint8_t number, DevicePort& port) {
  ibv_port_attr attr{};
  ibv_gid gid{};
  if (verbs::QueryPort(context, number, &attr) != 0) return false;
  if (verbs::QueryGid(context, number, 0, &gid) != 0) return false;
  port.device = verbs::NameOf(context);
  port.port = number;
  std::memcpy(port.gid.data(), gid.raw, port.gid.size());
  port.target_name = GidText(port.gid);
  port.transport = TransportOf(context, attr.link_layer);
  port.link_layer = attr.link_layer == IBV_LINK_LAYER_ETHERNET ? "Ethernet" : "InfiniBand";
  port.active = attr.state == IBV_PORT_ACTIVE;
  __be16 pkey = 0;
  if (verbs::QueryPkey(context, number, 0, &pkey) == 0 && pkey != 0) {
    std::uint8_t raw[2];
    std::memcpy(raw, &pkey, 2);
    port.pkey = LoadBe16(raw);
  }
  return true;
}

std::uint32_t Positive(int value) { return value > 0 ? static_cast<std::uint32_t>(value) : 0; }

bool ReadDevice(ibv_context* context, Device& device) {
  ibv_device_attr attr{};
  if (verbs::QueryDevice(context, &attr) != 0) return false;
  device.name = verbs::NameOf(context);
  device.context = context;
  std::uint8_t guid[8];
  std::memcpy(guid, &attr.node_guid, sizeof guid);
  device.node_guid = LoadBe64(guid);
  device.limits.qp_wr_max = Positive(attr.max_qp_wr);
  device.limits.sge_max = Positive(attr.max_sge);
  device.limits.read_depth_max = Positive(attr.max_qp_init_rd_atom);
  device.limits.cqe_max = Positive(attr.max_cqe);
  device.limits.srq_max = Positive(attr.max_srq);
  device.limits.srq_wr_max = Positive(attr.max_srq_wr);
  for (int number = 1; number <= attr.phys_port_cnt; ++number) {
    DevicePort port;
    if (ReadPort(context, static_cast<std::uint8_t>(number), port)) device.ports.push_back(port);
  }
  return !device.ports.empty();
}

}  // namespace

const char* ToString(Transport transport) {
  switch (transport) {
    case Transport::kInfiniBand:
      return "InfiniBand";
    case Transport::kRoce:
      return "RoCE";
    case Transport::kIwarp:
      return "iWARP";
  }
  return "?";
}

std::string Caution(const Device& device) {
  if (std::none_of(device.ports.begin(), device.ports.end(),
                   [](const DevicePort& p) { return p.transport == Transport::kIwarp; })) {
    return "";
  }
  return device.name +
         " is iWARP: the data buffers of all sessions are one region open to remote writes, which "
         "the sinks of RDMA READs need there; serve only initiators that you trust with each "
         "other's data";
}

Result<std::vector<Device>, std::string> FindDevices() {
  if (!verbs::LooksUsable()) return Err{NothingUsable()};
  int count = 0;
  ibv_context** const contexts = verbs::GetDevices(&count);
  std::vector<Device> devices;
  for (int i = 0; contexts != nullptr && i < count; ++i) {
    Device device;
    if (ReadDevice(contexts[i], device)) devices.push_back(std::move(device));
  }
  // The contexts stay open: librdmacm hands out the same ones with every connection.
  if (contexts != nullptr) verbs::FreeDevices(contexts);
  if (devices.empty()) return Err{NothingUsable()};
  return devices;
}

}  // namespace srpt::target
