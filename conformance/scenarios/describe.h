// IUs in the few words that a log has room for: what matters to who reads a scenario, without what
// says nothing ("sol_not 0").
#ifndef CONFORMANCE_SCENARIOS_DESCRIBE_H_
#define CONFORMANCE_SCENARIOS_DESCRIBE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/event.h"
#include "core/wire/data_descriptor.h"

namespace srpt::scenarios {

// How a piece of an initiator's memory is called: "A.1.in+512:512".
using MemoryNames = std::function<std::string(const wire::Direct&)>;

// A number if the tag is one, else its text in quotes, else hexadecimal.
std::string TagText(const Tag& tag);
// "10.510": milliseconds and microseconds.
std::string TimeText(Time at);

// "90.5 s", "1 ms", "20 us".
std::string SpanText(Duration span);

// A LOGIN_REQ as REQ carries it.
std::string DescribeLoginReq(Bytes private_data, LoginForm form);
// LOGIN_RSP, LOGIN_REJ: the private data of REP and REJ.
std::string DescribeLoginAnswer(Bytes private_data);
// An IU of an initiator. `imm_data_offset`: as agreed at its login.
std::string DescribeToTarget(Bytes iu, std::uint16_t imm_data_offset, const MemoryNames& names);
// An IU of the target.
std::string DescribeToInitiator(Bytes iu);

// Bytes as runs of equal ones: "ee x 512, 00 x 3584"; beyond eight runs how many, and the first 16.
std::string DescribeBytes(Bytes bytes);

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_DESCRIBE_H_
