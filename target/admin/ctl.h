// `srpt ctl`: the admin socket from a shell.
#ifndef TARGET_ADMIN_CTL_H_
#define TARGET_ADMIN_CTL_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace srpt::target {

// What follows `srpt ctl`: argv[0] is already an option or the verb. Prints tables, or with --json
// the raw answer; 0, or 1 with the reason on stderr.
int CtlMain(int argc, char** argv);

struct CtlCommand {
  std::string socket = "/run/srpt.sock";
  bool json = false;
  bool help = false;
  std::string request;  // One JSON line, without its newline.
};
// The error names the verb and how it is written.
Result<CtlCommand, std::string> ParseCtl(const std::vector<std::string>& words);

// Prints an answer line for people; 0, or 1 for one that says no (then to `err`).
int PrintAnswer(const std::string& line, std::ostream& out, std::ostream& err);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_CTL_H_
