// Who sees which disk at which LUN, as the administrator's requests make it, and what each host is
// told of it. Each function says what comes back, and leaves the model as it is then.
#ifndef SIM_MODELS_LUN_MAP_MODEL_H_
#define SIM_MODELS_LUN_MAP_MODEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/admin.h"
#include "core/scsi/sense.h"
#include "sim/models/hand.h"

namespace srpt::sim::models {

struct LunMapModel {
  static constexpr std::size_t kHosts = 3;  // 10.0.0.0 to 10.0.0.2, a channel each.
  static constexpr std::uint32_t kDisks = 4;
  static constexpr const char* kPatterns[] = {"10.0.0.0", "10.0.0.1", "10.0.0.?", "*", "!10.0.0.2"};
  static bool Matches(std::size_t pattern, std::size_t host);

  struct Export {
    std::uint32_t disk = 0;
    bool read_only = false;
  };
  using Map = std::map<std::uint16_t, Export>;  // By LUN.
  struct Group {
    std::string name;
    std::vector<std::size_t> patterns;
    Map luns;
  };

  LunMapModel();

  Map luns;  // Of whom no group matches.
  std::vector<Group> groups;
  std::array<bool, kDisks> present;
  // Of each host at each disk that it sees, in order, each once.
  std::array<std::map<std::uint32_t, std::vector<scsi::Sense>>, kHosts> attentions;
  std::uint64_t next_tag = 1000;
  // The model's own mistake, to see that the properties notice: whoever is in no group hears of
  // changes, whoever is in one does not.
  bool wrong = false;

  const Map& MapOf(std::size_t host) const;

  // What an administrator asks; `events` are the AER_REQs that follow.
  admin::Status AddLun(const std::string& group, std::uint16_t lun, const Export& what,
                       std::vector<Event>& events);
  admin::Status RemoveLun(const std::string& group, std::uint16_t lun, std::vector<Event>& events);
  admin::Status AddGroup(const std::string& name);
  admin::Status AddInitiator(const std::string& group, std::size_t pattern,
                             std::vector<Event>& events);
  admin::Status AddDisk(std::uint32_t disk);
  admin::Status RemoveDisk(std::uint32_t disk);

  // `host` is the channel, too.
  Answers Send(std::uint64_t tag, std::size_t host, std::uint16_t lun, Ask ask);

 private:
  Group* Find(const std::string& name);
  Map* LunsOf(const std::string& group);
  // Does it, and tells each host of what is different.
  void Change(std::vector<Event>& events, const std::function<void()>& change);
  void Tell(std::size_t host, const Map& before, std::vector<Event>& events);
  void Establish(std::size_t host, std::uint32_t disk, const scsi::Sense& sense);
};

}  // namespace srpt::sim::models

#endif  // SIM_MODELS_LUN_MAP_MODEL_H_
