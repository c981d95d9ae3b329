// What srpt_sim does when it is asked to run seeds.
#ifndef SIM_CAMPAIGN_MAIN_H_
#define SIM_CAMPAIGN_MAIN_H_

#include "sim/options.h"

namespace srpt::sim {

// Exit status: 0 all held, 1 something broke, 2 a file that cannot be written.
int RunSeeds(const Options& options);

}  // namespace srpt::sim

#endif  // SIM_CAMPAIGN_MAIN_H_
