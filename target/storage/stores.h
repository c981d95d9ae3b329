// Where a device table puts the stores of one shard.
#ifndef TARGET_STORAGE_STORES_H_
#define TARGET_STORAGE_STORES_H_

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "core/base/types.h"
#include "target/storage/backing_file.h"
#include "target/storage/device_spec.h"
#include "target/storage/storage.h"

namespace srpt::target {

// As StorageEngine's calls of these names.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual void Open(LuId lu, const DeviceSpec& spec, BackingFile file) = 0;
  virtual void Close(LuId lu) = 0;
  virtual Result<std::uint64_t, std::string> Resize(LuId lu, std::uint64_t bytes) = 0;
};

// Straight into an engine, on the engine's thread.
class EngineStores final : public Stores {
 public:
  explicit EngineStores(StorageEngine& engine) : engine_(engine) {}
  void Open(LuId lu, const DeviceSpec& spec, BackingFile file) override {
    engine_.Open(lu, spec, std::move(file));
  }
  void Close(LuId lu) override { engine_.Close(lu); }
  Result<std::uint64_t, std::string> Resize(LuId lu, std::uint64_t bytes) override {
    return engine_.Resize(lu, bytes);
  }

 private:
  StorageEngine& engine_;
};

}  // namespace srpt::target

#endif  // TARGET_STORAGE_STORES_H_
