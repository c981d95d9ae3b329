#include "core/srp/login_policy.h"

#include <algorithm>
#include <utility>

#include "core/base/limits.h"
#include "core/wire/cmd.h"
#include "core/wire/login_rsp.h"
#include "core/wire/name.h"

namespace srpt {
namespace {

using wire::LoginRejReason;

// A CMD with one immediate data descriptor ends here; data cannot begin earlier.
constexpr std::uint16_t kImmDataOffsetMin = wire::kCmdBytes + 4;
constexpr std::uint16_t kBufFmtKnown = wire::kBufFmtDirect | wire::kBufFmtIndirect;

std::string Hex32(std::uint32_t x) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[(x >> shift) & 0xf];
  return text;
}

// The tag of a login that cannot be parsed: its place depends on the form.
Tag TagOf(const event::LoginRequested& login) {
  const std::size_t at = login.form == LoginForm::kRdmaCm ? 0 : 8;
  Tag tag;
  if (login.private_data.size() >= at + tag.bytes.size()) {
    std::copy_n(login.private_data.begin() + static_cast<std::ptrdiff_t>(at), tag.bytes.size(),
                tag.bytes.begin());
  }
  return tag;
}

// [R-LOGIN-12]
LoginRefusal Unreadable(const event::LoginRequested& login, wire::ParseError error) {
  const bool cm = login.form == LoginForm::kRdmaCm;
  LoginRefusal refusal;
  refusal.tag = TagOf(login);
  // [R-LOGIN-18]
  if (error == wire::ParseError::kTooShort) {
    const std::size_t wanted = cm ? wire::kLoginReqCmBytes : wire::kLoginReq64Bytes;
    refusal.why = "its private data are " + std::to_string(login.private_data.size()) +
                  " bytes long; a login of this form has " + std::to_string(wanted);
  } else {
    refusal.why = "its private data are not a LOGIN_REQ (opcode 0x00)";
  }
  return refusal;
}

// [R-FAULT-21, R-LOGIN-05]
std::optional<std::pair<LoginRejReason, std::string>> Objection(const LoginTerms& terms,
                                                                const wire::LoginReq& req) {
  const Parameters& p = *terms.parameters;
  const std::string asked = std::to_string(req.req_it_iu_len);
  if (req.req_it_iu_len < limits::kItIuBytesMin) {
    return {{LoginRejReason::kReqItIuLengthTooLarge, "it asks for IUs of " + asked +
                                                         " bytes; the least is " +
                                                         std::to_string(limits::kItIuBytesMin)}};
  }
  // [R-LOGIN-06]
  if (req.req_it_iu_len > p.srp_max_req_size) {
    std::string why = "it asks for IUs of " + asked + " bytes and srp_max_req_size is " +
                      std::to_string(p.srp_max_req_size) + "; ";
    if (req.req_it_iu_len > limits::kMaxReqSizeMax) {
      why += "at most " + std::to_string(limits::kMaxReqSizeMax) +
             " can be set: the initiator must ask for less";
    } else {
      why += "srp_max_req_size=" + asked + " would let it in";
    }
    return {{LoginRejReason::kReqItIuLengthTooLarge, std::move(why)}};
  }
  if (terms.shutting_down) {
    return {{LoginRejReason::kInsufficientResources,
             "srpt is shutting down; a login after its restart would be let in"}};
  }
  // [R-LOGIN-10]
  if (!terms.enabled) {
    return {{LoginRejReason::kInsufficientResources,
             "the target is disabled; enabled=1 would let it in"}};
  }
  // [R-LOGIN-07]
  if (LoadBe64(req.target_port.bytes.data()) != p.service_guid ||
      LoadBe64(req.target_port.bytes.data() + 8) != p.service_guid) {
    const std::string guid(wire::FormatGuid(p.service_guid).view().substr(2));
    return {{LoginRejReason::kCannotAssociateChannel, "the target's port id is 0x" + guid + guid +
                                                          ": id_ext=" + guid + ",ioc_guid=" + guid +
                                                          " would let it in"}};
  }
  // [R-LOGIN-08]
  if ((req.req_buf_fmt & ~kBufFmtKnown) != 0 || (req.req_buf_fmt & kBufFmtKnown) == 0) {
    return {{LoginRejReason::kUnsupportedBufFmt,
             "it asks for data buffer formats " + Hex32(req.req_buf_fmt) +
                 "; direct (0x0002), indirect (0x0004) or both would let it in"}};
  }
  // [R-LOGIN-09]
  if (req.multichannel() != wire::MultichannelAction::kSingle &&
      req.multichannel() != wire::MultichannelAction::kMulti) {
    return {{LoginRejReason::kUnspecified,
             "its multichannel action is " +
                 std::to_string(static_cast<unsigned>(req.multichannel())) +
                 "; 0 (single) or 1 (multi) would let it in"}};
  }
  return std::nullopt;
}

}  // namespace

Result<LoginGrant, LoginRefusal> JudgeLogin(const LoginTerms& terms,
                                            const event::LoginRequested& login) {
  const auto parsed = login.form == LoginForm::kRdmaCm ? wire::ParseLoginReqCm(login.private_data)
                                                       : wire::ParseLoginReq64(login.private_data);
  if (!parsed.ok()) return Err{Unreadable(login, parsed.error())};
  const wire::LoginReq& req = *parsed;
  if (auto objection = Objection(terms, req)) {
    return Err{LoginRefusal{objection->first, req.tag, req, std::move(objection->second)}};
  }
  LoginGrant grant;
  grant.req = req;
  // [R-FAULT-22, R-LOGIN-13]
  if (req.wants_immediate() && req.imm_data_offset >= kImmDataOffsetMin &&
      req.imm_data_offset < req.req_it_iu_len) {
    grant.imm_data_offset = req.imm_data_offset;
    grant.login_rsp_flags |= wire::kLoginRspImmediate;
  }
  // [R-LOGIN-14]
  if ((req.flags & wire::kLoginReqSolicitedMask) != 0)
    grant.login_rsp_flags |= wire::kLoginRspSolntsup;
  // [R-CM-11]
  grant.rdma_read_depth = static_cast<std::uint8_t>(
      std::min<std::uint32_t>(login.rdma_read_depth, limits::kRdmaReadDepth));
  return grant;
}

std::optional<LoginRefusal> JudgeChannel(const Parameters& parameters, const wire::LoginReq& req,
                                         const ChannelTerms& terms) {
  // [R-LOGIN-11]
  if (terms.beside >= limits::kChannelsPerNexusMax) {
    const std::string most = std::to_string(limits::kChannelsPerNexusMax);
    return LoginRefusal{LoginRejReason::kChannelLimitReached, req.tag, req,
                        "its nexus has " + std::to_string(terms.beside) +
                            " channels; ch_count=" + most + " or less would let it in"};
  }
  // [R-FAULT-31]
  if (terms.in_all >= limits::kChannelsPerNexusInAllMax) {
    return LoginRefusal{LoginRejReason::kChannelLimitReached, req.tag, req,
                        "its nexus has " + std::to_string(terms.in_all) +
                            " channels that did not end yet (a backend hangs?); the end of one "
                            "would let it in"};
  }
  if (terms.nexuses_full) {
    return LoginRefusal{LoginRejReason::kInsufficientResources, req.tag, req,
                        "there are " + std::to_string(parameters.sessions_max) +
                            " sessions already; the end of one would let it in"};
  }
  if (terms.shards_full) {
    const std::string who = parameters.shards == 1
                                ? std::string("shard 0")
                                : "each of the " + std::to_string(parameters.shards) + " shards";
    return LoginRefusal{LoginRejReason::kInsufficientResources, req.tag, req,
                        DescribeNoRoom(who, terms.srq_size)};
  }
  return std::nullopt;
}

std::string DescribeNoRoom(std::string who, std::uint32_t srq_size) {
  if (srq_size == 0) {
    return who + " has no room for another channel; fewer channels (ch_count) would let it in";
  }
  who += "'s shared receive queue is promised away";
  if (srq_size > limits::kSrqSizeMax) {
    return who + " and cannot be longer; fewer channels (ch_count) would let it in";
  }
  return who + "; srpt_srq_size=" + std::to_string(srq_size) + " would let it in";
}

std::string DescribeLogin(const PeerAddress& source, std::string_view target,
                          const wire::LoginReq* req) {
  std::string text;
  text.reserve(200);  // Of one piece: floods of logins come.
  text += "login from ";
  text += wire::FormatPeerAddress(source).view();
  text += " to ";
  text += target;
  if (req == nullptr) return text += " (port ids unreadable)";
  text += " (i_port_id ";
  text += wire::FormatPortId(req->initiator_port).view();
  text += ", t_port_id ";
  text += wire::FormatPortId(req->target_port).view();
  return text += ")";
}

std::string DescribeRefusal(std::string_view login, const LoginRefusal& refusal) {
  std::string text(login);
  text += " rejected: ";
  text += Hex32(static_cast<std::uint32_t>(refusal.reason));
  text += " (";
  text += wire::to_string(refusal.reason);
  text += "): ";
  return text + refusal.why;
}

// [R-LOGIN-04, R-CM-03]
action::Reject MakeReject(ConnId conn, LoginRejReason reason, const Tag& tag) {
  action::Reject reject;
  reject.conn = conn;
  static_assert(sizeof(reject.private_data) == wire::kLoginRejBytes);
  reject.length = static_cast<std::uint8_t>(
      wire::SerializeLoginRej({reason, tag, kBufFmtKnown}, reject.private_data));
  return reject;
}

}  // namespace srpt
