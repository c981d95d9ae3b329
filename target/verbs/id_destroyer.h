// Destroys connection ids on threads of its own, because rdma_destroy_id can wait for long in the
// kernel: until no CM message of the id is under way any more. After a peer that withdrew its
// request Linux 6.1 was seen to wait 67 s, and no thread that serves others may wait with it.
//
// One for the process. Any thread may call it.
#ifndef TARGET_VERBS_ID_DESTROYER_H_
#define TARGET_VERBS_ID_DESTROYER_H_

#include <rdma/rdma_cma.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace srpt::target {

// From this many ids on no connection request is taken: they wait, and then the kernel refuses
// them, so that peers who withdraw theirs cannot make us keep ever more.
inline constexpr std::size_t kIdsEndingMax = 1024;

class IdDestroyer {
 public:
  IdDestroyer();
  ~IdDestroyer();
  IdDestroyer(const IdDestroyer&) = delete;
  IdDestroyer& operator=(const IdDestroyer&) = delete;

  // The id is this one's from now on. It has no queue pair any more; whoever polls its event
  // channel ignores what still comes of it (cm_context::Nobody).
  void Destroy(rdma_cm_id* id);
  // Waits until all are gone: an event channel may not go before its ids.
  void Finish();
  // Too many wait: take no new connection.
  bool backed_up() const;

 private:
  void Run();

  // As many ids can hang in the kernel before others wait behind them.
  static constexpr std::size_t kThreads = 8;

  mutable std::mutex mutex_;  // Guards all but the threads.
  std::condition_variable work_;
  std::condition_variable gone_;
  std::deque<rdma_cm_id*> waiting_;
  std::size_t busy_ = 0;
  bool stop_ = false;
  std::array<std::thread, kThreads> threads_;
};

}  // namespace srpt::target

#endif  // TARGET_VERBS_ID_DESTROYER_H_
