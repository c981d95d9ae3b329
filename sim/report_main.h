// srpt_sim --report: a failure explained, as text and files.
#ifndef SIM_REPORT_MAIN_H_
#define SIM_REPORT_MAIN_H_

#include "sim/options.h"

namespace srpt::sim {

// Of the run of a seed, or of a recorded one (--replay). The exit status: 1 something broke and is
// told of, 0 all held and there is nothing to tell, 2 a file could not be read or written.
int RunReport(const Options& options);

}  // namespace srpt::sim

#endif  // SIM_REPORT_MAIN_H_
