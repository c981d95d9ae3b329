#include "target/config/to_core.h"

#include <algorithm>
#include <set>

#include "core/base/check.h"

namespace srpt::config {
namespace {

void AddLuns(std::vector<admin::Request>& requests, const std::string& target,
             const std::string& group, const std::vector<Lun>& luns) {
  for (const Lun& lun : luns) {
    requests.push_back(admin::AddLun{target, group, lun.lun, lun.device, lun.read_only});
  }
}

}  // namespace

Parameters ToParameters(const IbSrptParameters& parameters, std::uint64_t node_guid) {
  Parameters core;
  core.srp_max_req_size = parameters.srp_max_req_size;
  core.srp_max_rsp_size = parameters.srp_max_rsp_size;
  core.srp_max_rdma_size = parameters.srp_max_rdma_size;
  core.srpt_sq_size = parameters.srpt_sq_size;
  core.use_srq = parameters.use_srq;
  core.srpt_srq_size = parameters.srpt_srq_size;
  core.trace_flag = parameters.trace_flag;
  core.service_guid = parameters.srpt_service_guid.value_or(node_guid);
  return core;
}

std::vector<TargetPort> ToTargetPorts(const Configuration& configuration) {
  std::set<std::uint16_t> taken;
  for (const Target& target : configuration.targets) {
    if (target.rel_tgt_id) taken.insert(*target.rel_tgt_id);
  }
  std::vector<TargetPort> ports;
  std::uint16_t next = 1;
  for (const Target& target : configuration.targets) {
    TargetPort port;
    port.id = TargetPortId(static_cast<std::uint32_t>(ports.size()));
    port.name = target.name;
    while (!target.rel_tgt_id && taken.count(next) != 0) ++next;
    port.rel_tgt_id = target.rel_tgt_id ? *target.rel_tgt_id : next++;
    port.enabled = false;
    ports.push_back(std::move(port));
  }
  return ports;
}

target::DeviceSpec ToDeviceSpec(const Device& device) {
  target::DeviceSpec spec;
  spec.name = device.name;
  spec.kind = device.handler == scsi::HandlerKind::kNullio ? target::DeviceSpec::Kind::kNull
                                                           : target::DeviceSpec::Kind::kFile;
  spec.path = device.filename;
  spec.read_only = device.read_only;
  spec.o_direct = device.o_direct;
  spec.write_through = device.write_through;
  spec.size_bytes = device.size_bytes;
  return spec;
}

scsi::LuView ToLuView(const Device& device, std::uint64_t setup_id, LuId id, std::uint64_t bytes,
                      bool store_rotational) {
  scsi::LuView lu;
  lu.id = id;
  lu.name = scsi::DeviceName(device.name);
  lu.handler = device.handler;
  scsi::SetCapacity(lu, device.block_bytes, bytes);
  scsi::SetCachePolicy(lu, {device.write_through, device.nv_cache});
  lu.read_only = device.read_only;
  lu.removable = device.removable;
  lu.rotational = device.rotational.value_or(store_rotational);
  lu.identity = scsi::DeriveIdentity(device.handler, device.name, setup_id);
  scsi::Identity& identity = lu.identity;
  if (device.usn) {
    identity.usn = {};
    identity.usn.Append(*device.usn);
    // As SCST: the T10 designator follows the serial number unless it is given.
    identity.t10_dev_id = {};
    identity.t10_dev_id.Append(*device.usn);
    identity.t10_dev_id.Append("-");
    identity.t10_dev_id.Append(device.name);
  }
  if (device.t10_dev_id) {
    identity.t10_dev_id = {};
    identity.t10_dev_id.Append(*device.t10_dev_id);
  }
  if (device.t10_vend_id) identity.t10_vend_id = std::string_view(*device.t10_vend_id);
  if (device.prod_id) identity.prod_id = std::string_view(*device.prod_id);
  if (device.prod_rev_lvl) identity.prod_rev_lvl = std::string_view(*device.prod_rev_lvl);
  if (device.naa_id) identity.naa = *device.naa_id;
  return lu;
}

std::vector<admin::Request> ToRequests(const Configuration& configuration,
                                       std::span<const scsi::LuView> units) {
  SRPT_CHECK(units.size() == configuration.devices.size());
  std::vector<admin::Request> requests;
  for (const scsi::LuView& unit : units) requests.push_back(admin::AddLu{unit});
  for (const Target& target : configuration.targets) {
    AddLuns(requests, target.name, "", target.luns);
    for (const Group& group : target.groups) {
      requests.push_back(admin::AddGroup{target.name, group.name});
      AddLuns(requests, target.name, group.name, group.luns);
      for (const std::string& pattern : group.initiators) {
        requests.push_back(admin::AddInitiator{target.name, group.name, pattern});
      }
    }
  }
  for (const DeviceGroup& group : configuration.device_groups) {
    requests.push_back(admin::AddDeviceGroup{group.name});
    for (const std::string& device : group.devices) {
      requests.push_back(admin::AddDeviceToGroup{group.name, device});
    }
    for (const TargetGroup& tg : group.target_groups) {
      requests.push_back(admin::AddTargetGroup{group.name, tg.name, tg.group_id});
      for (const AluaTarget& target : tg.targets) {
        requests.push_back(
            admin::AddTargetToGroup{group.name, tg.name, target.name, target.rel_tgt_id});
      }
      requests.push_back(admin::SetAluaState{group.name, tg.name, tg.state});
      if (tg.preferred) requests.push_back(admin::SetAluaPreferred{group.name, tg.name, true});
    }
  }
  for (const Target& target : configuration.targets) {
    if (target.enabled) requests.push_back(admin::EnableTarget{target.name, true});
  }
  return requests;
}

}  // namespace srpt::config
