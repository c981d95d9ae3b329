#include "sim/campaign.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/fingerprint.h"

namespace srpt::sim {
namespace {

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : options_(options) {}
  CampaignResult Go();

 private:
  double Elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  // The next seed, counted from the first. False: it is over.
  bool Next(std::uint64_t* index);
  void Work();
  void Tick();
  // What came in, as far as no earlier seed is missing.
  void Drain();
  void Count(Outcome& outcome);
  void TellFailures();

  const CampaignOptions& options_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  std::mutex mutex_;  // Of all below.
  std::uint64_t next_ = 0;
  std::uint64_t drained_ = 0;
  // Waits for those before it; so many as are run while one slow seed is.
  std::map<std::uint64_t, Outcome> waiting_;
  Fingerprint fingerprint_;
  std::map<std::string, std::size_t> known_;  // Signature -> index of result_.failures.
  std::deque<Failure> untold_;
  CampaignResult result_;
  std::condition_variable over_;
  bool is_over_ = false;

  std::mutex telling_;  // Held while somebody outside is told; taken before mutex_.
};

bool Campaign::Next(std::uint64_t* index) {
  const std::lock_guard lock(mutex_);
  if (next_ == options_.seeds) return false;
  if (options_.seconds > 0 && Elapsed() >= options_.seconds) return false;
  *index = next_++;
  return true;
}

void Campaign::Work() {
  for (std::uint64_t index = 0; Next(&index);) {
    Plant(options_.plant);  // (Telling of a failure may switch it off.)
    Outcome outcome = options_.run(options_.first + index);
    {
      const std::lock_guard telling(telling_);
      const std::lock_guard lock(mutex_);
      result_.totals.Add(outcome);
      waiting_.emplace(index, std::move(outcome));
      Drain();
    }
    TellFailures();
  }
  Plant(PlantedBug::kNone);
}

void Campaign::Drain() {
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first == drained_; ++drained_) {
    fingerprint_.Add(it->second.fingerprint);
    if (options_.on_outcome) options_.on_outcome(it->second);
    if (!it->second.breach.empty()) Count(it->second);
    it = waiting_.erase(it);
  }
}

void Campaign::Count(Outcome& outcome) {
  const std::string signature = outcome.breach.Signature();
  const auto known = known_.find(signature);
  if (known != known_.end()) {
    ++result_.failures[known->second].seeds;
    return;
  }
  if (result_.failures.size() == kFailuresMax) {
    ++result_.other_failures;
    return;
  }
  known_.emplace(signature, result_.failures.size());
  result_.failures.push_back(
      {signature, outcome.broken, std::move(outcome.report), outcome.seed, 1});
  if (options_.on_failure) untold_.push_back(result_.failures.back());
}

// Without mutex_: to write a failure down takes a run of its own.
void Campaign::TellFailures() {
  const std::lock_guard telling(telling_);
  for (;;) {
    Failure failure;
    {
      const std::lock_guard lock(mutex_);
      if (untold_.empty()) return;
      failure = std::move(untold_.front());
      untold_.pop_front();
    }
    options_.on_failure(failure);
  }
}

void Campaign::Tick() {
  const auto every = std::chrono::duration<double>(options_.progress_every);
  for (;;) {
    Totals totals;
    {
      std::unique_lock lock(mutex_);
      if (over_.wait_for(lock, every, [this] { return is_over_; })) return;
      totals = result_.totals;
    }
    const std::lock_guard telling(telling_);
    options_.on_progress(totals, Elapsed());
  }
}

CampaignResult Campaign::Go() {
  const std::clock_t cpu_began = std::clock();
  std::thread ticker;
  if (options_.on_progress) ticker = std::thread([this] { Tick(); });
  std::vector<std::thread> threads;
  for (unsigned j = 1; j < options_.jobs; ++j) threads.emplace_back([this] { Work(); });
  Work();
  for (std::thread& thread : threads) thread.join();
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
  if (ticker.joinable()) ticker.join();
  result_.fingerprint = fingerprint_.value();
  Spent& spent = result_.spent;
  spent.seconds = std::max(1e-6, Elapsed());
  spent.cpu_seconds =
      std::max(1e-6, static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC);
  spent.memory = PeakMemoryBytes();
  spent.jobs = options_.jobs;
  return std::move(result_);
}

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) { return Campaign(options).Go(); }

}  // namespace srpt::sim
