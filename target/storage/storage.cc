#include "target/storage/storage.h"

#include <poll.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/limits.h"
#include "target/storage/fair_queue.h"
#include "target/storage/io_backend.h"
#include "target/storage/zero_tracker.h"

namespace srpt::target {
namespace {

constexpr std::uint32_t kNone = FairQueue::kNone;
// What O_DIRECT asks of memory, offset and length on every device we know; where a device asks for
// more it says EINVAL, and the operation goes through the page cache.
constexpr std::uint64_t kDirectAlignment = 512;
constexpr std::size_t kOperationBytesMax = std::size_t{1} << 30;

IoStatus StatusOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return IoStatus::kNoSpace;
    case ENXIO:
    case ENODEV:
    case ESTALE:
      return IoStatus::kDeviceGone;
    default:
      return IoStatus::kIoError;
  }
}

}  // namespace

class StorageEngine::Impl {
 public:
  Impl(std::unique_ptr<IoBackend> backend, const StorageOptions& options)
      : backend_(std::move(backend)),
        slots_(options.operations_max),
        queue_(options.operations_max, backend_->room()),
        done_(options.operations_max) {
    for (std::uint32_t i = 0; i < options.operations_max; ++i) {
      slots_[i].next = i + 1 < options.operations_max ? i + 1 : kNone;
    }
    free_ = 0;
  }
  ~Impl() {
    while (in_flight_ > done_count_) {
      Submit();
      if (ready() == in_flight_) break;
      pollfd wait{backend_->event_fd(), POLLIN, 0};
      poll(&wait, 1, 100);
    }
  }

  OpenedDevice Open(LuId lu, const DeviceSpec& spec, BackingFile file) {
    if (lu.v >= units_.size()) units_.resize(lu.v + 1);
    Unit& unit = units_[lu.v];
    SRPT_CHECK(!unit.open);
    unit.open = true;
    unit.null = spec.kind == DeviceSpec::Kind::kNull;
    unit.read_only = spec.read_only;
    unit.write_through = spec.write_through;
    unit.bytes = file.bytes();
    unit.file = std::move(file);
    queue_.AddDevice(lu.v);
    return {unit.bytes, unit.file.rotational()};
  }

  void Close(LuId lu) {
    Unit* unit = Find(lu);
    if (unit == nullptr) return;
    SRPT_CHECK(unit->in_flight == 0);
    *unit = Unit{};
  }

  Result<std::uint64_t, std::string> Resize(LuId lu, std::uint64_t bytes) {
    Unit* unit = Find(lu);
    SRPT_CHECK(unit != nullptr);
    if (unit->null) {
      if (bytes != 0) unit->bytes = bytes;
      return unit->bytes;
    }
    auto size = bytes == 0 ? unit->file.Size() : unit->file.GrowTo(bytes);
    if (!size.ok()) return size;
    // What is in flight beyond a smaller presented size is still inside the store.
    unit->bytes = *size;
    return bytes == 0 ? *size : bytes;
  }

  void Read(OpId op, LuId lu, std::uint64_t offset, MutableBytes into) {
    Unit* unit = Begin(op, lu);
    if (unit == nullptr) return;
    if (!Inside(*unit, offset, into.size())) return Done(op, IoStatus::kShort);
    if (unit->null) {
      zero_.Zero(into);
      return Done(op, IoStatus::kOk);
    }
    zero_.Touched(into.data(), into.size());
    Queue(op, lu, *unit, IoRequest::Kind::kRead, false, offset, into.data(), into.size());
  }

  void Write(OpId op, LuId lu, std::uint64_t offset, Bytes from, bool fua) {
    Unit* unit = Begin(op, lu);
    if (unit == nullptr) return;
    if (!Inside(*unit, offset, from.size()) || unit->read_only) {
      return Done(op, IoStatus::kIoError);
    }
    if (unit->null) return Done(op, IoStatus::kOk);
    // The kernel only reads from it.
    Queue(op, lu, *unit, IoRequest::Kind::kWrite, fua || unit->write_through, offset,
          const_cast<std::uint8_t*>(from.data()), from.size());
  }

  void Flush(OpId op, LuId lu) {
    Unit* unit = Begin(op, lu);
    if (unit == nullptr) return;
    if (unit->null || unit->read_only) return Done(op, IoStatus::kOk);
    Queue(op, lu, *unit, IoRequest::Kind::kFlush, false, 0, nullptr, 0);
  }

  void Submit() {
    for (std::uint32_t i = queue_.Next(); i != kNone; i = queue_.Next()) {
      backend_->Add(RequestOf(i));
    }
    backend_->Submit();
  }

  std::size_t ready() {
    if (in_flight_ == done_count_) return done_count_;
    std::array<IoResult, 64> results;
    for (;;) {
      const std::size_t n = backend_->Collect(results);
      for (std::size_t i = 0; i < n; ++i) Ended(results[i]);
      if (n < results.size()) return done_count_;
    }
  }

  std::size_t Take(std::span<Completion> batch) {
    const std::size_t n = std::min(batch.size(), done_count_);
    for (std::size_t i = 0; i < n; ++i) {
      batch[i] = done_[done_head_];
      if (++done_head_ == done_.size()) done_head_ = 0;
    }
    done_count_ -= n;
    in_flight_ -= n;
    return n;
  }

  bool RegisterMemory(MutableBytes memory, std::size_t buffer_bytes) {
    zero_ = ZeroTracker(memory, buffer_bytes);
    fixed_ = backend_->RegisterMemory(memory);
    registered_ = memory;
    return fixed_;
  }
  void Touched(const void* address) { zero_.BufferTouched(address); }

  std::uint64_t copied() const { return copied_; }
  const IoBackend& backend() const { return *backend_; }
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Unit {
    bool open = false;
    bool null = false;
    bool read_only = false;
    bool write_through = false;
    std::uint32_t in_flight = 0;  // Operations that have a slot.
    std::uint64_t bytes = 0;
    BackingFile file;
  };
  // A file operation from Read / Write / Flush until it has ended, over all its parts.
  struct Slot {
    OpId op;
    LuId lu;
    std::uint32_t next = kNone;  // In the free list.
    IoRequest::Kind kind = IoRequest::Kind::kRead;
    bool dsync = false;
    bool buffered = false;  // The kernel refused it with O_DIRECT.
    std::uint32_t length = 0;
    std::uint32_t moved = 0;
    std::uint64_t offset = 0;
    std::uint8_t* memory = nullptr;
  };

  Unit* Find(LuId lu) {
    return lu.v < units_.size() && units_[lu.v].open ? &units_[lu.v] : nullptr;
  }
  static bool Inside(const Unit& unit, std::uint64_t offset, std::size_t length) {
    return offset <= unit.bytes && length <= unit.bytes - offset;
  }
  // Counts the operation; ends it at once if there is no such unit.
  Unit* Begin(OpId op, LuId lu) {
    SRPT_CHECK(in_flight_ < done_.size());
    ++in_flight_;
    Unit* unit = Find(lu);
    if (unit == nullptr) Done(op, IoStatus::kDeviceGone);
    return unit;
  }
  void Done(OpId op, IoStatus status) {
    std::size_t at = done_head_ + done_count_;
    if (at >= done_.size()) at -= done_.size();
    done_[at] = {op, status};
    ++done_count_;
  }

  void Queue(OpId op, LuId lu, Unit& unit, IoRequest::Kind kind, bool dsync, std::uint64_t offset,
             std::uint8_t* memory, std::size_t length) {
    SRPT_CHECK(length <= kOperationBytesMax);
    if (length == 0 && kind != IoRequest::Kind::kFlush) return Done(op, IoStatus::kOk);
    const std::uint32_t i = free_;
    SRPT_CHECK(i != kNone);
    Slot& slot = slots_[i];
    free_ = slot.next;
    slot = Slot{};
    slot.op = op;
    slot.lu = lu;
    slot.kind = kind;
    slot.dsync = dsync;
    slot.offset = offset;
    slot.memory = memory;
    slot.length = static_cast<std::uint32_t>(length);
    ++unit.in_flight;
    queue_.Wait(lu.v, i);
  }

  IoRequest RequestOf(std::uint32_t i) {
    const Slot& slot = slots_[i];
    const BackingFile& file = units_[slot.lu.v].file;
    IoRequest request;
    request.kind = slot.kind;
    request.dsync = slot.dsync;
    request.slot = i;
    request.length = slot.length - slot.moved;
    request.offset = slot.offset + slot.moved;
    request.memory = slot.memory + slot.moved;
    request.fixed = fixed_ && slot.memory >= registered_.data() &&
                    slot.memory + slot.length <= registered_.data() + registered_.size();
    const std::uint64_t alignment =
        request.offset | request.length | reinterpret_cast<std::uintptr_t>(request.memory);
    const bool direct =
        file.direct_fd() >= 0 && !slot.buffered && alignment % kDirectAlignment == 0;
    if (!direct && file.direct_fd() >= 0 && slot.kind != IoRequest::Kind::kFlush) ++copied_;
    request.fd = direct ? file.direct_fd() : file.buffered_fd();
    return request;
  }

  void Ended(const IoResult& result) {
    Slot& slot = slots_[result.slot];
    const bool flush = slot.kind == IoRequest::Kind::kFlush;
    IoStatus status = IoStatus::kOk;
    if (result.result < 0) {
      const int error = -result.result;
      if (error == EINTR || error == EAGAIN) return Again(result.slot);
      if (error == EINVAL && !flush && !slot.buffered && units_[slot.lu.v].file.direct_fd() >= 0) {
        slot.buffered = true;
        return Again(result.slot);
      }
      status = flush ? IoStatus::kIoError : StatusOf(error);
    } else if (!flush) {
      const auto moved = static_cast<std::uint32_t>(result.result);
      SRPT_CHECK(moved <= slot.length - slot.moved);
      slot.moved += moved;
      if (slot.moved < slot.length) {
        if (moved > 0) return Again(result.slot);
        status = slot.kind == IoRequest::Kind::kRead ? IoStatus::kShort : IoStatus::kIoError;
      }
    }
    --units_[slot.lu.v].in_flight;
    queue_.Leave(slot.lu.v);
    Done(slot.op, status);
    slot.next = free_;
    free_ = result.slot;
  }
  // The rest of the operation, in the place that it has, and at once: the caller's Submit may be a
  // sleep away.
  void Again(std::uint32_t i) {
    backend_->Add(RequestOf(i));
    backend_->Submit();
  }

  std::unique_ptr<IoBackend> backend_;
  std::vector<Unit> units_;  // By LuId.
  std::vector<Slot> slots_;
  FairQueue queue_;
  std::uint32_t free_ = kNone;
  // What has ended and was not reported: a ring that holds every operation there can be.
  std::vector<Completion> done_;
  std::size_t done_head_ = 0;
  std::size_t done_count_ = 0;
  std::size_t in_flight_ = 0;
  bool fixed_ = false;
  std::uint64_t copied_ = 0;
  MutableBytes registered_;
  ZeroTracker zero_;
};

StorageOptions StorageOptionsFor(const Parameters& parameters) {
  StorageOptions options;
  options.operations_max = parameters.channels_per_shard * limits::kCommandsPerChannel +
                           parameters.data_buffers_per_shard;
  return options;
}

Result<std::unique_ptr<StorageEngine>, std::string> StorageEngine::Create(
    const StorageOptions& options) {
  SRPT_CHECK(options.operations_max > 0);
  std::string why = "as asked";
  if (!options.force_threads) {
    auto ring = MakeUringBackend();
    if (ring.ok()) return CreateOn(std::move(ring.value()), options);
    why = std::string("io_uring: ") + std::strerror(ring.error());
  }
  auto threads = MakeThreadBackend(options.operations_max, why);
  if (!threads.ok()) {
    return Err{"storage: neither io_uring nor worker threads: " + why +
               "; eventfd: " + std::strerror(threads.error())};
  }
  return CreateOn(std::move(threads.value()), options);
}

std::unique_ptr<StorageEngine> StorageEngine::CreateOn(std::unique_ptr<IoBackend> backend,
                                                       const StorageOptions& options) {
  return std::unique_ptr<StorageEngine>(
      new StorageEngine(std::make_unique<Impl>(std::move(backend), options)));
}

StorageEngine::StorageEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StorageEngine::~StorageEngine() = default;

OpenedDevice StorageEngine::Open(LuId lu, const DeviceSpec& spec, BackingFile file) {
  return impl_->Open(lu, spec, std::move(file));
}
Result<OpenedDevice, std::string> StorageEngine::Open(LuId lu, const DeviceSpec& spec) {
  auto file = BackingFile::Open(spec);
  if (!file.ok()) return Err{file.error()};
  return Open(lu, spec, std::move(file.value()));
}
void StorageEngine::Close(LuId lu) { impl_->Close(lu); }
Result<std::uint64_t, std::string> StorageEngine::Resize(LuId lu, std::uint64_t bytes) {
  return impl_->Resize(lu, bytes);
}
void StorageEngine::Read(OpId op, LuId lu, std::uint64_t offset, MutableBytes into) {
  impl_->Read(op, lu, offset, into);
}
void StorageEngine::Write(OpId op, LuId lu, std::uint64_t offset, Bytes from, bool fua) {
  impl_->Write(op, lu, offset, from, fua);
}
void StorageEngine::Flush(OpId op, LuId lu) { impl_->Flush(op, lu); }
void StorageEngine::Submit() { impl_->Submit(); }
std::size_t StorageEngine::ready() { return impl_->ready(); }
int StorageEngine::event_fd() const { return impl_->backend().event_fd(); }
std::size_t StorageEngine::in_flight() const { return impl_->in_flight(); }
bool StorageEngine::RegisterMemory(MutableBytes memory, std::size_t buffer_bytes) {
  return impl_->RegisterMemory(memory, buffer_bytes);
}
void StorageEngine::Touched(const void* address) { impl_->Touched(address); }
std::uint64_t StorageEngine::copied() const { return impl_->copied(); }
const std::string& StorageEngine::description() const { return impl_->backend().description(); }
std::size_t StorageEngine::Take(std::span<Completion> batch) { return impl_->Take(batch); }

}  // namespace srpt::target
