// The seam of tests (seam.h): counts the calls, makes the N-th one fail, and counts what was made
// and not ended. What does not fail goes on to `below`: the libraries (seam.cc, built under that
// name) or a network within the process (fake_verbs.h).
//
// A call that fails does nothing and says so as the library would: null or -1 and errno, or the
// error's number. One that ends something ends it and then says that it failed, as it does when the
// device went away. A call that would have had nothing to report (a poll of an empty queue) is not
// counted: there would be no end of them.
#ifndef TARGET_VERBS_FAILING_SEAM_H_
#define TARGET_VERBS_FAILING_SEAM_H_

#include <cstdint>
#include <map>
#include <string>

namespace srpt::target::verbs {

enum class Failure : std::uint8_t {
  // ENOMEM, EAGAIN: the next try may work. A poll fails, and the next one gives what was there.
  kTransient,
  // EINVAL, EIO. A poll gives the completion of a work request that failed.
  kHard,
};

class FailurePoints {
 public:
  // The `n`-th call from now on, counted from 1, of this name; of any, if it is empty. 0: none.
  static void Fail(std::uint64_t n, Failure how, const std::string& name = "");
  // The calls so far, by name.
  static std::map<std::string, std::uint64_t> calls();
  // The name of the call that was made to fail; empty: none yet.
  static std::string failed();
  // What was made and not ended, as "2 queue pairs, 1 id"; empty: nothing.
  static std::string Alive();
};

}  // namespace srpt::target::verbs

#endif  // TARGET_VERBS_FAILING_SEAM_H_
