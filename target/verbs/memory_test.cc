#include "target/verbs/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace srpt::target {
namespace {

TEST(PinnedMemory, IsZeroAndPageAligned) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, std::size_t{3} << 20}) {
    PinnedMemory memory;
    ASSERT_TRUE(memory.Allocate(bytes));
    EXPECT_EQ(memory.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kPageBytes, 0u);
    EXPECT_TRUE(std::all_of(memory.data(), memory.data() + bytes, [](auto b) { return b == 0; }));
  }
}

TEST(ShardMemory, ADataReferenceIsTheBytesOfItsBuffer) {
  ShardMemory memory(4, 1);
  ASSERT_TRUE(memory.AllocatePool());
  const MutableBytes whole = memory.DataBuffer(BufferId(3));
  EXPECT_EQ(whole.size(), limits::kDataBufferBytes);
  EXPECT_EQ(whole.data(), memory.pool().data() + std::size_t{3} * limits::kDataBufferBytes);
  MemRef part;
  part.buffer = BufferId(3);
  part.offset = 512;
  part.length = 1024;
  EXPECT_EQ(memory.At(part).data(), whole.data() + 512);
  EXPECT_EQ(memory.At(part).size(), 1024u);
}

TEST(ShardMemory, TheObserverHearsOfBuffersThatCoreWrites) {
  ShardMemory memory(2, 1);
  ASSERT_TRUE(memory.AllocatePool());
  const void* seen = nullptr;
  memory.SetDataObserver(
      [](void* context, const void* address) { *static_cast<const void**>(context) = address; },
      &seen);
  MemRef backend;
  backend.buffer = BufferId(1);
  backend.length = 512;
  memory.At(backend);  // Of a backend: it knows itself.
  EXPECT_EQ(seen, nullptr);
  const MutableBytes written = memory.DataBuffer(BufferId(1));
  EXPECT_EQ(seen, written.data());
}

TEST(ShardMemoryDeathTest, AReferenceBeyondItsBufferIsOurBug) {
  ShardMemory memory(1, 1);
  ASSERT_TRUE(memory.AllocatePool());
  MemRef beyond;
  beyond.buffer = BufferId(0);
  beyond.offset = limits::kDataBufferBytes - 512;
  beyond.length = 1024;
  EXPECT_DEATH(memory.At(beyond), "");
  EXPECT_DEATH(memory.DataBuffer(BufferId(1)), "");
}

TEST(ShardMemoryDeathTest, AChannelThatIsNotOpenHasNoMemory) {
  ShardMemory memory(1, 1);
  EXPECT_DEATH(memory.SendBuffer(ChannelId::Make(0, 1), SendId(0)), "");
}

}  // namespace
}  // namespace srpt::target
