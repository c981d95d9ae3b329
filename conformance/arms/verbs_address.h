// Socket addresses from text. Numeric only: no name service is asked.
#ifndef CONFORMANCE_ARMS_VERBS_ADDRESS_H_
#define CONFORMANCE_ARMS_VERBS_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace srpt::arms {

struct SocketAddress {
  sockaddr_storage storage{};
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// "10.0.1.1:5555", "[fe80::1%dummy0]:5555"; without a port ("10.0.1.1", "fe80::1%dummy0") it is 0.
// The error says what was expected.
Result<SocketAddress, std::string> ParseSocketAddress(std::string_view text);

}  // namespace srpt::arms

#endif  // CONFORMANCE_ARMS_VERBS_ADDRESS_H_
