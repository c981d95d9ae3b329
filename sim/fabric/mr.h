// The initiators' registered memory: what the target's RDMA may touch, and what it may not any
// more.
#ifndef SIM_FABRIC_MR_H_
#define SIM_FABRIC_MR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/types.h"
#include "sim/content.h"
#include "sim/decisions.h"
#include "sim/peer.h"

namespace srpt::sim {

class MemoryRegions {
 public:
  struct Entry {
    Content content;
    RemoteAddr va;
    HostId host;
    std::uint32_t bytes = 0;
    std::uint32_t rights = 0;
    std::uint16_t generation = 0;
    bool registered = false;
    std::uint64_t accesses = 0;  // That moved bytes.
    Lineage lineage;
  };

  // Keys are never used twice.
  Region Register(HostId host, std::uint32_t bytes, std::uint32_t rights, Content::Form form,
                  std::uint64_t fill, Lineage lineage);
  void Deregister(RKey rkey);
  // Null: not registered (any more).
  Entry* Find(RKey rkey);
  const Entry* Find(RKey rkey) const;

  // Why an access by `host`'s connection is refused, or null: then `entry` and `offset` say where.
  const char* Check(HostId host, RKey rkey, RemoteAddr va, std::uint32_t length,
                    std::uint32_t rights, Entry** entry, std::uint64_t* offset);

  std::size_t registered() const { return registered_; }

 private:
  static constexpr std::uint32_t kSlotBits = 16;
  static constexpr std::uint32_t kSlotMask = (1u << kSlotBits) - 1;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<std::uint32_t> free_;
  std::size_t registered_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_FABRIC_MR_H_
