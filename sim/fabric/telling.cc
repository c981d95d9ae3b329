// What the fabric tells the story (sim/story.h).
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "sim/fabric/fabric.h"

namespace srpt::sim {
namespace {

constexpr std::array<std::string_view, 7> kStatusNames = {"ok",
                                                          "flushed",
                                                          "local length error",
                                                          "remote access error",
                                                          "retries exceeded",
                                                          "RNR retries exceeded",
                                                          "other error"};
constexpr std::array<std::string_view, 7> kCompletionNames = {
    "SEND", "RDMA", "probe", "queue pair failed", "receive", "unsignaled", "receives over"};

}  // namespace

void Fabric::TellPeer(const Connection& c) {
  if (env_.story == nullptr) return;
  env_.story->AddPeer(
      c.id.v, StoryPeer{c.options.host.v, c.options.form, c.options.iwarp, c.options.port.v});
}

void Fabric::TellCm(const Connection& c, CmStep step) {
  if (env_.story == nullptr) return;
  using Kind = StoryEvent::Kind;
  StoryEvent event;
  event.sent = event.at = now();
  event.peer = c.id.v;
  const auto is = [&](Kind kind, bool to_target, Bytes data) {
    event.kind = kind;
    event.to_target = to_target;
    event.bytes.assign(data.begin(), data.end());
  };
  switch (step) {
    case CmStep::kReqArrives:
      is(Kind::kReq, true, c.options.private_data);
      break;
    case CmStep::kRepArrives:
      is(Kind::kRep, false, c.accept.login_rsp);
      break;
    case CmStep::kRejArrives:
      is(Kind::kRej, false, c.reject);
      event.id = kCmRejectConsumer;
      break;
    case CmStep::kRtuArrives:
      is(Kind::kRtu, true, {});
      break;
    case CmStep::kDreqAtTarget:
      is(Kind::kDreq, true, {});
      break;
    case CmStep::kDreqAtPeer:
      is(Kind::kDreq, false, {});
      break;
    case CmStep::kDrepAtPeer:
      is(Kind::kDrep, false, {});
      break;
    default:
      return;
  }
  if (c.target_qp != TargetQp::kNone) event.shard = c.shard;
  env_.story->Add(std::move(event));
}

void Fabric::TellIu(const Connection& c, bool to_target, Time sent, bool solicited, Bytes iu) {
  if (env_.story == nullptr) return;
  StoryEvent event;
  event.kind = StoryEvent::Kind::kIu;
  event.to_target = to_target;
  event.solicited = solicited;
  event.sent = sent;
  event.at = now();
  event.peer = c.id.v;
  event.shard = c.shard;
  event.length = iu.size();
  event.bytes.assign(iu.begin(), iu.end());
  env_.story->Add(std::move(event));
}

void Fabric::TellRdma(const Connection& c, const WorkRequest& wr, const char* refused) {
  if (env_.story == nullptr) return;
  StoryEvent event;
  event.kind = wr.kind == WorkRequest::Kind::kWrite ? StoryEvent::Kind::kRdmaWrite
                                                    : StoryEvent::Kind::kRdmaRead;
  event.sent = wr.posted;
  event.at = now();
  event.peer = c.id.v;
  event.shard = c.shard;
  event.rkey = wr.rkey.v;
  event.address = wr.remote.v;
  event.length = wr.length;
  event.id = wr.id;
  if (refused != nullptr) {
    event.text = std::string(ToString(event.kind)) + ": " + refused;
    event.kind = StoryEvent::Kind::kRefusedAccess;
  } else {
    event.bytes.resize(std::min<std::size_t>(wr.length, StoryEvent::kDataBytes));
    env_.target->MemoryOf(c.shard).Data(BufferId(wr.id)).ReadBytes(wr.offset, event.bytes);
  }
  env_.story->Add(std::move(event));
}

void Fabric::TellCompletion(const Connection& c, const Completion& completion) {
  if (env_.story == nullptr || completion.kind == Completion::Kind::kUnsignaled) return;
  StoryEvent event;
  event.kind = StoryEvent::Kind::kCompletion;
  event.to_target = true;
  event.sent = event.at = now();
  event.peer = c.id.v;
  event.shard = c.shard;
  event.id = completion.id;
  event.text = std::string(kCompletionNames[static_cast<std::size_t>(completion.kind)]) + ": " +
               std::string(kStatusNames[static_cast<std::size_t>(completion.status)]);
  env_.story->Add(std::move(event));
}

void Fabric::TellBreach() {
  if (env_.story == nullptr) return;
  StoryEvent event;
  event.kind = StoryEvent::Kind::kBroke;
  event.sent = event.at = now();
  event.id = static_cast<std::uint64_t>(Number(breach_.invariant));
  event.text = breach_.what;
  env_.story->Add(std::move(event));
}

void Fabric::TellShort(const Connection& c, StoryEvent::Kind kind, bool to_target, std::uint64_t id,
                       std::string_view text) {
  if (env_.story == nullptr) return;
  StoryEvent event;
  event.kind = kind;
  event.to_target = to_target;
  event.sent = event.at = now();
  event.peer = c.id.v;
  if (c.target_qp != TargetQp::kNone) event.shard = c.shard;
  event.id = id;
  event.text = text;
  env_.story->Add(std::move(event));
}

}  // namespace srpt::sim
