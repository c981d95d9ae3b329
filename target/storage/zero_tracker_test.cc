#include "target/storage/zero_tracker.h"

#include <gtest/gtest.h>

#include <vector>

namespace srpt::target {
namespace {

constexpr std::size_t kBuffer = 256;

struct ZeroTrackerTest : testing::Test {
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(4 * kBuffer, 0xaa);
  ZeroTracker tracker{memory, kBuffer};

  MutableBytes Piece(std::size_t at, std::size_t n) { return {memory.data() + at, n}; }
  bool IsZero(std::size_t at, std::size_t n) {
    for (std::size_t i = at; i < at + n; ++i) {
      if (memory[i] != 0) return false;
    }
    return true;
  }
};

TEST_F(ZeroTrackerTest, ZeroesJustWhatIsAsked) {
  tracker.Zero(Piece(kBuffer, 100));
  EXPECT_TRUE(IsZero(kBuffer, 100));
  EXPECT_EQ(memory[kBuffer + 100], 0xaa);
  EXPECT_EQ(memory[kBuffer - 1], 0xaa);
}

TEST_F(ZeroTrackerTest, LongerZeroClearsTheRest) {
  tracker.Zero(Piece(0, 10));
  tracker.Zero(Piece(0, 200));
  EXPECT_TRUE(IsZero(0, 200));
}

TEST_F(ZeroTrackerTest, WhatWasTouchedIsZeroedAgain) {
  tracker.Zero(Piece(0, 200));
  memory[50] = 1;
  tracker.BufferTouched(memory.data() + 128);  // Anywhere in the buffer.
  tracker.Zero(Piece(0, 200));
  EXPECT_TRUE(IsZero(0, 200));
}

TEST_F(ZeroTrackerTest, RangesTouchEveryBufferTheyReach) {
  tracker.Zero(Piece(0, kBuffer));
  tracker.Zero(Piece(kBuffer, kBuffer));
  tracker.Zero(Piece(2 * kBuffer, kBuffer));
  std::fill(memory.begin() + 100, memory.begin() + 2 * kBuffer + 1, std::uint8_t{0x55});
  tracker.Touched(memory.data() + 100, 2 * kBuffer + 1 - 100);
  for (std::size_t i = 0; i < 3; ++i) tracker.Zero(Piece(i * kBuffer, kBuffer));
  EXPECT_TRUE(IsZero(0, 3 * kBuffer));
}

TEST_F(ZeroTrackerTest, PiecesInTheMiddleAndAcrossBuffers) {
  tracker.Zero(Piece(100, 50));  // Does not start where anything is known.
  EXPECT_TRUE(IsZero(100, 50));
  EXPECT_EQ(memory[99], 0xaa);
  tracker.Zero(Piece(0, 100));
  EXPECT_TRUE(IsZero(0, 150));
  tracker.Zero(Piece(200, 100));  // Reaches into the next buffer.
  EXPECT_TRUE(IsZero(200, 100));
  tracker.Zero(Piece(kBuffer, 60));
  EXPECT_TRUE(IsZero(kBuffer, 60));
}

TEST_F(ZeroTrackerTest, MemoryOfOthersIsAlwaysZeroed) {
  std::vector<std::uint8_t> other(64, 1);
  tracker.Zero(other);
  other.assign(64, 2);
  tracker.Touched(other.data(), 64);
  tracker.BufferTouched(other.data());
  tracker.Zero(other);
  EXPECT_EQ(other, std::vector<std::uint8_t>(64, 0));
}

#ifndef NDEBUG
TEST_F(ZeroTrackerTest, ForgottenTouchStopsTheProgram) {
  tracker.Zero(Piece(0, 200));
  memory[50] = 1;  // Nobody says so.
  EXPECT_DEATH(tracker.Zero(Piece(0, 200)), "");
}
#endif

}  // namespace
}  // namespace srpt::target
