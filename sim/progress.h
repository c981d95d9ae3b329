// A line that says how far something is: on a terminal rewritten in place, elsewhere a new line now
// and then.
#ifndef SIM_PROGRESS_H_
#define SIM_PROGRESS_H_

#include <cstdio>
#include <string>

namespace srpt::sim {

class Progress {
 public:
  // `file` outlives this.
  explicit Progress(std::FILE* file);
  Progress(std::FILE* file, bool terminal) : file_(file), terminal_(terminal) {}

  // At `seconds`. Where lines stay, those are left out that come too soon after another.
  void Say(const std::string& line, double seconds);
  // Takes the line away, so that something else can be printed.
  void Clear();

 private:
  static constexpr double kEvery = 10;  // Seconds between lines that stay.
  std::FILE* file_;
  bool terminal_;
  bool shown_ = false;
  double said_ = 0;
};

}  // namespace srpt::sim

#endif  // SIM_PROGRESS_H_
