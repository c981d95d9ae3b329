// Who carries out the commands of a transcript. Private to //conformance/scenarios:scenario.
//
// player.cc has the table of commands; each group of them has a file: setup.cc (the world before it
// begins), logins.cc, commands.cc (SCSI commands, task management, raw IUs), happenings.cc (time,
// faults, the administrator), looks.cc (what is looked at and what is expected).
#ifndef CONFORMANCE_SCENARIOS_PLAYER_H_
#define CONFORMANCE_SCENARIOS_PLAYER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/scenarios/buffers.h"
#include "conformance/scenarios/scenario.h"
#include "conformance/scenarios/stage.h"
#include "conformance/scenarios/words.h"
#include "core/base/types.h"
#include "sim/world.h"

namespace srpt::scenarios {

class Player {
 public:
  Player();
  Outcome Play(const Transcript& transcript);

  struct Command {
    std::string_view name;
    void (Player::*play)(Words&);
    bool before;  // It describes the world, before there is one.
    std::string_view usage;
  };
  static std::span<const Command> Commands();
  static const Command* FindCommand(std::string_view name);
  static std::string Usage();

 private:
  // setup.cc
  void OnWorld(Words& words);
  void OnPort(Words& words);
  void OnDisk(Words& words);
  void OnLun(Words& words);
  void Begin(Words& words);  // The world.
  // logins.cc
  void OnLogin(Words& words);
  void OnConnect(Words& words);
  void OnReady(Words& words);
  void OnAnswers(Words& words);
  void OnForget(Words& words);
  void OnReceives(Words& words);
  void OnDisconnect(Words& words);
  void OnVanish(Words& words);
  std::vector<Channel*> Connect(Words& words);
  // commands.cc
  void OnMemory(Words& words);
  void OnFill(Words& words);
  void OnDeregister(Words& words);
  void OnSend(Words& words);
  void OnRaw(Words& words);
  void OnTask(Words& words);
  void OnLogout(Words& words);
  // happenings.cc
  void OnRun(Words& words);
  void OnFault(Words& words);
  void OnBefall(Words& words);
  void OnHold(Words& words);
  void OnRelease(Words& words);
  void OnHeal(Words& words);
  void OnAdmin(Words& words);
  // looks.cc
  void OnShow(Words& words);
  void OnHide(Words& words);
  void OnLook(Words& words);
  void OnCredits(Words& words);
  void OnSessions(Words& words);
  void OnExpect(Words& words);

  // The channel of that name; complains and gives null if there is none.
  Channel* TakeChannel(Words& words);
  // A letter, and perhaps digits.
  std::string TakeName(Words& words);
  std::string TakeDisk(Words& words);
  RawLun TakeLun(Words& words);
  Tag TakeTag(Words& words, std::string_view what);
  std::uint32_t TakePort(Words& words);
  // Of the disk at the LUN, as the world began; 512 if there is none.
  std::uint32_t BlockBytes(const RawLun& lun) const;
  // The next tag of the channel that no command has.
  static Tag NextTag(Channel& channel);
  // The IU of a command that core/initiator would not send (BuildCmd).
  void SendCommand(Channel& channel, const struct SendWords& send, const Tag& tag);
  void Hold(Words& words, bool hold);
  void ShowOrHide(Words& words, bool shown);
  void Failed(std::string text);
  void Check();  // The invariants.

  sim::WorldOptions options_;
  std::unique_ptr<Stage> stage_;
  std::size_t line_ = 0;
  std::optional<Complaint> failed_;
};

}  // namespace srpt::scenarios

#endif  // CONFORMANCE_SCENARIOS_PLAYER_H_
