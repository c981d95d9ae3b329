// The daemon's log: spdlog on stderr, one line an entry.
#ifndef TARGET_LOG_H_
#define TARGET_LOG_H_

#include <string>

#include "core/action.h"

namespace srpt::target {

// `level`: debug, info, warning or error. Under journald (JOURNAL_STREAM) lines carry no time of
// their own. False: no such level.
bool InitLog(const std::string& level);

// What core has to say.
void WriteLog(const action::Log& log);

}  // namespace srpt::target

#endif  // TARGET_LOG_H_
