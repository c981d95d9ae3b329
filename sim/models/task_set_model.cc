#include "sim/models/task_set_model.h"

#include <algorithm>

namespace srpt::sim::models {

using wire::RspCode;
using F = wire::TskMgmtFunction;

// A write that was aborted in vain is forgotten by whoever sent it, unless an ABORT TASK waits.
std::size_t TaskSetModel::Outstanding(std::size_t channel) const {
  std::size_t n = 0;
  for (const auto& [tag, task] : tasks) {
    if (task.channel != channel) continue;
    n += task.aborts.size() + (task.aborted ? 0 : 1);
  }
  return n;
}

Answers TaskSetModel::Send(std::uint64_t tag, std::size_t channel, std::uint32_t unit, Ask ask) {
  next_tag = tag + 1;
  std::vector<scsi::Sense>& told = attentions[kNexusOf[channel]][unit];
  if (!told.empty() && ask != Ask::kInquiry) {
    const scsi::Sense sense = told.front();
    told.erase(told.begin());
    return {Answer::Check(channel, tag, sense)};
  }
  if (!UsesDisk(ask) || !held[unit]) return {Answer::Good(channel, tag)};
  tasks[tag] = {channel, unit, Writes(ask), false, {}};
  return {};
}

Answers TaskSetModel::AbortTask(std::uint64_t tag, std::size_t channel, std::uint32_t unit,
                                std::uint64_t task) {
  next_tag = tag + 1;
  const auto at = tasks.find(task);
  const bool reaches_nexus = wrong == Wrong::kAbortReachesItsNexus;
  const auto mine = [&](const Task& t) {
    return reaches_nexus ? kNexusOf[t.channel] == kNexusOf[channel] : t.channel == channel;
  };
  // It was answered, or never came: no reason to complain.
  if (at == tasks.end() || !mine(at->second)) {
    return {Answer::Managed(channel, tag, RspCode::kComplete)};
  }
  if (at->second.unit != unit) return {Answer::Managed(channel, tag, RspCode::kFieldsInvalid)};
  if (at->second.writes) {
    at->second.aborted = true;
    at->second.aborts.push_back(tag);
    return {};
  }
  tasks.erase(at);
  return {Answer::Managed(channel, tag, RspCode::kComplete)};
}

Answers TaskSetModel::EndTasks(std::uint64_t tag, std::size_t channel, std::uint32_t unit,
                               F function) {
  next_tag = tag + 1;
  const std::uint32_t nexus = kNexusOf[channel];
  const bool own = function == F::kAbortTaskSet && wrong != Wrong::kAbortTaskSetEndsAll;
  bool in_vain = false;
  for (auto at = tasks.begin(); at != tasks.end();) {
    Task& task = at->second;
    const bool ends = task.unit == unit && (!own || kNexusOf[task.channel] == nexus);
    if (ends && task.writes) {
      task.aborted = true;
      in_vain = true;  // It does not end in time.
    }
    at = ends && !task.writes ? tasks.erase(at) : std::next(at);
  }
  if (in_vain && wrong != Wrong::kWritesAreRecalled) {
    return {Answer::Managed(channel, tag, RspCode::kFunctionFailed)};
  }
  for (std::uint32_t n = 0; n < kNexuses; ++n) {
    if (function == F::kLunReset && wrong != Wrong::kResetTellsNobody) {
      Establish(n, unit, scsi::kUaPowerOn);  // The asker as well.
    }
    if (function == F::kClearTaskSet && n != nexus) Establish(n, unit, scsi::kUaCommandsCleared);
  }
  return {Answer::Managed(channel, tag, RspCode::kComplete)};
}

Answers TaskSetModel::LetGo(std::uint32_t unit) {
  held[unit] = false;
  Answers answers;
  for (auto at = tasks.begin(); at != tasks.end();) {
    const Task& task = at->second;
    if (task.unit != unit) {
      ++at;
      continue;
    }
    if (!task.aborted) answers.push_back(Answer::Good(task.channel, at->first));
    for (const std::uint64_t abort : task.aborts) {
      answers.push_back(Answer::Managed(task.channel, abort, RspCode::kComplete));
    }
    at = tasks.erase(at);
  }
  Sort(answers);
  return answers;
}

void TaskSetModel::Establish(std::uint32_t nexus, std::uint32_t unit, const scsi::Sense& sense) {
  std::vector<scsi::Sense>& told = attentions[nexus][unit];
  if (std::find(told.begin(), told.end(), sense) == told.end()) told.push_back(sense);
}

}  // namespace srpt::sim::models
