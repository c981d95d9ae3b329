// Network addresses and GIDs as core and the configuration name them.
#ifndef TARGET_VERBS_ADDRESS_H_
#define TARGET_VERBS_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "core/base/types.h"

namespace srpt::target {

// An IPv6 address as it is, an IPv4 one mapped into it (::ffff:a.b.c.d), an AF_IB one as its GID;
// all zero for any other family. `address` points to a whole structure of its family.
PeerAddress ToPeerAddress(const sockaddr* address);

// Eight groups of four hex digits with colons between: an SCST target's name, and a native
// InfiniBand session's.
std::string GidText(const std::array<std::uint8_t, 16>& gid);

// For logs: dotted, or IPv6 in its usual short form.
std::string AddressText(const PeerAddress& address);

}  // namespace srpt::target

#endif  // TARGET_VERBS_ADDRESS_H_
