// srptest.arms: the sim arm.
#include "conformance/arms/sim_arm.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.
using arms::SimArm;

void Done(const std::string& problem) {
  if (!problem.empty()) throw std::runtime_error(problem);
}

std::unique_ptr<SimArm> Make(std::uint64_t service_guid, const pyb::list& disks, std::uint64_t seed,
                             std::uint32_t srq_size, std::uint32_t shards,
                             std::uint32_t data_buffers, std::uint16_t sq_size,
                             std::uint32_t max_rdma_size) {
  arms::SimOptions options;
  options.seed = seed;
  options.service_guid = service_guid;
  options.srq_size = srq_size;
  options.shards = shards;
  options.data_buffers = data_buffers;
  options.sq_size = sq_size;
  options.max_rdma_size = max_rdma_size;
  for (const auto& item : disks) {
    const auto disk =
        item.cast<std::tuple<std::string, std::string, std::uint32_t, std::uint64_t>>();
    const std::string handler = std::get<1>(disk);
    Require(handler == "vdisk_fileio" || handler == "vdisk_nullio",
            "a handler is vdisk_fileio or vdisk_nullio");
    options.disks.push_back({std::get<0>(disk), handler, std::get<2>(disk), std::get<3>(disk)});
  }
  return std::make_unique<SimArm>(options);
}

pyb::list Sessions(const SimArm& arm) {
  pyb::list out;
  for (const arms::SessionState& session : arm.Sessions()) {
    pyb::dict d;
    d["target"] = session.target;
    d["name"] = session.name;
    d["initiator_port"] = ToPython(session.initiator_port.bytes);
    d["channels"] = session.channels;
    d["req_lim"] = session.req_lim;
    d["active_commands"] = session.active_commands;
    d["commands"] = session.commands;
    out.append(d);
  }
  return out;
}

}  // namespace

void BindSim(pyb::module_& m) {
  pyb::class_<SimArm, arms::Arm>(
      m, "SimArm",
      "All of core on a simulated fabric, in virtual time. disks: a list\n"
      "of (name, vdisk_fileio|vdisk_nullio, block bytes, blocks), LUN 0\n"
      "and up. Administrator's methods raise RuntimeError with a reason.")
      .def(pyb::init(&Make), "service_guid"_a, "disks"_a, "seed"_a = 1, "srq_size"_a = 0,
           "shards"_a = 1, "data_buffers"_a = 0, "sq_size"_a = 0, "max_rdma_size"_a = 0)
      .def("targets",
           [](const SimArm& arm) {
             std::vector<std::string> names;
             for (const TargetInfo& target : arm.Targets()) names.push_back(target.name);
             return names;
           })
      .def("sessions", Sessions,
           "A dict each: target, name, initiator_port (16 bytes), channels, req_lim,\n"
           "active_commands, commands.")
      .def(
          "enable",
          [](SimArm& arm, const std::string& target, bool enabled) {
            Done(arm.Admin(admin::EnableTarget{target, enabled}));
          },
          "target"_a, "enabled"_a)
      .def(
          "add_lun",
          [](SimArm& arm, const std::string& target, std::uint16_t lun, const std::string& device,
             bool read_only) {
            Done(arm.Admin(admin::AddLun{target, "", LunNumber(lun), device, read_only}));
          },
          "target"_a, "lun"_a, "device"_a, "read_only"_a = false)
      .def(
          "del_lun",
          [](SimArm& arm, const std::string& target, std::uint16_t lun) {
            Done(arm.Admin(admin::RemoveLun{target, "", LunNumber(lun)}));
          },
          "target"_a, "lun"_a)
      .def(
          "close_session",
          [](SimArm& arm, const std::string& target, const std::string& session) {
            Done(arm.Admin(admin::CloseSession{target, session}));
          },
          "target"_a, "session"_a)
      .def(
          "inject",
          [](SimArm& arm, const std::string& fault, std::uint32_t count) {
            Require(arm.Inject(fault, count), "no fault of that name: see sim/faults.cc");
          },
          "fault"_a, "count"_a = 1, "The next `count` opportunities of the fault strike.")
      .def(
          "befall",
          [](SimArm& arm, const std::string& fault, std::uint64_t ns,
             std::optional<std::uint32_t> shard) {
            Require(arm.Befall(fault, Duration{ns}, shard),
                    "nothing of that name befalls a target");
          },
          "fault"_a, "ns"_a, "shard"_a = pyb::none(),
          "What befalls the whole target, now and for that long.")
      .def(
          "vanish",
          [](SimArm& arm, std::uint32_t connection) { arm.Vanish(arms::ConnectionId(connection)); },
          "connection"_a, "Power loss of the initiator: nothing is heard of it any more.")
      .def(
          "post_receives",
          [](SimArm& arm, std::uint32_t connection, std::uint32_t count) {
            arm.PostReceives(arms::ConnectionId(connection), count);
          },
          "connection"_a, "count"_a, "For a connection made with receives=0.")
      .def(
          "shard_of",
          [](SimArm& arm, std::uint32_t connection) {
            return arm.ShardOf(arms::ConnectionId(connection));
          },
          "connection"_a)
      .def(
          "peek",
          [](SimArm& arm, const std::string& disk, std::uint64_t offset, std::uint32_t bytes) {
            return ToPython(arm.Peek(disk, offset, bytes));
          },
          "disk"_a, "offset"_a, "bytes"_a, "What lies on the disk, synced or not.")
      .def("rnr_at_target", &SimArm::rnr_at_target,
           "Times that an initiator's IU found no receive of the target.")
      .def("heal", &SimArm::Heal, "No more faults; what hangs ends.")
      .def("broken", &SimArm::Broken, "Empty, or the invariant of core that does not hold.")
      .def("pending", &SimArm::Pending, "A line for each thing that is not finished yet.");
}

}  // namespace srpt::py
