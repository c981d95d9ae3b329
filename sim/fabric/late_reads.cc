// READs whose data are fetched late: when their completion is due.
#include "sim/fabric/fabric.h"

namespace srpt::sim {

// READs stay in order among themselves.
bool Fabric::IsLate(const Connection& c, const WorkRequest& read) {
  if (c.silent) return false;
  return !c.late_reads.empty() ||
         env_.faults->Strikes(FaultKind::kLateRead, read.entity, read.ordinal);
}

void Fabric::PutLate(Connection& c, const WorkRequest& read) {
  const Duration late = env_.faults->Length(FaultKind::kLateRead, read.entity, read.ordinal,
                                            Microseconds(10), Milliseconds(2));
  env_.trace->Add(now(), c.id.v, "RDMA READ is late", read.rkey.v, read.length);
  c.late_reads.push_back(read);
  Completion completion;
  completion.kind = Completion::Kind::kUnsignaled;
  completion.late = true;
  if (read.signaled) {
    completion.kind = Completion::Kind::kRdma;
    completion.id = read.id;
    completion.number = read.number;
  }
  Put(c, c.completions, completion, late);
}

void Fabric::FetchLate(Connection& c, Completion& completion) {
  const WorkRequest read = c.late_reads.front();
  c.late_reads.pop_front();
  const bool answered = c.peer_qp == PeerQp::kUp;
  completion.status = answered ? Move(c, read) : WorkStatus::kRetryExceeded;
  if (completion.status == WorkStatus::kOk) return;
  if (!read.signaled) completion.kind = Completion::Kind::kQpFailed;
  FlushLate(c, true);
  if (answered) return FailBoth(c, completion.status);
  SetTargetError(c);
}

// The queue pair failed. What was posted behind a READ without data has not succeeded either, even
// if it was executed.
void Fabric::FlushLate(Connection& c, bool all) {
  if (c.late_reads.empty() && !all) return;
  c.late_reads.clear();
  bool flushed = all;
  for (Completion& completion : c.completions.entries) {
    flushed = flushed || completion.late;
    completion.late = false;
    if (flushed && completion.status == WorkStatus::kOk) completion.status = WorkStatus::kFlushed;
  }
}

}  // namespace srpt::sim
