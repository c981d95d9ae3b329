#include "sim/models/hand.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <variant>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/initiator/cdb.h"
#include "core/scsi/cdb.h"
#include "core/wire/login_req.h"
#include "core/wire/lun.h"

namespace srpt::sim::models {
namespace {

using initiator::Buffer;

constexpr std::uint64_t kGuid = 0x0002c90300bb0001;
constexpr std::uint32_t kBlockBytes = 512;
constexpr std::uint32_t kInBytes = 4096;
constexpr Duration kEstablished = Milliseconds(10);  // Until shard and director have the RTU.
constexpr Duration kAnswered = Milliseconds(1);  // Until the target has our answer, and goes on.

WorldOptions Small(WorldOptions options) {
  options.parameters.service_guid = kGuid;
  options.parameters.channels_per_shard = 8;
  options.parameters.data_buffers_per_shard = 64;
  options.sweep_every = 0;  // Complaint() looks.
  return options;
}

initiator::Cdb CdbOf(Ask ask) {
  switch (ask) {
    case Ask::kTestUnitReady:
      return initiator::TestUnitReady();
    case Ask::kInquiry:
      return initiator::Inquiry(96);
    case Ask::kReportLuns:
      return initiator::ReportLuns(kInBytes);
    case Ask::kRead:
      return initiator::Read10(Lba(0), 1);
    case Ask::kWrite:
    case Ask::kWriteImmediate:
      return initiator::Write10(Lba(0), 1);
    case Ask::kSynchronize:
      return initiator::SynchronizeCache10();
  }
  SRPT_UNREACHABLE("a command that nobody asks for");
}

std::string Code(std::uint8_t key, std::uint8_t asc, std::uint8_t ascq) {
  char text[16];
  std::snprintf(text, sizeof text, "%02x/%02x/%02x", key, asc, ascq);
  return text;
}

std::uint64_t NumberOf(const Tag& tag) { return LoadBe64(tag.bytes.data()); }

}  // namespace

std::string ToString(Ask ask) {
  const initiator::Cdb cdb = CdbOf(ask);
  std::string text(scsi::CommandName(cdb.view()));
  return ask == Ask::kWriteImmediate ? text + " with immediate data" : text;
}

std::string ToString(const Answer& answer) {
  std::string text =
      "channel " + std::to_string(answer.channel) + ", tag " + std::to_string(answer.tag) + ": ";
  if (answer.code) return text + std::string(wire::to_string(*answer.code));
  if (answer.status == scsi::Status::kGood) return text + "GOOD";
  if (answer.status == scsi::Status::kCheckCondition) {
    return text + "CHECK CONDITION " + Code(answer.key, answer.asc, answer.ascq);
  }
  return text + "status " + std::to_string(static_cast<int>(answer.status));
}

void Sort(Answers& answers) {
  std::sort(answers.begin(), answers.end(), [](const Answer& a, const Answer& b) {
    return std::tie(a.channel, a.tag) < std::tie(b.channel, b.tag);
  });
}

std::string ToString(const Event& event) {
  const auto lun = wire::DecodeLun(event.lun);
  return "channel " + std::to_string(event.channel) + ": AER_REQ of LUN " +
         (lun.ok() ? std::to_string(lun->v) : std::string("?")) + ", " +
         Code(scsi::kKeyUnitAttention, event.asc, event.ascq);
}

Hand::Hand(WorldOptions options) : world_(Small(std::move(options))) {}

std::size_t Hand::LogIn(std::uint32_t host, bool multichannel) {
  while (hosts_.size() <= host) hosts_.push_back(world_.NewHost());
  const std::size_t channel = channels_.size();
  Connection& c = *channels_.emplace_back(std::make_unique<Connection>());
  wire::LoginReq req;
  req.tag = initiator::MakeTag(1);
  req.req_it_iu_len = 2048;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.flags = wire::kLoginReqImmediate;
  if (multichannel) req.flags |= static_cast<std::uint8_t>(wire::MultichannelAction::kMulti);
  req.imm_data_offset = 68;
  req.initiator_port = initiator::MakePortId(0, 0x1000 + host);
  req.target_port = initiator::MakePortId(kGuid, kGuid);
  ConnectOptions options;
  options.private_data.resize(wire::kLoginReqCmBytes);
  c.srp.BuildLoginCm(req, options.private_data);
  options.source = {
      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, static_cast<std::uint8_t>(host)}};
  options.host = hosts_[host];
  c.peer = world_.Connect(options);
  const auto event = world_.NextEvent(c.peer, Seconds(5));
  SRPT_CHECK(event && event->kind == PeerEvent::Kind::kConnected);
  const auto accepted = c.srp.OnLoginRsp(event->bytes);
  SRPT_CHECK(accepted.ok() && accepted->violation == initiator::Violation::kNone);
  world_.RunFor(kEstablished);
  c.in = world_.Register(c.peer, kInBytes, access::kRemoteWrite);
  c.out = world_.Register(c.peer, kBlockBytes, access::kRemoteRead);
  return channel;
}

void Hand::Send(std::size_t channel, std::uint64_t tag, LunNumber lun, Ask ask) {
  Connection& c = At(channel);
  const initiator::Cdb cdb = CdbOf(ask);
  const std::array<std::uint8_t, kBlockBytes> data{};
  const wire::Direct in{c.in.va, c.in.rkey, ask == Ask::kRead ? kBlockBytes : kInBytes};
  const wire::Direct out{c.out.va, c.out.rkey, kBlockBytes};
  initiator::Command command;
  command.tag = initiator::MakeTag(tag);
  command.lun = initiator::MakeLun(lun);
  command.cdb = cdb.view();
  if (ask == Ask::kWrite) command.out = Buffer::Direct(out);
  if (ask == Ask::kWriteImmediate) command.out = Buffer::Immediate(data);
  if (ask == Ask::kRead || ask == Ask::kInquiry || ask == Ask::kReportLuns) {
    command.in = Buffer::Direct(in);
  }
  std::vector<std::uint8_t> iu(c.srp.CmdBytes(command));
  c.srp.BuildCmd(command, iu);
  world_.Send(c.peer, iu);
}

void Hand::Manage(std::size_t channel, std::uint64_t tag, LunNumber lun,
                  wire::TskMgmtFunction function, std::uint64_t task) {
  Connection& c = At(channel);
  initiator::TaskManagement request;
  request.tag = initiator::MakeTag(tag);
  request.lun = initiator::MakeLun(lun);
  request.function = function;
  request.task_tag = initiator::MakeTag(task);
  std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
  c.srp.BuildTskMgmt(request, iu);
  world_.Send(c.peer, iu);
}

void Hand::Forget(std::size_t channel, std::uint64_t tag) {
  At(channel).srp.Forget(initiator::MakeTag(tag));
}

Answers Hand::Settle(Duration time) {
  events_.clear();
  Answers answers;
  bool asked = true;
  for (Duration step = time; asked; step = kAnswered) {
    asked = false;
    world_.RunFor(step);
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      while (const auto event = world_.NextEvent(At(i).peer, Duration{})) {
        if (Take(i, *event, answers)) asked = true;
      }
    }
  }
  Sort(answers);
  return answers;
}

bool Hand::Take(std::size_t channel, const PeerEvent& event, Answers& answers) {
  Connection& c = At(channel);
  if (event.kind != PeerEvent::Kind::kIu) {
    Complain(channel, ToString(event.kind));
    return false;
  }
  const initiator::Received received = c.srp.OnIu(event.bytes);
  if (received.violation != initiator::Violation::kNone) {
    Complain(channel, to_string(received.violation));
  }
  std::vector<std::uint8_t> iu(wire::kTskMgmtBytes);
  if (const auto* done = std::get_if<initiator::received::Completion>(&received.what)) {
    Answer answer;
    answer.channel = channel;
    answer.tag = NumberOf(done->tag);
    answer.status = static_cast<scsi::Status>(done->status);
    answer.code = done->rsp_code;
    if (const auto sense = initiator::ParseSense(done->sense)) {
      answer.key = sense->key;
      answer.asc = sense->asc;
      answer.ascq = sense->ascq;
    }
    answers.push_back(answer);
    return false;
  }
  if (const auto* ask = std::get_if<initiator::received::CreditRequest>(&received.what)) {
    iu.resize(c.srp.BuildCredRsp(ask->tag, iu));
    world_.Send(c.peer, iu);
  } else if (const auto* report = std::get_if<initiator::received::AsyncEvent>(&received.what)) {
    const auto sense = initiator::ParseSense(report->sense);
    if (!sense) Complain(channel, "an AER_REQ without sense data");
    if (sense) events_.push_back({channel, report->lun, sense->asc, sense->ascq});
    iu.resize(c.srp.BuildAerRsp(report->tag, iu));
    world_.Send(c.peer, iu);
  } else {
    return false;  // What cannot be read is complained of; a logout is followed by more.
  }
  return true;
}

std::vector<std::uint8_t> Hand::Data(std::size_t channel, std::size_t bytes) const {
  std::vector<std::uint8_t> data(bytes);
  SRPT_CHECK(world_.ReadMemory(channels_.at(channel)->in, 0, data));
  return data;
}

void Hand::Complain(std::size_t channel, std::string_view what) {
  if (!complaint_.empty()) return;
  complaint_ = "channel " + std::to_string(channel) + ": " + std::string(what);
}

std::string Hand::Complaint() { return complaint_.empty() ? world_.Sweep() : complaint_; }

}  // namespace srpt::sim::models
