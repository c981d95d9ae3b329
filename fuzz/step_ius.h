// What a peer sends, as the bytes of an input choose it: right in most of its fields, or anything.
#ifndef FUZZ_STEP_IUS_H_
#define FUZZ_STEP_IUS_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "fuzz/input.h"

namespace srpt::fuzz {

inline constexpr std::size_t kIuBytesMax = 1280;
// Where the immediate data of a peer that negotiated it starts.
inline constexpr std::uint16_t kImmediateAt = 80;

// Each writes to the start of `out`, which has room for kIuBytesMax, and returns the length.
std::size_t MakeCmd(Input& input, MutableBytes out);
std::size_t MakeTskMgmt(Input& input, MutableBytes out);
// A logout, an answer to a request of ours, whether there is one or not, something only a target
// sends, or raw bytes.
std::size_t MakeOther(Input& input, MutableBytes out);
// Sometimes one byte is not what it was, or the end is missing. Returns the new length.
std::size_t Spoil(Input& input, MutableBytes iu);

// Like CMD n of a burst: a READ or a WRITE of one block, its tag n.
std::size_t MakeSimpleCmd(std::uint8_t n, bool write, MutableBytes out);

// What comes back when a RDMA READ is done: descriptors as a partial table would have them.
void FillFetched(Input& input, MutableBytes memory);

// LOGIN_REQ of one of two initiators, `cm` in the RDMA/CM form; 92 bytes are enough for either.
std::size_t MakeLogin(Input& input, bool cm, MutableBytes out);

}  // namespace srpt::fuzz

#endif  // FUZZ_STEP_IUS_H_
