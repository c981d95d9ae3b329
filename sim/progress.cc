#include "sim/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace srpt::sim {
namespace {

// A line that is wrapped could not be rewritten.
std::string Fitting(std::FILE* file, const std::string& line) {
  winsize size{};
  const bool known = ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return line.substr(0, known ? size.ws_col - 1 : 79);
}

}  // namespace

Progress::Progress(std::FILE* file) : Progress(file, isatty(fileno(file)) != 0) {}

void Progress::Say(const std::string& line, double seconds) {
  if (terminal_) {
    std::fprintf(file_, "\r\033[K%s", Fitting(file_, line).c_str());
    shown_ = true;
  } else if (seconds - said_ >= kEvery) {
    said_ = seconds;
    std::fprintf(file_, "%s\n", line.c_str());
  }
  std::fflush(file_);
}

void Progress::Clear() {
  if (shown_) std::fputs("\r\033[K", file_);
  shown_ = false;
  std::fflush(file_);
}

}  // namespace srpt::sim
