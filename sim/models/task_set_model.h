// The task sets of a few units, as several nexuses see them: what task management ends, what is
// answered, and which unit attentions follow. Disks that can be held make commands last. Each
// function says what comes back, and leaves the model as it is then.
#ifndef SIM_MODELS_TASK_SET_MODEL_H_
#define SIM_MODELS_TASK_SET_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/scsi/sense.h"
#include "core/wire/tsk_mgmt.h"
#include "sim/models/hand.h"

namespace srpt::sim::models {

struct TaskSetModel {
  static constexpr std::uint32_t kUnits = 3;
  static constexpr std::uint32_t kNexuses = 3;
  // Nexus 0 has two channels.
  static constexpr std::array<std::uint32_t, 4> kNexusOf{0, 0, 1, 2};
  static constexpr std::size_t kChannels = kNexusOf.size();

  // The model's own mistakes, to see that the properties notice.
  enum class Wrong : std::uint8_t {
    kNothing,
    kAbortTaskSetEndsAll,   // Of other nexuses, too.
    kResetTellsNobody,      // No unit attention.
    kAbortReachesItsNexus,  // ABORT TASK of a command on another channel.
    kWritesAreRecalled,     // A reset does not wait for what the disk has.
  };

  struct Task {  // A command that a disk holds.
    std::size_t channel = 0;
    std::uint32_t unit = 0;
    bool writes = false;
    bool aborted = false;               // A write that ends in silence.
    std::vector<std::uint64_t> aborts;  // ABORT TASKs that wait for its end.
  };

  Wrong wrong = Wrong::kNothing;
  std::map<std::uint64_t, Task> tasks;
  std::array<bool, kUnits> held{};
  // Of each nexus at each unit, in order, each once.
  std::array<std::array<std::vector<scsi::Sense>, kUnits>, kNexuses> attentions;
  std::uint64_t next_tag = 1000;

  // Of this channel: what has no answer yet and still will, and what its initiator waits for.
  std::size_t Outstanding(std::size_t channel) const;

  Answers Send(std::uint64_t tag, std::size_t channel, std::uint32_t unit, Ask ask);
  Answers AbortTask(std::uint64_t tag, std::size_t channel, std::uint32_t unit, std::uint64_t task);
  // ABORT TASK SET, CLEAR TASK SET, LUN RESET.
  Answers EndTasks(std::uint64_t tag, std::size_t channel, std::uint32_t unit,
                   wire::TskMgmtFunction function);
  void Hold(std::uint32_t unit) { held[unit] = true; }
  Answers LetGo(std::uint32_t unit);

 private:
  void Establish(std::uint32_t nexus, std::uint32_t unit, const scsi::Sense& sense);
};

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_TASK_SET_MODEL_H_
