#include "fuzz/step_start.h"

#include <array>
#include <initializer_list>

#include "core/wire/cmd.h"
#include "core/wire/login_req.h"

namespace srpt::fuzz {
namespace {

struct Set {
  std::uint16_t credits;
  std::uint16_t sq_size;
  std::uint32_t buffers;
  std::uint32_t rdma_size;
  std::uint32_t srq_size;  // 0: receives of its own.
  std::uint32_t shards;
  std::uint32_t rsp_size;
};
constexpr Set kSets[kStartSets] = {
    {4, 64, 4, 65536, 0, 1, 256}, {2, 16, 1, 4096, 0, 1, 40},    {8, 17, 2, 65536, 0, 2, 256},
    {3, 24, 3, 4096, 10, 1, 256}, {8, 64, 8, 65536, 24, 2, 100}, {2, 16, 2, 65536, 4, 1, 64},
    {5, 32, 2, 16384, 0, 2, 256}, {8, 48, 6, 512, 0, 1, 256},
};

void LogIn(StepWorld& world, std::uint8_t who,
           wire::MultichannelAction action = wire::MultichannelAction::kMulti) {
  wire::LoginReq req;
  req.req_it_iu_len = kIuBytesMax;
  req.req_buf_fmt = wire::kBufFmtDirect | wire::kBufFmtIndirect;
  req.initiator_port.bytes[15] = who;
  req.flags = wire::kLoginReqImmediate | static_cast<std::uint8_t>(action);
  req.imm_data_offset = kImmediateAt;
  std::array<std::uint8_t, wire::kLoginReqCmBytes> bytes;
  wire::SerializeLoginReqCm(req, bytes);
  event::LoginRequested login;
  login.source.bytes[15] = who;
  login.rdma_read_depth = 4;
  login.private_data = bytes;
  world.Login(login);
  world.EstablishAll();
}

// Takes the unit attentions that the first peer's nexus has.
void TakeAttentions(StepWorld& world) {
  for (int i = 0; i < 4; ++i) {
    wire::Cmd cmd;
    cmd.tag.bytes[6] = 1;
    cmd.lun.bytes[1] = static_cast<std::uint8_t>(i / 2);
    std::array<std::uint8_t, 16> test_unit_ready{};
    cmd.cdb = test_unit_ready;
    std::array<std::uint8_t, wire::kCmdBytes> iu;
    wire::SerializeCmd(cmd, iu);
    world.Receive(0, iu);
    Input nothing{Bytes()};
    world.Settle(nothing);
  }
}

// Turns of an input (StepWorld::Turn), by name. `peer`: as the turn counts them.
void Take(StepWorld& world, std::initializer_list<std::uint8_t> bytes) {
  Input input{Bytes(bytes.begin(), bytes.size())};
  world.Turn(input);
}
constexpr std::uint8_t Of(std::uint8_t peer, std::uint8_t turn) {
  return static_cast<std::uint8_t>(peer << 5 | turn);
}
void Reads(StepWorld& world, std::uint8_t peer, std::uint8_t count) {
  Take(world, {Of(peer, 6), static_cast<std::uint8_t>(count - 1)});
}
void Writes(StepWorld& world, std::uint8_t peer, std::uint8_t count) {  // Of other blocks.
  Take(world, {Of(peer, 7), static_cast<std::uint8_t>(0x20 | (count - 1))});
}
void WireDone(StepWorld& world, std::uint8_t peer) { Take(world, {Of(peer, 10)}); }

void MakeBusy(StepWorld& world, std::uint32_t kind) {
  switch (kind) {
    case 4:
      Writes(world, 1, 2);
      Reads(world, 0, 4);
      Take(world, {18});  // One block operation ends: a read is on the wire.
      return Writes(world, 0, 2);
    case 5: {
      Writes(world, 0, 2);
      WireDone(world, 0);
      return Take(world, {Of(0, 4), 3, 0x70});  // LUN RESET.
    }
    case 6:
      Writes(world, 0, 2);
      WireDone(world, 0);
      Reads(world, 0, 2);
      Take(world, {Of(0, 13), 0});  // The CM says that it is over.
      return Reads(world, 1, 1);
    default:
      Writes(world, 0, 2);
      WireDone(world, 0);
      LogIn(world, 1, wire::MultichannelAction::kSingle);
      return Writes(world, 1, 2);
  }
}

}  // namespace

Parameters StartParameters(std::uint32_t set, bool fingerprint) {
  const Set& chosen = kSets[set];
  Parameters parameters;
  parameters.credits = chosen.credits;
  parameters.srpt_sq_size = chosen.sq_size;
  parameters.data_buffers_per_shard = chosen.buffers;
  parameters.srp_max_rdma_size = chosen.rdma_size;
  parameters.srp_max_rsp_size = chosen.rsp_size;
  parameters.srp_max_req_size = kIuBytesMax;
  parameters.use_srq = chosen.srq_size != 0;
  if (parameters.use_srq) parameters.srpt_srq_size = chosen.srq_size;
  parameters.shards = chosen.shards;
  parameters.channels_per_shard = kChannels;
  parameters.sessions_max = 4;
  parameters.devices_max = kUnits;
  parameters.fingerprint = fingerprint;
  return parameters;
}

namespace {

void Make(StepWorld& world, std::uint32_t kind) {
  world.AddUnit();
  world.AddUnit();
  world.Admin(admin::AddLun{"t0", "", LunNumber(0), "d0", false});
  world.Admin(admin::AddLun{"t0", "", LunNumber(1), "d1", false});
  world.Admin(admin::AddLun{"t1", "", LunNumber(0), "d1", true});
  for (const char* target : {"t0", "t1"}) world.Admin(admin::EnableTarget{target, true});
  if (kind == 0) return;
  LogIn(world, 1);
  if (kind != 3) TakeAttentions(world);
  if (kind != 1 && kind != 5 && kind != 7) LogIn(world, kind == 2 ? 1 : 2);
  if (kind >= 4) MakeBusy(world, kind);
}

}  // namespace

void MakeStart(StepWorld& world, std::uint32_t kind) {
  Make(world, kind);
  world.StartIsMade();
}

}  // namespace srpt::fuzz
