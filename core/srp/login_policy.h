// Who may log in: a pure function from a connection request to a grant or a refusal. What depends
// on the sessions that exist already (channel limit, room) is asked apart, once the nexus is known.
//
// Order of the checks: as SCST's ib_srpt, so that the same mistake gets the same reason there and
// here. Every refusal says in words what would have let the login in.
#ifndef CORE_SRP_LOGIN_POLICY_H_
#define CORE_SRP_LOGIN_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/action.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "core/config.h"
#include "core/event.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"

namespace srpt {

// The target as it is when the login comes.
struct LoginTerms {
  const Parameters* parameters = nullptr;
  std::string_view target;
  bool enabled = false;
  bool shutting_down = false;
};

struct LoginRefusal {
  wire::LoginRejReason reason = wire::LoginRejReason::kUnspecified;
  Tag tag;                            // The login's, as far as it could be read.
  std::optional<wire::LoginReq> req;  // If it could be parsed.
  std::string why;                    // What is wrong, and what would be right.
};

struct LoginGrant {
  wire::LoginReq req;
  std::uint16_t imm_data_offset = 0;  // 0: no immediate data on this channel.
  std::uint8_t rdma_read_depth = 0;
  std::uint8_t login_rsp_flags = 0;  // Without the multichannel result.
};

Result<LoginGrant, LoginRefusal> JudgeLogin(const LoginTerms& terms,
                                            const event::LoginRequested& login);

// What a login finds whose nexus is known.
struct ChannelTerms {
  std::size_t beside = 0;      // Channels of its nexus that would stay beside the new one.
  std::size_t in_all = 0;      // Those too that are ending.
  bool nexuses_full = false;   // It needs a new nexus, and the table is full.
  bool shards_full = false;    // No shard has room for the channel;
  std::uint32_t srq_size = 0;  // if not 0: with shared queues of this size one would.
};
std::optional<LoginRefusal> JudgeChannel(const Parameters& parameters, const wire::LoginReq& req,
                                         const ChannelTerms& terms);
// "shard 0 has no room ...: what would let it in", for `srq_size` as above.
std::string DescribeNoRoom(std::string who, std::uint32_t srq_size);

// "login from 192.168.7.2 to fe80:...:f34b (i_port_id 0x..., t_port_id 0x...)", the beginning of
// every line about a login.
std::string DescribeLogin(const PeerAddress& source, std::string_view target,
                          const wire::LoginReq* req);
// "... rejected: 0x00010001 (insufficient resources): why".
std::string DescribeRefusal(std::string_view login, const LoginRefusal& refusal);

// The whole answer to a refused login.
action::Reject MakeReject(ConnId conn, wire::LoginRejReason reason, const Tag& tag);

}  // namespace srpt

#endif  // CORE_SRP_LOGIN_POLICY_H_
