// One request line of the admin socket: answered from what is there, or turned into a change to
// make.
#ifndef TARGET_ADMIN_REQUEST_H_
#define TARGET_ADMIN_REQUEST_H_

#include <string>
#include <string_view>
#include <variant>

#include "target/admin/host.h"
#include "target/admin/tree.h"

namespace srpt::target {

// The line to send, without its newline; or what to do before there is one. Total: any bytes do.
using Outcome = std::variant<std::string, Change>;
Outcome Understand(const AdminHost& host, std::string_view line);

std::string AnswerOk();
std::string AnswerError(std::string_view text);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_REQUEST_H_
