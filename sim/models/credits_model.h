// What the credits of one channel do, as its initiator sees it; disks that can be held make
// commands last. Each function says what comes back, and leaves the model as it is then.
#ifndef SIM_MODELS_CREDITS_MODEL_H_
#define SIM_MODELS_CREDITS_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/models/hand.h"

namespace srpt::sim::models {

struct CreditsModel {
  static constexpr int kGranted = 6;
  static constexpr std::uint32_t kDisks = 2;

  struct Task {  // A command that a disk holds.
    std::uint32_t disk = 0;
    bool writes = false;
    bool aborted = false;
    std::vector<std::uint64_t> aborts;  // ABORT TASKs that wait for its end.
  };

  // granted == credits + outstanding + those of aborted commands at a disk + owed
  int credits = kGranted;
  int owed = 0;  // They come with the next RSP.
  std::map<std::uint64_t, Task> tasks;
  std::array<bool, kDisks> held{};
  std::uint64_t next_tag = 1000;
  // The model's own mistake, to see that the properties notice: an abort gives the credit back.
  bool wrong = false;

  std::size_t Outstanding() const {
    // A write's tag stays taken until its abort is answered, a read's does not.
    std::size_t n = 0;
    for (const auto& [tag, task] : tasks) {
      n += task.aborts.size() + (task.aborted && !task.writes ? 0 : 1);
    }
    return n;
  }

  Answers Send(std::uint64_t tag, Ask ask, std::uint32_t disk) {
    Answers answers;
    Take(tag);
    if (UsesDisk(ask) && held[disk]) {
      tasks[tag] = {disk, Writes(ask), false, {}};
    } else {
      Bring(answers, Answer::Good(0, tag));
    }
    BringIfStarved();
    return answers;
  }

  Answers Abort(std::uint64_t tag, std::uint64_t task) {
    Answers answers;
    Take(tag);
    const auto at = tasks.find(task);
    if (at != tasks.end() && at->second.writes) {
      at->second.aborted = true;
      at->second.aborts.push_back(tag);  // Nothing can recall it.
    } else {
      if (at != tasks.end()) at->second.aborted = true;  // Its credit stays where it is.
      if (at != tasks.end() && wrong) ++owed;
      Bring(answers, Answer::Managed(0, tag, wire::RspCode::kComplete));
    }
    BringIfStarved();
    return answers;
  }

  void Hold(std::uint32_t disk) { held[disk] = true; }

  // True: some of the disk's commands are answered and others end in silence, in any order.
  bool IsMixed(std::uint32_t disk) const {
    bool answered = false;
    bool silent = false;
    for (const auto& [tag, task] : tasks) {
      if (task.disk != disk) continue;
      answered = answered || !task.aborted || !task.aborts.empty();
      silent = silent || task.aborted;
    }
    return answered && silent;
  }

  // If it is mixed, a TEST UNIT READY with `tag` follows: it brings what came after the last RSP.
  Answers LetGo(std::uint32_t disk, std::uint64_t tag) {
    Answers answers;
    const bool mixed = IsMixed(disk);
    held[disk] = false;
    for (auto at = tasks.begin(); at != tasks.end();) {
      if (at->second.disk != disk) {
        ++at;
        continue;
      }
      if (at->second.aborted) {
        ++owed;
      } else {
        Bring(answers, Answer::Good(0, at->first));
      }
      for (const std::uint64_t abort : at->second.aborts) {
        Bring(answers, Answer::Managed(0, abort, wire::RspCode::kComplete));
      }
      at = tasks.erase(at);
    }
    if (mixed) {
      Take(tag);
      Bring(answers, Answer::Good(0, tag));
    }
    BringIfStarved();
    Sort(answers);
    return answers;
  }

 private:
  void Take(std::uint64_t tag) {
    --credits;
    next_tag = tag + 1;
  }
  // A RSP brings its own credit and all that are owed.
  void Bring(Answers& answers, const Answer& answer) {
    credits += 1 + owed;
    owed = 0;
    answers.push_back(answer);
  }
  // ib_srp sends no command with one credit left: a CRED_REQ brings what is owed.
  void BringIfStarved() {
    if (credits >= 2) return;
    credits += owed;
    owed = 0;
  }
};

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_CREDITS_MODEL_H_
