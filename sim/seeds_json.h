// The fingerprint of each seed and of the whole campaign, as JSON. Written as the seeds come.
#ifndef SIM_SEEDS_JSON_H_
#define SIM_SEEDS_JSON_H_

#include <cstdio>
#include <string>

#include "sim/campaign.h"

namespace srpt::sim {

class SeedsJson {
 public:
  SeedsJson() = default;
  ~SeedsJson();
  SeedsJson(const SeedsJson&) = delete;
  SeedsJson& operator=(const SeedsJson&) = delete;

  // False: errno says why not.
  bool Open(const std::string& name);
  void Add(const Outcome& outcome);
  // Closes the file. False: not all of it could be written.
  bool Finish(const CampaignResult& result);

 private:
  std::FILE* file_ = nullptr;
  bool any_ = false;
};

}  // namespace srpt::sim

#endif  // SIM_SEEDS_JSON_H_
