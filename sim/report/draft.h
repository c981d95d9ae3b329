// The draft of a regression test: C++ that plays a run and expects that it holds.
#ifndef SIM_REPORT_DRAFT_H_
#define SIM_REPORT_DRAFT_H_

#include <string>
#include <string_view>

#include "sim/trace_file.h"

namespace srpt::sim {

// A whole source file, for a cc_test of sim. The run's planted bug, if it has one, is left out: the
// test says that without the mistake all holds.
std::string DraftTest(const TraceFile& trace, std::string_view what_broke);

}  // namespace srpt::sim

#endif  // SIM_REPORT_DRAFT_H_
