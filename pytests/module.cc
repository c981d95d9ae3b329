// The Python module srptest: core's wire codec and initiator, and the arms, for tests in Python.
#include <cstdio>

#include "core/base/check.h"
#include "pytests/bind.h"

namespace {

void PrintCheck(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
  std::fflush(stderr);
}

}  // namespace

PYBIND11_MODULE(srptest, m) {
  m.doc() =
      "SRP for tests: wire (every IU, parse and to_bytes), cdb (CDBs and sense data), initiator "
      "(a\n"
      "sans-I/O SRP initiator that names what a target does wrong), arms (ways to reach a "
      "target).\n"
      "Multi-byte fields are Python ints in host order; tags, LUNs and port ids are bytes.";
  srpt::SetCheckHandler(PrintCheck);
  auto wire = m.def_submodule("wire", "SRP information units.");
  srpt::py::BindWire(wire);
  srpt::py::BindWireRequests(wire);
  srpt::py::BindWireResponses(wire);
  srpt::py::BindDescriptors(wire);
  auto cdb = m.def_submodule("cdb", "CDBs as bytes, and reading sense data.");
  srpt::py::BindCdb(cdb);
  auto initiator = m.def_submodule("initiator", "A sans-I/O SRP initiator.");
  srpt::py::BindInitiator(initiator);
  auto arms = m.def_submodule("arms", "Ways to reach a target: connections, memory, events, time.");
  srpt::py::BindArms(arms);
  srpt::py::BindSim(arms);
}
