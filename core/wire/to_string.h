// One line of text for each IU, for logs and test failures. Allocates, and so is a library of its
// own (//core/wire:to_string) that the target's core does not use.
#ifndef CORE_WIRE_TO_STRING_H_
#define CORE_WIRE_TO_STRING_H_

#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/wire/aer.h"
#include "core/wire/cmd.h"
#include "core/wire/cred.h"
#include "core/wire/data_descriptor.h"
#include "core/wire/login_rej.h"
#include "core/wire/login_req.h"
#include "core/wire/login_rsp.h"
#include "core/wire/logout.h"
#include "core/wire/rsp.h"
#include "core/wire/tsk_mgmt.h"

namespace srpt::wire {

std::string Hex(Bytes bytes);  // Lower case, no separators.

std::string ToString(const Tag& tag);
std::string ToString(const LoginReq& req);
std::string ToString(const LoginRsp& rsp);
std::string ToString(const LoginRej& rej);
std::string ToString(const Cmd& cmd);
std::string ToString(const TskMgmt& request);
std::string ToString(const Rsp& rsp);
std::string ToString(const ILogout& logout);
std::string ToString(const TLogout& logout);
std::string ToString(const CredReq& req);
std::string ToString(const CredRsp& rsp);
std::string ToString(const AerReq& req);
std::string ToString(const AerRsp& rsp);
std::string ToString(const Direct& direct);
std::string ToString(const BufferLayout& layout);

// Any IU by its opcode, or why it cannot be read and its first bytes.
std::string DescribeIu(Bytes iu);

}  // namespace srpt::wire

#endif  // CORE_WIRE_TO_STRING_H_
