#include "core/fold.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace srpt {
namespace {

template <class T>
std::uint64_t Of(const T& value) {
  Fingerprint to;
  Fold(to, value);
  return to.value();
}

template <class Variant, std::size_t... I>
std::vector<std::uint64_t> OfEachKind(std::index_sequence<I...>) {
  return {Of(Variant(std::in_place_index<I>))...};
}
template <class Variant>
std::vector<std::uint64_t> OfEachKind() {
  return OfEachKind<Variant>(std::make_index_sequence<std::variant_size_v<Variant>>());
}
void ExpectAllDiffer(const std::vector<std::uint64_t>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t k = i + 1; k < values.size(); ++k) {
      EXPECT_NE(values[i], values[k]) << "kinds " << i << " and " << k;
    }
  }
}

action::ToShard PublishOf(std::uint64_t block_count) {
  scsi::LuView lu;
  lu.block_count = block_count;
  Snapshot snapshot;
  snapshot.version = 1;
  snapshot.maps.push_back(LunMap({{LunNumber(0), lu}}));
  return {ShardId(0), message::Publish{std::make_shared<const Snapshot>(std::move(snapshot))}};
}

TEST(Fold, EveryKindOfEventDiffers) {
  ExpectAllDiffer(OfEachKind<DirectorEvent>());
  std::vector<std::uint64_t> kinds = {
      Of(ShardEvent(event::DeadlineReached{})),
      Of(ShardEvent(event::FromDirector{message::ForgetNexus{}})),
      Of(ShardEvent(event::FromDirector{message::RetireLu{}})),
      Of(ShardEvent(event::FromDirector{message::CancelFence{}})),
      Of(ShardEvent(event::FromDirector{message::TakeOver{}})),
      Of(ShardEvent(event::FromDirector{message::TakeoverOver{}})),
      Of(ShardEvent(event::FromDirector{message::HoldUnit{}})),
      Of(ShardEvent(event::AcceptFailed{})),
      Of(ShardEvent(event::Established{})),
      Of(ShardEvent(event::IuReceived{})),
      Of(ShardEvent(event::RecvFailed{})),
      Of(ShardEvent(event::SendDone{})),
      Of(ShardEvent(event::RdmaDone{})),
      Of(ShardEvent(event::QpFailed{})),
      Of(ShardEvent(event::BlockDone{})),
      Of(ShardEvent(event::Disconnected{})),
      Of(ShardEvent(event::TimewaitOver{})),
      Of(ShardEvent(event::QpDestroyed{})),
  };
  ExpectAllDiffer(kinds);
}

TEST(Fold, EveryKindOfActionDiffers) {
  std::vector<std::uint64_t> kinds = {
      Of(Action(action::Accept{})),
      Of(Action(action::Reject{})),
      Of(Action(action::NotifyEstablished{})),
      Of(Action(action::Disconnect{})),
      Of(Action(action::DestroyQp{})),
      Of(Action(action::PostRecv{})),
      Of(Action(action::SendIu{})),
      Of(Action(action::RdmaWrite{})),
      Of(Action(action::RdmaRead{})),
      Of(Action(action::BlockRead{})),
      Of(Action(action::BlockWrite{})),
      Of(Action(action::BlockFlush{})),
      Of(Action(action::ToDirector{message::FenceDone{}})),
      Of(Action(action::ToDirector{message::LuIdle{}})),
      Of(Action(action::ToDirector{message::TakenOver{}})),
      Of(Action(action::ToDirector{message::OldWrites{}})),
      Of(Action(action::ToDirector{message::ReceivesBack{}})),
      Of(Action(action::ToShard{ShardId(0), message::ForgetNexus{}})),
      Of(Action(PublishOf(1))),
      Of(Action(action::AdminDone{})),
      Of(Action(action::ReleaseLu{})),
      Of(Action(action::Log{})),
  };
  ExpectAllDiffer(kinds);
}

TEST(Fold, EveryFieldOfTheDataPathCounts) {
  const auto differs = [](const Action& a, const Action& b) { return Of(a) != Of(b); };
  action::RdmaRead read;
  using Change = std::function<void(action::RdmaRead&)>;
  const std::vector<Change> changes = {
      [](action::RdmaRead& x) { x.channel = ChannelId(1); },
      [](action::RdmaRead& x) { x.buffer = BufferId(1); },
      [](action::RdmaRead& x) { x.offset = 1; },
      [](action::RdmaRead& x) { x.length = 1; },
      [](action::RdmaRead& x) { x.remote = RemoteAddr(1); },
      [](action::RdmaRead& x) { x.rkey = RKey(1); },
      [](action::RdmaRead& x) { x.signaled = true; },
  };
  for (const Change& change : changes) {
    action::RdmaRead changed = read;
    change(changed);
    EXPECT_TRUE(differs(read, changed)) << "field " << &change - changes.data();
  }
  action::BlockWrite write;
  action::BlockWrite fua = write;
  fua.fua = true;
  EXPECT_TRUE(differs(write, fua));
  action::BlockWrite elsewhere = write;
  elsewhere.memory.offset = 512;
  EXPECT_TRUE(differs(write, elsewhere));
}

TEST(Fold, BytesAndTextsCountByContent) {
  const std::array<std::uint8_t, 3> a = {1, 2, 3};
  const std::array<std::uint8_t, 3> same = a;
  const std::array<std::uint8_t, 3> other = {1, 2, 4};
  const auto iu = [](Bytes bytes) {
    return Of(ShardEvent(event::IuReceived{ChannelId(1), RecvId(2), bytes}));
  };
  EXPECT_EQ(iu(a), iu(same));
  EXPECT_NE(iu(a), iu(other));
  EXPECT_NE(iu(a), iu(Bytes(a).first(2)));
  const std::string text = "out of buffers";
  const std::string copy = "out of buffers";  // Elsewhere in memory.
  const auto failed = [](const char* reason) {
    return Of(ShardEvent(event::AcceptFailed{ChannelId(1), reason}));
  };
  EXPECT_EQ(failed(text.c_str()), failed(copy.c_str()));
  EXPECT_NE(failed(text.c_str()), failed("no queue pair"));
}

TEST(Fold, SnapshotsCountByContent) {
  EXPECT_EQ(Of(Action(PublishOf(8))), Of(Action(PublishOf(8))));
  EXPECT_NE(Of(Action(PublishOf(8))), Of(Action(PublishOf(9))));
}

TEST(Fold, AStepIsItsTimeItsEventAndItsActions) {
  const auto step = [](Time now, std::size_t logs) {
    auto actions = std::make_unique<Actions>();
    for (std::size_t i = 0; i < logs; ++i) actions->AddLog(LogLevel::kInfo, "x");
    Fingerprint to;
    FoldStep(to, now, DirectorEvent(event::DeadlineReached{}), *actions);
    return to.value();
  };
  EXPECT_EQ(step(Time{1}, 1), step(Time{1}, 1));
  EXPECT_NE(step(Time{1}, 1), step(Time{2}, 1));
  EXPECT_NE(step(Time{1}, 1), step(Time{1}, 2));
}

// A golden value: a fingerprint means the same run on every compiler and machine.
TEST(Fold, IsTheSameEverywhere) {
  const std::array<std::uint8_t, 3> bytes = {1, 2, 3};
  EXPECT_EQ(Of(ShardEvent(event::IuReceived{ChannelId(1), RecvId(2), bytes})),
            15433574703046459128u);
}

}  // namespace
}  // namespace srpt
