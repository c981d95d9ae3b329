// LUN maps against a model: whatever an administrator asks for, each initiator's REPORT LUNS,
// INQUIRY and commands agree with the model, and whoever sees something else than before is told,
// by unit attentions and an AER_REQ.
#include "sim/models/lun_map_model.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <regex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/admin.h"
#include "core/base/bytes.h"
#include "core/wire/lun.h"
#include "sim/models/hand.h"
#include "sim/models/shrunk.h"
#include "sim/models/steps.h"

namespace srpt::sim::models {
namespace {

using LunStep = Step<LunMapModel>;
using State = LunMapModel;
using admin::Status;

constexpr Duration kStep = Milliseconds(20);
// Both ways of addressing, and a LUN 0.
constexpr std::uint16_t kLuns[] = {0, 1, 2, 300};
constexpr const char* kGroups[] = {"", "rack", "vault", "attic"};  // The default LUNs first.

std::string Disk(std::uint32_t disk) { return "disk" + std::to_string(disk); }
std::uint32_t AnyDisk() { return *rc::gen::inRange<std::uint32_t>(0, State::kDisks); }
std::string AnyGroup() { return AnyOf(kGroups); }
std::string AnyNamedGroup() { return kGroups[*rc::gen::inRange<std::size_t>(1, 4)]; }
std::string Of(const std::string& group) {
  return group.empty() ? std::string(" by default") : " in group " + group;
}
std::string Text(Status status) {
  constexpr const char* kNames[] = {"ok", "not found", "exists", "invalid", "busy"};
  return kNames[static_cast<std::size_t>(status)];
}
std::string Target(const Hand& hand) { return hand.world().director().Targets().at(0).name; }
DiskOptions DiskOf(std::uint32_t disk) { return {Disk(disk), scsi::HandlerKind::kFileio, 512, 64}; }

// The administrator asks, and is answered as the model says.
void Administer(Hand& hand, admin::Request request, Status expected) {
  const auto result = hand.world().Admin(std::move(request));
  RC_ASSERT(result.has_value());
  RC_ASSERT(Text(result->status) == Text(expected));
}

// Each host hears what the model says, if not how often.
void CompareEvents(Hand& hand, std::vector<Event> expected) {
  Expect(hand, kStep, {});
  std::vector<Event> came = hand.events();
  for (std::vector<Event>* events : {&came, &expected}) {
    std::sort(events->begin(), events->end(), [](const Event& a, const Event& b) {
      return std::tie(a.channel, a.lun) < std::tie(b.channel, b.lun);
    });
    events->erase(std::unique(events->begin(), events->end()), events->end());
  }
  RC_ASSERT(came == expected);
}

class AddLun : public LunStep {
 public:
  explicit AddLun(const State&)
      : group_(AnyGroup()), lun_(AnyOf(kLuns)), what_{AnyDisk(), *rc::gen::inRange(0, 2) == 1} {}
  std::string Text() const override {
    return "LUN " + std::to_string(lun_) + Of(group_) + " becomes " + Disk(what_.disk) +
           (what_.read_only ? ", read-only" : "");
  }
  void apply(State& s) const override { Apply(s); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const auto [status, events] = Apply(after);
    Administer(
        hand,
        admin::AddLun{Target(hand), group_, LunNumber(lun_), Disk(what_.disk), what_.read_only},
        status);
    CompareEvents(hand, events);
  }

 private:
  std::pair<Status, std::vector<Event>> Apply(State& s) const {
    std::vector<Event> events;
    const Status status = s.AddLun(group_, lun_, what_, events);
    return {status, events};
  }
  std::string group_;
  std::uint16_t lun_;
  State::Export what_;
};

class RemoveLun : public LunStep {
 public:
  explicit RemoveLun(const State&) : group_(AnyGroup()), lun_(AnyOf(kLuns)) {}
  std::string Text() const override { return "LUN " + std::to_string(lun_) + Of(group_) + " goes"; }
  void apply(State& s) const override {
    std::vector<Event> events;
    s.RemoveLun(group_, lun_, events);
  }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    std::vector<Event> events;
    const Status status = after.RemoveLun(group_, lun_, events);
    Administer(hand, admin::RemoveLun{Target(hand), group_, LunNumber(lun_)}, status);
    CompareEvents(hand, events);
  }

 private:
  std::string group_;
  std::uint16_t lun_;
};

// At once: hosts see no time without the LUN.
class Replace : public LunStep {
 public:
  explicit Replace(const State&)
      : group_(AnyGroup()), lun_(AnyOf(kLuns)), what_{AnyDisk(), *rc::gen::inRange(0, 2) == 1} {}
  std::string Text() const override {
    return "LUN " + std::to_string(lun_) + Of(group_) + " is replaced by " + Disk(what_.disk) +
           (what_.read_only ? ", read-only" : "");
  }
  void apply(State& s) const override {
    std::vector<Event> events;
    s.RemoveLun(group_, lun_, events);
    s.AddLun(group_, lun_, what_, events);
  }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    std::vector<Event> events;
    const Status removed = after.RemoveLun(group_, lun_, events);
    Administer(hand, admin::RemoveLun{Target(hand), group_, LunNumber(lun_)}, removed);
    const Status added = after.AddLun(group_, lun_, what_, events);
    Administer(
        hand,
        admin::AddLun{Target(hand), group_, LunNumber(lun_), Disk(what_.disk), what_.read_only},
        added);
    CompareEvents(hand, events);
  }

 private:
  std::string group_;
  std::uint16_t lun_;
  State::Export what_;
};

class AddGroup : public LunStep {
 public:
  explicit AddGroup(const State&) : group_(AnyNamedGroup()) {}
  std::string Text() const override { return "group " + group_ + " comes"; }
  void apply(State& s) const override { s.AddGroup(group_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Status status = after.AddGroup(group_);
    Administer(hand, admin::AddGroup{Target(hand), group_}, status);
    CompareEvents(hand, {});
  }

 private:
  std::string group_;
};

class AddInitiator : public LunStep {
 public:
  explicit AddInitiator(const State&)
      : group_(AnyNamedGroup()),
        pattern_(*rc::gen::inRange<std::size_t>(0, std::size(State::kPatterns))) {}
  std::string Text() const override {
    return "initiators " + std::string(State::kPatterns[pattern_]) + " join group " + group_;
  }
  void apply(State& s) const override {
    std::vector<Event> events;
    s.AddInitiator(group_, pattern_, events);
  }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    std::vector<Event> events;
    const Status status = after.AddInitiator(group_, pattern_, events);
    Administer(hand, admin::AddInitiator{Target(hand), group_, State::kPatterns[pattern_]}, status);
    CompareEvents(hand, events);
  }

 private:
  std::string group_;
  std::size_t pattern_;
};

class RemoveDisk : public LunStep {
 public:
  explicit RemoveDisk(const State&) : disk_(AnyDisk()) {}
  std::string Text() const override { return Disk(disk_) + " goes"; }
  void apply(State& s) const override { s.RemoveDisk(disk_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Status status = after.RemoveDisk(disk_);
    Administer(hand, admin::RemoveLu{Disk(disk_)}, status);
    CompareEvents(hand, {});
  }

 private:
  std::uint32_t disk_;
};

class AddDisk : public LunStep {
 public:
  explicit AddDisk(const State&) : disk_(AnyDisk()) {}
  std::string Text() const override { return Disk(disk_) + " comes"; }
  void apply(State& s) const override { s.AddDisk(disk_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Status status = after.AddDisk(disk_);
    const LuId id = hand.world().AddDisk(DiskOf(disk_));
    Administer(hand, hand.world().AddLuRequest(id), status);
    CompareEvents(hand, {});
  }

 private:
  std::uint32_t disk_;
};

// What a host sees of its map, besides how its commands end.
void CompareList(const std::vector<std::uint8_t>& data, const State::Map& map) {
  std::vector<std::uint16_t> listed;
  const std::size_t count = LoadBe32(data.data()) / sizeof(RawLun);
  for (std::size_t i = 0; i < count; ++i) {
    RawLun raw;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(8 + 8 * i), 8, raw.bytes.begin());
    const auto lun = wire::DecodeLun(raw);
    RC_ASSERT(lun.ok());
    listed.push_back(lun->v);
  }
  std::vector<std::uint16_t> expected;
  for (const auto& [lun, what] : map) expected.push_back(lun);
  RC_ASSERT(listed == expected);
}
void CompareInquiry(const std::vector<std::uint8_t>& data, const State::Map& map,
                    std::uint16_t lun) {
  const auto at = map.find(lun);
  RC_ASSERT(int{data[0]} == (at == map.end() ? 0x7f : 0x00));
  const std::string product(data.begin() + 16, data.begin() + 32);
  const std::string name = at == map.end() ? std::string() : Disk(at->second.disk);
  RC_ASSERT(product == name + std::string(16 - name.size(), ' '));
}

class Send : public LunStep {
 public:
  explicit Send(const State& s)
      : tag_(s.next_tag),
        host_(*rc::gen::inRange<std::size_t>(0, State::kHosts)),
        ask_(AnyOf(kAsks)),
        lun_(AnyOf(kLuns)) {}
  std::string Text() const override {
    return "host " + std::to_string(host_) + ": " + ToString(ask_) + " of LUN " +
           std::to_string(lun_) + ", tag " + std::to_string(tag_);
  }
  void checkPreconditions(const State& s) const override { RC_PRE(tag_ >= s.next_tag); }
  void apply(State& s) const override { s.Send(tag_, host_, lun_, ask_); }
  void run(const State& s, Hand& hand) const override {
    State after = s;
    const Answers expected = after.Send(tag_, host_, lun_, ask_);
    hand.Send(host_, tag_, LunNumber(lun_), ask_);
    Expect(hand, kStep, expected);
    RC_ASSERT(hand.events().empty());
    const std::vector<std::uint8_t> data = hand.Data(host_, 4096);
    if (ask_ == Ask::kReportLuns) CompareList(data, s.MapOf(host_));
    if (ask_ == Ask::kInquiry) CompareInquiry(data, s.MapOf(host_), lun_);
  }

 private:
  static constexpr Ask kAsks[] = {Ask::kTestUnitReady, Ask::kInquiry, Ask::kReportLuns, Ask::kRead,
                                  Ask::kWriteImmediate};
  std::uint64_t tag_;
  std::size_t host_;
  Ask ask_;
  std::uint16_t lun_;
};

void Check(bool wrong) {
  WorldOptions options;
  for (std::uint32_t disk = 0; disk < State::kDisks; ++disk) options.disks.push_back(DiskOf(disk));
  options.luns.push_back({0, LunNumber(0), Disk(0), false});
  Hand hand(options);
  for (std::uint32_t host = 0; host < State::kHosts; ++host) hand.LogIn(host);
  State initial;
  initial.wrong = wrong;
  rc::state::check(
      initial, hand,
      rc::state::gen::execOneOfWithArgs<Send, Send, Send, Send, AddLun, AddLun, RemoveLun, Replace,
                                        AddGroup, AddInitiator, AddDisk, RemoveDisk>());
}

RC_GTEST_PROP(LunMaps, AreAsTheModelSays, ()) { Check(false); }

TEST(LunMaps, AWrongModelIsRefutedByTheFewestSteps) {
  const Shrunk shrunk = Shrink([] { Check(true); });
  const std::regex least(
      "group (rack|vault|attic) comes\n"
      "initiators [^ ]+ join group \\1\n");
  EXPECT_TRUE(std::regex_match(shrunk.steps, least)) << shrunk.steps;
  EXPECT_NE(shrunk.why.find("AER_REQ of LUN 0, 06/3f/0e"), std::string::npos) << shrunk.why;
}

}  // namespace
}  // namespace srpt::sim::models
