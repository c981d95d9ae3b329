#include "sim/world.h"

#include <utility>

#include "core/base/check.h"
#include "sim/world_impl.h"

namespace srpt::sim {

World::World(const WorldOptions& options) : impl_(std::make_unique<Impl>(options)) {
  for (const DiskOptions& disk : impl_->options.disks) AddDisk(disk);
  impl_->Configure();
  RunFor(Milliseconds(10));
  impl_->StartWeather();
}

World::~World() = default;

// --- Time
// -----------------------------------------------------------------------------------------

Time World::now() const { return impl_->clock.now(); }
std::uint64_t World::events() const { return impl_->events; }

bool World::RunOne() { return impl_->RunOne(); }

void World::RunUntil(Time until) {
  while (impl_->queue.next() <= until && impl_->queue.next() != kNever) impl_->RunOne();
  if (until > now()) impl_->clock.AdvanceTo(until);
}

void World::SetTimer(Time at, PeerSink* sink, std::uint64_t cookie) {
  impl_->SetTimer(at, sink, cookie);
}

// --- An initiator's end
// -----------------------------------------------------------------------------

PeerId World::Connect(const ConnectOptions& options) { return impl_->fabric.Connect(options); }

std::optional<PeerEvent> World::NextEvent(PeerId peer, Duration within) {
  const Time until = now() + within;
  for (;;) {
    if (auto event = impl_->fabric.TakeEvent(peer)) return event;
    if (impl_->queue.next() > until || impl_->queue.next() == kNever) break;
    impl_->RunOne();
  }
  if (until > now() && until != kNever) impl_->clock.AdvanceTo(until);
  return std::nullopt;
}

bool World::Send(PeerId peer, Bytes iu, bool solicited) {
  return impl_->fabric.Send(peer, iu, solicited);
}
void World::PostReceives(PeerId peer, std::uint32_t count) {
  impl_->fabric.PostReceives(peer, count);
}
void World::Disconnect(PeerId peer) { impl_->fabric.Disconnect(peer); }
void World::Vanish(PeerId peer) { impl_->fabric.Vanish(peer); }
void World::WithholdRtu(PeerId peer, bool withhold) { impl_->fabric.WithholdRtu(peer, withhold); }
bool World::IsConnected(PeerId peer) const { return impl_->fabric.IsConnected(peer); }
std::uint32_t World::EarlyIus(PeerId peer) const { return impl_->fabric.EarlyIus(peer); }
std::optional<ChannelId> World::ChannelOf(PeerId peer) const {
  return impl_->fabric.ChannelOf(peer);
}
std::optional<std::uint32_t> World::ShardOf(PeerId peer) const {
  return impl_->fabric.ShardOf(peer);
}

// --- An initiator's memory
// ----------------------------------------------------------------------------

HostId World::NewHost() { return HostId(impl_->next_host++); }
HostId World::HostOf(PeerId peer) const { return impl_->fabric.HostOf(peer); }

Region World::Register(HostId host, std::uint32_t bytes, std::uint32_t rights) {
  return impl_->fabric.regions().Register(host, bytes, rights, Content::Form::kBytes, kZeroLabel,
                                          Lineage{0x6d72});
}
Region World::RegisterAs(HostId host, std::uint32_t bytes, std::uint32_t rights, Content::Form form,
                         Lineage lineage) {
  return impl_->fabric.regions().Register(host, bytes, rights, form, kPoisonLabel, lineage);
}
void World::Deregister(RKey rkey) { impl_->fabric.regions().Deregister(rkey); }

Content* World::MemoryOf(RKey rkey) {
  MemoryRegions::Entry* entry = impl_->fabric.regions().Find(rkey);
  return entry == nullptr ? nullptr : &entry->content;
}

std::uint64_t World::AccessesTo(RKey rkey) const {
  const MemoryRegions& regions = impl_->fabric.regions();
  const MemoryRegions::Entry* entry = regions.Find(rkey);
  return entry == nullptr ? 0 : entry->accesses;
}

bool World::WriteMemory(const Region& region, std::uint64_t offset, Bytes bytes) {
  Content* content = MemoryOf(region.rkey);
  if (content == nullptr || offset > content->size() || bytes.size() > content->size() - offset) {
    return false;
  }
  content->WriteBytes(offset, bytes);
  return true;
}

bool World::ReadMemory(const Region& region, std::uint64_t offset, MutableBytes bytes) const {
  const MemoryRegions::Entry* entry = impl_->fabric.regions().Find(region.rkey);
  if (entry == nullptr) return false;
  const Content& content = entry->content;
  if (offset > content.size() || bytes.size() > content.size() - offset) return false;
  content.ReadBytes(offset, bytes);
  return true;
}

// --- The administrator
// ----------------------------------------------------------------------------------

AdminId World::Submit(admin::Request request) { return impl_->Submit(std::move(request)); }

std::optional<AdminResult> World::AnswerOf(AdminId id) const {
  const auto it = impl_->answers.find(id.v);
  if (it == impl_->answers.end()) return std::nullopt;
  return it->second;
}

std::optional<AdminResult> World::Admin(admin::Request request, Duration within) {
  const AdminId id = Submit(std::move(request));
  const Time until = now() + within;
  while (!AnswerOf(id) && impl_->queue.next() <= until && impl_->queue.next() != kNever) RunOne();
  return AnswerOf(id);
}

LuId World::AddDisk(const DiskOptions& options) {
  const LuId id(static_cast<std::uint32_t>(impl_->disks.size()));
  if (impl_->story != nullptr) impl_->story->disks.push_back({options.name, options.block_bytes});
  impl_->disks.push_back(
      DiskSlot{std::make_unique<Disk>(id, options.name, options.handler, options.block_bytes,
                                      options.blocks, impl_->options.form),
               options,
               {},
               false});
  return id;
}

admin::AddLu World::AddLuRequest(LuId id) const { return impl_->AddLuRequest(id); }

admin::AddLu World::Impl::AddLuRequest(LuId id) const {
  SRPT_CHECK(id.v < disks.size());
  const DiskOptions& options = disks[id.v].options;
  scsi::LuView lu;
  lu.id = id;
  lu.name = scsi::DeviceName(options.name);
  lu.handler = options.handler;
  scsi::SetCapacity(lu, options.block_bytes, disks[id.v].disk->bytes());
  lu.read_only = options.read_only;
  scsi::SetCachePolicy(lu, {options.write_through, options.nv_cache});
  lu.identity = scsi::DeriveIdentity(options.handler, options.name);
  return admin::AddLu{lu};
}

// --- Faults
// ---------------------------------------------------------------------------------------------

Faults& World::faults() { return impl_->faults; }
void World::Heal() {
  impl_->faults.Heal();
  impl_->ReleaseHanging();
}

void World::HoldDisk(std::string_view name, bool hold) { impl_->HoldDisk(name, hold); }

void World::Befall(FaultKind kind, Duration length, std::optional<std::uint32_t> shard) {
  impl_->Befall(kind, length, shard);
}
Time World::disturbed_until() const { return impl_->disturbed_until; }
void World::SetOnUnsynced(std::function<void(LuId, std::uint64_t)> call) {
  impl_->on_unsynced = std::move(call);
}

Disk* World::disk(std::string_view name) {
  for (DiskSlot& slot : impl_->disks) {
    if (slot.disk->name() == name) return slot.disk.get();
  }
  return nullptr;
}

// --- Looking inside
// -------------------------------------------------------------------------------------

const Director& World::director() const { return *impl_->director; }
std::uint32_t World::shard_count() const {
  return static_cast<std::uint32_t>(impl_->shards.size());
}
const Shard& World::shard(std::uint32_t i) const {
  SRPT_CHECK(i < impl_->shards.size());
  return *impl_->shards[i].shard;
}
const Parameters& World::parameters() const { return impl_->options.parameters; }
const Decisions& World::decisions() const { return impl_->decisions; }
Content::Form World::form() const { return impl_->options.form; }
Trace& World::trace() { return impl_->trace; }
Script& World::script() { return impl_->script; }
std::shared_ptr<Story> World::story() const { return impl_->story; }
void World::Say(std::string phase) { impl_->TellText(StoryEvent::Kind::kPhase, std::move(phase)); }
std::uint64_t World::ius() const { return impl_->fabric.ius(); }
std::uint64_t World::rnr_at_target() const { return impl_->fabric.rnr_at_target(); }
std::uint64_t World::refused_accesses() const { return impl_->fabric.refused_accesses(); }

std::uint64_t World::fingerprint() const {
  Fingerprint f;
  f.Add(impl_->director->fingerprint());
  for (const ShardSide& side : impl_->shards) f.Add(side.shard->fingerprint());
  f.Add(impl_->retired);
  f.Add(impl_->events);
  return f.value();
}

const Breach& World::breach() const {
  return impl_->breach.empty() ? impl_->fabric.breach() : impl_->breach;
}
std::string World::Sweep() {
  impl_->Sweep();
  return Broken();
}
void World::Broke(Invariant invariant, std::string what) {
  impl_->Broke(invariant, std::move(what));
}

bool World::IsQuiet() const {
  for (const ShardSide& side : impl_->shards) {
    if (!side.shard->IsIdle()) return false;
  }
  return impl_->fabric.IsQuiet() && impl_->ops_in_flight == 0 && impl_->messages_in_flight == 0;
}

std::vector<std::string> World::Pending() const { return impl_->Pending(); }

}  // namespace srpt::sim
