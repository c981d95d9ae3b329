#include "target/verbs/id_destroyer.h"

#include "target/verbs/cm_context.h"
#include "target/verbs/seam.h"

namespace srpt::target {

IdDestroyer::IdDestroyer() {
  for (std::thread& thread : threads_) thread = std::thread([this] { Run(); });
}

IdDestroyer::~IdDestroyer() {
  Finish();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void IdDestroyer::Destroy(rdma_cm_id* id) {
  id->context = cm_context::Nobody();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(id);
  }
  work_.notify_one();
}

void IdDestroyer::Finish() {
  std::unique_lock lock(mutex_);
  gone_.wait(lock, [this] { return waiting_.empty() && busy_ == 0; });
}

bool IdDestroyer::backed_up() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() >= kIdsEndingMax;
}

void IdDestroyer::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    rdma_cm_id* const id = waiting_.front();
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    verbs::DestroyId(id);
    lock.lock();
    if (--busy_ == 0 && waiting_.empty()) gone_.notify_all();
  }
}

}  // namespace srpt::target
