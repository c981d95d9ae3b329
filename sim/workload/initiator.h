// A workload initiator: one nexus with several channels, that behaves as Linux's ib_srp does when
// things go wrong: a command that is not answered in time is aborted; an abort that is not answered
// becomes a LUN RESET; a reset that fails becomes a new login. It verifies all that it is told.
//
// Files: login.cc (channels come and go), commands.cc (what is sent), answers.cc (what is
// verified), recovery.cc (aborts, resets, time).
#ifndef SIM_WORKLOAD_INITIATOR_H_
#define SIM_WORKLOAD_INITIATOR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/initiator/cdb.h"
#include "core/initiator/initiator.h"
#include "sim/workload/scene.h"
#include "sim/workload/told.h"

namespace srpt::sim {

class Initiator : public PeerSink {
 public:
  Initiator(Scene* scene, std::uint32_t index);

  void Start() { LogIn(); }
  void LogInAnew() { ReLogIn(false); }
  // All commands were sent, and nothing is outstanding on any channel.
  bool IsIssued() const;
  bool IsIdle() const;
  // Then: reads back every unit and compares (one initiator does it), or only waits.
  void StartVerify();
  bool IsVerified() const { return mode_ == Mode::kVerified; }
  void StartLogOut();
  // The target ends the channels. They do not come back.
  void ExpectShutdown();
  bool IsLoggedOut() const;
  // Empty, or how the two ends' views of a quiet channel's credits differ.
  Breach CompareCredits() const;
  std::vector<std::string> Pending() const;

  void OnPeerEvent(PeerId peer, const PeerEvent& event, Bytes bytes) override;
  void OnTimer(std::uint64_t cookie) override;

 private:
  enum class Mode : std::uint8_t { kWork, kVerify, kVerified, kLogOut };
  enum class Kind : std::uint8_t {
    kRead,
    kWrite,
    kXdWriteRead,
    kSync,
    kTestUnitReady,
    kInquiry,
    kReadCapacity,
    kReportLuns,
    kModeSense,
    kBeyond,  // A READ that reaches beyond the unit's end.
    kAbsent,  // TEST UNIT READY of a LUN that is not mapped.
  };
  struct Slice {
    std::uint32_t offset = 0;  // In the region.
    std::uint32_t bytes = 0;
  };
  // Whether it has data-out that lands, and its write is the oracle's.
  static bool Writes(Kind kind) { return kind == Kind::kWrite || kind == Kind::kXdWriteRead; }
  static constexpr std::uint32_t kSlicesMax = 24;
  struct Task {
    bool busy = false;
    bool aborting = false;
    bool verify = false;
    std::uint64_t number = 0;   // Its tag.
    std::uint64_t ordinal = 0;  // Among the IUs of its connection, from 1.
    std::uint32_t refusals = 0;
    Kind kind = Kind::kRead;
    std::uint32_t unit = 0;
    std::uint64_t lba = 0;
    std::uint32_t blocks = 0;
    bool fua = false;
    std::uint32_t wanted = 0;  // Bytes that the CDB asks for.
    std::uint32_t buffer = 0;  // Bytes that the descriptors offer.
    bool has_data = false;
    bool has_more = false;
    bool has_table = false;
    Region data;
    Region more;  // Every second slice, if has_more.
    Region table;
    std::array<Slice, kSlicesMax> slices{};  // In the order of the data.
    std::uint32_t slice_count = 0;
    // XDWRITEREAD: its data-in, in bytes: what it holds is no write's label.
    bool keep = false;  // DISABLE WRITE.
    bool has_back = false;
    Region back;
    std::uint32_t back_bytes = 0;
    Oracle::WriteId write = 0;
    Oracle::Stamp read = 0;  // Reads, XDWRITEREAD and SYNCHRONIZE CACHE.
    Time sent;
    Time deadline;
    Lineage lineage;
    // Accesses() when a reset of its unit was answered on another channel.
    std::optional<std::uint64_t> accesses_at_reset;
  };
  struct Management {
    bool busy = false;
    wire::TskMgmtFunction function{};
    std::uint64_t number = 0;
    std::uint64_t task = 0;  // The aborted command's number.
    std::uint32_t unit = 0;
    Time deadline;
    bool answered = false;  // What it names had been answered before.
  };
  // A command that was answered BUSY or TASK SET FULL, to be sent again.
  struct Refused {
    std::uint64_t number = 0;
    std::uint32_t refusals = 0;
    std::uint32_t tries = 0;  // To send it again, while its channel or unit would not have it.
  };
  enum class Link : std::uint8_t { kDown, kConnecting, kLive };
  struct Channel {
    std::uint32_t index = 0;
    Link link = Link::kDown;
    PeerId peer{0xffffffffu};
    initiator::Channel srp{256};
    std::vector<Task> tasks;
    std::uint32_t active = 0;
    std::vector<Management> managements;
    std::vector<Refused> refused;
    std::uint64_t issued = 0;  // Commands of the workload so far.
    std::uint64_t ius = 0;     // Sent on this connection.
    std::uint64_t next_reset = 1;
    std::uint64_t next_verify = 1;
    std::uint64_t tries = 0;  // Logins.
    bool revoked = false;     // One of its regions went away under a command.
    bool thinking = false;
    bool stalled = false;
    Time stall_ended;
    std::uint32_t withheld = 0;  // Receives not posted again while stalled.
    Lineage lineage;
  };
  enum class Timer : std::uint8_t {
    kTick,
    kThink,
    kAbort,
    kRevoke,
    kStallOver,
    kLoggedOut,
    kLogIn,
    kLogInChannel,
    kReset,
    kResetOver,
    kClear,
    kAgain,
  };

  // login.cc
  void LogIn();
  void Connect(Channel& c);
  void OnConnected(Channel& c, Bytes login_rsp);
  void OnLoginFailed(Channel& c, const PeerEvent& event, Bytes bytes);
  void ChannelLost(Channel& c);
  void DropChannel(Channel& c);
  void CheckFresh();
  void ReLogIn(bool vanish);
  // commands.cc
  void Pump(Channel& c);
  bool Issue(Channel& c);
  void Postpone(Channel& c, const Task& task);
  void SendAgain(Channel& c, std::uint64_t number);
  void IssueVerify(Channel& c);
  void AskToClear(Channel& c, std::uint32_t unit);
  void Choose(Channel& c, Task& task);
  void CutSlices(Task& task);
  bool SendTask(Channel& c, Task& task);
  void OfferBack(Task& task, initiator::Command& command, std::array<wire::Direct, 3>& list);
  Task& NewTask(Channel& c, std::uint64_t number);
  void EndTask(Channel& c, Task& task);
  // answers.cc
  void OnIu(Channel& c, Bytes iu);
  void OnCompletion(Channel& c, const initiator::received::Completion& completion);
  void OnGood(Channel& c, Task& task, const initiator::received::Completion& completion);
  void OnFailed(Channel& c, Task& task, const initiator::received::Completion& completion);
  void OnAttention(Channel& c, const Task& task, const scsi::Sense& sense);
  // Whether the sense is the one that a command of this kind must be refused with.
  bool IsRefusal(Channel& c, const Task& task, const scsi::Sense& sense);
  void CheckTold(Channel& c, const Task& task);
  void TakeIn(const Task& task);
  void CheckRead(Channel& c, Task& task, std::uint64_t moved);
  void CheckBeyond(Channel& c, Task& task, std::uint64_t moved);
  void CheckResidual(Channel& c, const Task& task, bool out, std::uint32_t offered,
                     std::uint32_t moved, const initiator::received::Completion& completion);
  void CheckXor(Channel& c, Task& task, std::uint64_t moved);
  void CheckControl(Channel& c, Task& task, std::uint64_t moved);
  void CheckDurable(Channel& c, Task& task);
  // recovery.cc
  void Abort(Channel& c, Task& task);
  // ABORT TASK of a command that was answered, which changes nothing.
  void AbortAnswered(Channel& c, const Task& task);
  // Ends all commands of this nexus (and perhaps of others) at a unit.
  void StartReset(std::uint32_t unit, wire::TskMgmtFunction function);
  void SendReset(std::uint32_t unit);
  void SendClearAca(Channel& c, std::uint32_t unit);
  Management& Manage(Channel& c, wire::TskMgmtFunction function, std::uint64_t number,
                     std::uint32_t unit, std::uint64_t task, LunNumber lun);
  void CheckManagementTime(Channel& c, const Management& m);
  void OnReset(Channel& c, const Management& done, wire::RspCode code);
  static LunNumber LunOf(std::uint32_t unit) { return LunNumber(static_cast<std::uint16_t>(unit)); }
  static LunNumber LunOf(const Task& task);
  static const Region& RegionOf(const Task& task, std::uint32_t slice) {
    return task.has_more && slice % 2 == 1 ? task.more : task.data;
  }
  void NoteKeys(const Task& task, Invariant invariant);
  bool OthersBusyAt(const Channel& c, std::uint32_t unit) const;
  void CheckTimeout(const Channel& c, const Task& task);
  void OnManaged(Channel& c, const initiator::received::Completion& completion);
  std::uint64_t Accesses(const Task& task) const;
  void CheckReset(Channel& c, const Task& task);
  void GiveUp(Channel& c, Task& task);  // It will never be answered, and has ended.
  void Tick();
  void StartTicking();

  void SetTimer(Duration after, Timer timer, std::uint32_t channel, std::uint64_t payload);
  Task* Find(Channel& c, std::uint64_t number);
  Channel* Of(PeerId peer);
  std::uint64_t Draw(Site site, Lineage lineage, std::uint64_t ordinal = 0) const {
    return world_.decisions().Draw(site, lineage, ordinal);
  }
  // Whether it does what was drawn.
  bool Does(Whim whim, Lineage lineage, bool drawn) const {
    return world_.script().Happens(whim, lineage, 0, drawn);
  }
  void Note(const Channel& c, std::uint64_t number);
  // The first `n` bytes of iu_.
  bool SendIu(Channel& c, std::size_t n) {
    ++c.ius;
    return world_.Send(c.peer, Bytes(iu_).first(n));
  }
  Time now() const { return world_.now(); }

  Scene& scene_;
  World& world_;
  const Swarm& swarm_;
  std::uint32_t index_;
  Lineage lineage_;
  HostId host_;
  Mode mode_ = Mode::kWork;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::uint64_t session_ = 0;  // Counts what ReLogIn made void.
  bool logging_in_ = false;
  bool ticking_ = false;
  bool has_logged_in_ = false;
  std::uint32_t failures_ = 0;                     // Logins that failed one after another.
  std::vector<Oracle::WriteId> stale_;             // Unanswered when their channel went.
  std::vector<bool> quiesced_;                     // Units that a reset is under way for,
  std::vector<wire::TskMgmtFunction> reset_with_;  // and by which function.
  std::vector<Time> resets_sent_;
  // A new nexus must be told so by each unit it uses: of this session, by unit.
  struct Fresh {
    bool expected = false;
    bool told = false;
    bool used = false;  // A command was answered GOOD that had to wait for that.
  };
  std::vector<Fresh> fresh_;
  Told told_;
  // Keys that are no more, and what using one of them would break.
  std::vector<std::pair<RKey, Invariant>> used_keys_;
  std::vector<Time> told_at_;  // When the last unit attention came, by unit.
  std::uint32_t verify_unit_ = 0;
  std::uint64_t verify_lba_ = 0;
  bool verify_synced_ = false;
  std::vector<std::uint8_t> iu_;
  Content scratch_;
};

}  // namespace srpt::sim

#endif  // SIM_WORKLOAD_INITIATOR_H_
