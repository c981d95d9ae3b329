// The unit attentions of one I_T nexus, as the director keeps them: for each unit a queue, each
// condition in it once. A shard only knows that there is something to ask for.
#ifndef CORE_SRP_UNIT_ATTENTIONS_H_
#define CORE_SRP_UNIT_ATTENTIONS_H_

#include <map>
#include <vector>

#include "core/base/types.h"
#include "core/message.h"

namespace srpt {

// Additional sense codes (SPC-5 table F.2) and when they are established here.
// [R-AER-03]
inline constexpr UnitAttention kUaReset{0x29, 0x00};      // New nexus or unit; LUN RESET.
inline constexpr UnitAttention kUaNexusLoss{0x29, 0x07};  // A login replaced the nexus's channels.
inline constexpr UnitAttention kUaCleared{0x2f, 0x00};    // Another nexus's CLEAR TASK SET.
inline constexpr UnitAttention kUaMode{0x2a, 0x01};       // Write protection came or went.
inline constexpr UnitAttention kUaAluaChanged{0x2a, 0x06};  // Some port's state for this unit.
inline constexpr UnitAttention kUaCapacity{0x2a, 0x09};     // RESIZE.
inline constexpr UnitAttention kUaInquiry{0x3f, 0x03};      // ALUA came or went (TPGS, VPD 83).
inline constexpr UnitAttention kUaLuns{0x3f, 0x0e};         // A LUN came or went. Once a session.

class UnitAttentions {
 public:
  struct Answer {
    bool has = false;
    UnitAttention attention;
    bool more = false;  // Another one is queued for this unit behind it.
  };

  // True if the unit had none pending: now the shards must be told. A condition that is queued
  // already is not queued again, nor is a nexus loss behind a reset, which says more.
  bool Push(LuId lu, UnitAttention attention);
  // The oldest of this unit, once. kUaLuns is about all units: taken at one, it is gone at all.
  Answer Take(LuId lu);
  // One that Take gave out and nobody was told: first again, unless it came anew meanwhile.
  void PutBack(LuId lu, UnitAttention attention);
  // The nexus sees this unit no more.
  void Drop(LuId lu) { queues_.erase(lu); }

  const std::map<LuId, std::vector<UnitAttention>>& queues() const { return queues_; }

 private:
  std::map<LuId, std::vector<UnitAttention>> queues_;  // Never an empty one.
};

}  // namespace srpt

#endif  // CORE_SRP_UNIT_ATTENTIONS_H_
