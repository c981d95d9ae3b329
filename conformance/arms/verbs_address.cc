#include "conformance/arms/verbs_address.h"

#include <netdb.h>

#include <cstring>

namespace srpt::arms {

Result<SocketAddress, std::string> ParseSocketAddress(std::string_view text) {
  std::string host(text);
  std::string port = "0";
  const std::size_t bracket = text.find(']');
  if (!text.empty() && text[0] == '[' && bracket != std::string_view::npos) {
    host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (!rest.empty() && rest[0] == ':') port = rest.substr(1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) {
    return Err{"'" + std::string(text) + "': " + gai_strerror(status) +
               "; expected A.B.C.D:PORT or [IPV6%IF]:PORT"};
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

}  // namespace srpt::arms
