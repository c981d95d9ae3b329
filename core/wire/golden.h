// Worked examples of every information unit, byte for byte: for the codec's tests, for whoever
// needs a real IU in a test, and as the seeds of the fuzzers. For tests only.
#ifndef CORE_WIRE_GOLDEN_H_
#define CORE_WIRE_GOLDEN_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace srpt::wire::golden {

using Buffer = std::vector<std::uint8_t>;

// Hex digits with spaces and line breaks anywhere between bytes; anything else fails a check.
Buffer FromHex(std::string_view text);

// it_iu 8260, direct and indirect, immediate data asked for at offset 68, single channel.
Buffer LoginReq64();
// The same in the RDMA/CM form.
Buffer LoginReqCm();
// 128 credits, it 8276, ti 260, immediate data supported.
Buffer LoginRsp();
// Reason 2, request too large; both formats supported.
Buffer LoginRej();
// READ(10), LBA 0x1000, 8 blocks, LUN 1, one direct descriptor (IN).
Buffer CmdReadDirect();
// WRITE(10), 8 KiB, indirect with 2 inline descriptors (OUT).
Buffer CmdWriteIndirect();
// WRITE(10), 512 bytes of immediate data (n & ff) at offset 68; 580 bytes in all.
Buffer CmdWriteImmediate();
// WRITE(10), 8 KiB, indirect with 2 descriptors of which 1 is inline: a partial list.
Buffer CmdWritePartial();
// A bidirectional command with a 32-byte CDB, 4 KiB out (direct) and 512 bytes in (direct).
Buffer CmdBidirectional();
// CHECK CONDITION 05/24/00, SNSVALID and DIUNDER 4096, delta 1.
Buffer RspCheckCondition();
// ABORT TASK of CmdReadDirect(), and its answer with delta 2.
Buffer TskMgmtAbort();
Buffer RspAbort();
Buffer ILogout();
// SOLNT, reason 8.
Buffer TLogout();
// SOLNT, delta -2.
Buffer CredReq();
Buffer CredRsp();
// Delta 3, LUN 1, unit attention 3F/0E.
Buffer AerReq();
Buffer AerRsp();

// All of them by name. The RDMA/CM form is the one that is no IU by itself: "login_req_cm".
std::vector<std::pair<std::string_view, Buffer>> All();

}  // namespace srpt::wire::golden

#endif  // CORE_WIRE_GOLDEN_H_
