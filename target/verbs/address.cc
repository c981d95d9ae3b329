#include "target/verbs/address.h"

#include <arpa/inet.h>
#include <infiniband/ib.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace srpt::target {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

PeerAddress ToPeerAddress(const sockaddr* address) {
  PeerAddress peer;
  switch (address->sa_family) {
    case AF_INET: {
      sockaddr_in in;
      std::memcpy(&in, address, sizeof in);
      std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), peer.bytes.begin());
      std::memcpy(peer.bytes.data() + 12, &in.sin_addr, 4);
      break;
    }
    case AF_INET6: {
      sockaddr_in6 in6;
      std::memcpy(&in6, address, sizeof in6);
      std::memcpy(peer.bytes.data(), &in6.sin6_addr, 16);
      break;
    }
    case AF_IB: {
      sockaddr_ib ib;
      std::memcpy(&ib, address, sizeof ib);
      std::memcpy(peer.bytes.data(), &ib.sib_addr, 16);
      break;
    }
    default:
      break;
  }
  return peer;
}

std::string GidText(const std::array<std::uint8_t, 16>& gid) {
  std::string text;
  for (std::size_t i = 0; i < gid.size(); i += 2) {
    char group[8];
    std::snprintf(group, sizeof group, "%s%02x%02x", i == 0 ? "" : ":", gid[i], gid[i + 1]);
    text += group;
  }
  return text;
}

std::string AddressText(const PeerAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const auto& b = address.bytes;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), b.begin())) {
    inet_ntop(AF_INET, b.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, b.data(), text, sizeof text);
  }
  return text;
}

}  // namespace srpt::target
