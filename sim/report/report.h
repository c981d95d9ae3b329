// The report of a failure: one screen of text, and the files that go with it.
//
//   report.txt        the screen
//   run.trace         the run as it was recorded
//   minimal.trace     what it takes (sim/trace_file.h)
//   draft_test.cc     a regression test to start from
//   report.html       the run as a sequence chart, step by step, in one page
//   capture.pcapng    the run as frames on a wire (docs/simulator.md says how to look at it)
#ifndef SIM_REPORT_REPORT_H_
#define SIM_REPORT_REPORT_H_

#include <string>
#include <vector>

#include "sim/report/explain.h"

namespace srpt::sim {

struct ReportSource {
  std::string commit;     // Of the code; empty: not known.
  std::string directory;  // Where the files are to be, as the reader would name it.
};

// One screen: at most 100 columns and about 60 lines.
std::vector<std::string> ReportText(const Explanation& e, const ReportSource& source);

// Makes the directory if need be and writes all files there. Empty, or what could not be written
// and why.
std::string WriteReport(const Explanation& e, const ReportSource& source);

// "R-INV-09": the requirement that an invariant stands for (conformance/requirements).
std::string RequirementOf(Invariant invariant);

}  // namespace srpt::sim

#endif  // SIM_REPORT_REPORT_H_
