#include "core/fold.h"

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace srpt {
namespace {

// A class, so that each overload finds all the others, wherever they stand.
class Folder {
 public:
  explicit Folder(Fingerprint& to) : to_(to) {}

  // --- Parts ------------------------------------------------------------------------------------

  template <class T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  void Put(T x) {
    to_.Add(static_cast<std::uint64_t>(x));
  }
  template <class Tag, class Rep>
  void Put(Strong<Tag, Rep> x) {
    to_.Add(x.v);
  }
  template <class Tag>
  void Put(SlotId<Tag> x) {
    to_.Add(x.v);
  }
  template <std::size_t N>
  void Put(const std::array<std::uint8_t, N>& x) {
    to_.AddBytes(x);
  }
  void Put(Bytes x) { to_.AddBytes(x); }
  void Put(std::string_view x) { to_.AddText(x); }
  void Put(const std::string& x) { to_.AddText(x); }
  void Put(const char* x) { to_.AddText(x == nullptr ? "" : x); }
  void Put(const Tag& x) { to_.AddBytes(x.bytes); }
  void Put(const PeerAddress& x) { to_.AddBytes(x.bytes); }

  template <class... T>
  void All(const T&... x) {
    (Put(x), ...);
  }

  template <std::size_t N>
  void Put(const scsi::FixedText<N>& x) {
    to_.AddText(x.view());
  }
  void Put(const MemRef& x) { All(x.kind, x.buffer, x.channel, x.recv, x.offset, x.length); }
  void Put(const UnitAttention& x) { All(x.asc, x.ascq); }

  void Put(const scsi::Identity& x) {
    All(x.t10_vend_id, x.prod_id, x.prod_rev_lvl, x.usn, x.t10_dev_id, x.naa);
  }
  void Put(const scsi::TargetPortGroup& x) {
    All(x.group_id, x.state, x.preferred, x.rel_tgt_ids.size());
    for (const std::uint16_t id : x.rel_tgt_ids) to_.Add(id);
  }
  void Put(const scsi::Alua& x) {
    All(x.present, x.state, x.group_id, x.preferred, x.groups.size());
    for (const scsi::TargetPortGroup& group : x.groups) Put(group);
  }
  void Put(const scsi::LuView& x) {
    All(x.id, x.name, x.handler, x.block_bytes, x.block_count, x.physical_block_exp, x.read_only,
        x.write_cache, x.nv_cache, x.dpofua, x.rotational, x.removable, x.thin, x.failed,
        x.identity, x.rel_tgt_id, x.alua);
  }
  void Put(const Snapshot& x) {
    All(x.version, x.maps.size());
    for (const LunMap& map : x.maps) {
      to_.Add(map.entries().size());
      for (const LunMap::Entry& entry : map.entries()) All(entry.lun, entry.lu);
    }
    to_.Add(x.map_of_nexus.size());
    for (const std::uint32_t map : x.map_of_nexus) to_.Add(map);
  }

  // The alternative's index, then its fields.
  template <class... T>
  void Put(const std::variant<T...>& x) {
    to_.Add(x.index());
    std::visit([this](const auto& alternative) { this->Put(alternative); }, x);
  }

  // --- What an administrator asks ---------------------------------------------------------------

  void Put(const admin::AddLu& x) { All(x.lu); }
  void Put(const admin::RemoveLu& x) { All(x.device); }
  void Put(const admin::ResizeLu& x) { All(x.device, x.blocks); }
  void Put(const admin::ClearFailedLu& x) { All(x.device); }
  void Put(const admin::EnableTarget& x) { All(x.target, x.enabled); }
  void Put(const admin::AddLun& x) { All(x.target, x.group, x.lun, x.device, x.read_only); }
  void Put(const admin::RemoveLun& x) { All(x.target, x.group, x.lun); }
  void Put(const admin::AddGroup& x) { All(x.target, x.group); }
  void Put(const admin::AddInitiator& x) { All(x.target, x.group, x.pattern); }
  void Put(const admin::AddDeviceGroup& x) { All(x.group); }
  void Put(const admin::AddDeviceToGroup& x) { All(x.group, x.device); }
  void Put(const admin::AddTargetGroup& x) { All(x.group, x.target_group, x.group_id); }
  void Put(const admin::AddTargetToGroup& x) {
    All(x.group, x.target_group, x.target, x.rel_tgt_id);
  }
  void Put(const admin::SetAluaState& x) { All(x.group, x.target_group, x.state); }
  void Put(const admin::SetAluaPreferred& x) { All(x.group, x.target_group, x.preferred); }
  void Put(const admin::CloseSession& x) { All(x.target, x.session); }
  void Put(const admin::Shutdown&) {}

  // --- Messages ---------------------------------------------------------------------------------

  void Put(const message::Publish& x) { All(*x.snapshot); }
  void Put(const message::OpenChannel& x) {
    All(x.conn, x.nexus, x.port, x.login_tag, x.max_it_iu_len, x.max_ti_iu_len, x.credits,
        x.imm_data_offset, x.sq_size, x.rdma_read_depth, x.srq, x.solicited, x.login_rsp_flags);
  }
  void Put(const message::ReportEvent& x) { All(x.channel, x.lun, x.attention); }
  void Put(const message::CloseChannel& x) { All(x.channel, x.reason); }
  void Put(const message::UnitAttentionPending& x) { All(x.nexus, x.lu); }
  void Put(const message::UnitAttentionAnswer& x) {
    All(x.command, x.nexus, x.lu, x.has, x.attention, x.more);
  }
  void Put(const message::AbortFence& x) { All(x.fence, x.lu, x.nexus, x.asker, x.asked_by); }
  void Put(const message::CancelFence& x) { All(x.fence); }
  void Put(const message::TaskFenceAnswer& x) { All(x.command, x.rsp_code); }
  void Put(const message::ForgetNexus& x) { All(x.nexus); }
  void Put(const message::RetireLu& x) { All(x.lu); }
  void Put(const message::TakeOver& x) { All(x.nexus, x.session); }
  void Put(const message::TakeoverOver& x) { All(x.nexus, x.session); }
  void Put(const message::HoldUnit& x) { All(x.nexus, x.lu, x.hold); }

  void Put(const message::ChannelOpened& x) { All(x.conn, x.nexus, x.channel); }
  void Put(const message::ChannelRefused& x) { All(x.conn, x.nexus, x.rejected, x.srq_size); }
  void Put(const message::ChannelLive& x) { All(x.nexus, x.channel); }
  void Put(const message::ChannelClosed& x) { All(x.nexus, x.channel); }
  void Put(const message::AskUnitAttention& x) { All(x.command, x.nexus, x.lu, x.session); }
  void Put(const message::ReturnUnitAttention& x) { All(x.nexus, x.lu, x.attention); }
  void Put(const message::AskTaskFence& x) { All(x.command, x.nexus, x.lu, x.function); }
  void Put(const message::FenceDone& x) { All(x.fence); }
  void Put(const message::LuIdle& x) { All(x.lu); }
  void Put(const message::LuFailed& x) { All(x.lu); }
  void Put(const message::TakenOver& x) { All(x.nexus, x.session); }
  void Put(const message::OldWrites& x) { All(x.nexus, x.lu, x.there); }
  void Put(const message::ReceivesBack& x) { All(x.nexus, x.channel, x.receives); }

  // --- Events -----------------------------------------------------------------------------------

  void Put(const event::DeadlineReached&) {}
  void Put(const event::LoginRequested& x) {
    All(x.conn, x.port, x.form, x.iwarp, x.source, x.rdma_read_depth, x.private_data);
  }
  void Put(const event::ConnectionGone& x) { All(x.conn); }
  void Put(const event::AdminRequested& x) { All(x.id, x.request); }
  void Put(const event::FromShard& x) { All(x.shard, x.message); }
  void Put(const event::FromDirector& x) { All(x.message); }
  void Put(const event::AcceptFailed& x) { All(x.channel, x.reason, x.sq_refused); }
  void Put(const event::Established& x) { All(x.channel); }
  void Put(const event::IuReceived& x) { All(x.channel, x.recv, x.bytes); }
  void Put(const event::RecvFailed& x) { All(x.channel, x.recv, x.status); }
  void Put(const event::ReceivesOver& x) { All(x.channel); }
  void Put(const event::SendDone& x) { All(x.channel, x.send, x.status); }
  void Put(const event::RdmaDone& x) { All(x.channel, x.buffer, x.status); }
  void Put(const event::ProbeDone& x) { All(x.channel, x.status); }
  void Put(const event::QpFailed& x) { All(x.channel, x.status); }
  void Put(const event::BlockDone& x) { All(x.op, x.status); }
  void Put(const event::Disconnected& x) { All(x.channel); }
  void Put(const event::TimewaitOver& x) { All(x.channel); }
  void Put(const event::QpDestroyed& x) { All(x.channel); }

  // --- Actions ----------------------------------------------------------------------------------

  void Put(const action::Accept& x) {
    All(x.conn, x.channel, x.recv_count, x.send_count, x.recv_bytes, x.send_bytes, x.sq_size,
        x.imm_data_offset, x.rdma_read_depth, x.srq, x.login_rsp);
  }
  void Put(const action::Reject& x) { All(x.conn, x.length, x.private_data); }
  void Put(const action::NotifyEstablished& x) { All(x.channel); }
  void Put(const action::Disconnect& x) { All(x.channel); }
  void Put(const action::DestroyQp& x) { All(x.channel); }
  void Put(const action::PostRecv& x) { All(x.channel, x.recv); }
  void Put(const action::SendIu& x) { All(x.channel, x.send, x.length, x.solicited); }
  void Put(const action::RdmaWrite& x) {
    All(x.channel, x.buffer, x.offset, x.length, x.remote, x.rkey, x.signaled);
  }
  void Put(const action::RdmaRead& x) {
    All(x.channel, x.buffer, x.offset, x.length, x.remote, x.rkey, x.signaled);
  }
  void Put(const action::Probe& x) { All(x.channel); }
  void Put(const action::BlockRead& x) { All(x.op, x.lu, x.offset, x.memory); }
  void Put(const action::BlockWrite& x) { All(x.op, x.lu, x.offset, x.memory, x.fua); }
  void Put(const action::BlockFlush& x) { All(x.op, x.lu); }
  void Put(const action::ToDirector& x) { All(x.message); }
  void Put(const action::ToShard& x) { All(x.shard, x.message); }
  void Put(const action::AdminDone& x) { All(x.id, x.status, x.text); }
  void Put(const action::ReleaseLu& x) { All(x.lu); }
  void Put(const action::Log& x) { All(x.level, x.text); }

 private:
  Fingerprint& to_;
};

}  // namespace

void Fold(Fingerprint& to, const ShardEvent& event) { Folder(to).Put(event); }
void Fold(Fingerprint& to, const DirectorEvent& event) { Folder(to).Put(event); }
void Fold(Fingerprint& to, const Action& action) { Folder(to).Put(action); }

}  // namespace srpt
