// srpt_sim: runs seeds and says how fast, what struck, and what broke; or plays a trace.
#include <cstdio>
#include <string>

#include "sim/campaign_main.h"
#include "sim/options.h"
#include "sim/traces_main.h"

namespace srpt::sim {
namespace {

int Main(int argc, char** argv) {
  Options options;
  const std::string wrong = ParseOptions(argc, argv, &options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "srpt_sim: %s\n%s", wrong.c_str(), kUsage);
    return 2;
  }
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  return WantsTraces(options) ? RunTraces(options) : RunSeeds(options);
}

}  // namespace
}  // namespace srpt::sim

int main(int argc, char** argv) { return srpt::sim::Main(argc, argv); }
