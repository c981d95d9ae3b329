// The language of scenarios: what it takes, what it refuses and in which words, and the diff.
#include "conformance/scenarios/scenario.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "conformance/scenarios/describe.h"
#include "conformance/scenarios/transcript.h"
#include "conformance/scenarios/words.h"

namespace srpt::scenarios {
namespace {

Transcript Parsed(std::string_view text) {
  auto transcript = ParseTranscript(text);
  EXPECT_TRUE(transcript.ok()) << transcript.error().text;
  return *transcript;
}

// What is wrong with the last line of a transcript that begins well.
std::string Refused(const std::string& line) {
  const Outcome outcome = Play(Parsed("disk disk0\nlogin A\nready A\n" + line + '\n'));
  if (!outcome.bad) return "(not refused)";
  EXPECT_EQ(outcome.bad->line, 4u);
  const bool known = outcome.bad->text.find("--help") == std::string::npos;
  EXPECT_EQ(outcome.bad->text.find('\n') != std::string::npos, known) << "the command's usage";
  return outcome.bad->text.substr(0, outcome.bad->text.find('\n'));
}

std::string LogOf(const Outcome& outcome) {
  std::string text;
  for (const Transcript::Entry& entry : outcome.seen.entries) {
    for (const std::string& line : entry.log) text += line + '\n';
  }
  return text;
}

CdbFields At(std::uint64_t lba, std::uint32_t blocks) {
  CdbFields fields;
  fields.lba = lba;
  fields.blocks = blocks;
  return fields;
}

// --- Words --------------------------------------------------------------------------------------

TEST(Words, DurationsAreNumbersWithAUnit) {
  EXPECT_EQ(ParseDuration("90s"), Seconds(90));
  EXPECT_EQ(ParseDuration("1.5ms"), (Duration{1500000}));
  EXPECT_EQ(ParseDuration("20us"), (Duration{20000}));
  EXPECT_EQ(ParseDuration("7ns"), (Duration{7}));
  for (const char* no : {"", "s", "90", "-1s", "1.s", ".5s", "1.5ns", "1e3s", "0x1s", "1 s", "1m",
                         "99999999999999999999s", "1000001s"}) {
    EXPECT_FALSE(ParseDuration(no)) << no;
  }
}

TEST(Words, NumbersAreDecimalOrHexadecimal) {
  EXPECT_EQ(ParseNumber("0x1f"), 31u);
  EXPECT_EQ(ParseNumber("18446744073709551615"), ~std::uint64_t{0});
  for (const char* no : {"", "0x", "-1", "+1", "1x", "0xg", "18446744073709551616"}) {
    EXPECT_FALSE(ParseNumber(no)) << no;
  }
}

TEST(Words, BytesAreTwoDigitsEach) {
  EXPECT_EQ(ParseHex("0aF0"), (std::vector<std::uint8_t>{0x0a, 0xf0}));
  for (const char* no : {"0", "0g", "0x00", "00 "}) EXPECT_FALSE(ParseHex(no)) << no;
}

TEST(Words, EveryFaultHasItsNameAndNoOther) {
  for (std::size_t i = 0; i < sim::kFaultKinds; ++i) {
    const auto kind = static_cast<sim::FaultKind>(i);
    EXPECT_EQ(ParseFault(NameOf(kind)), kind);
    EXPECT_FALSE(CanBeInjected(kind) && CanBefall(kind)) << NameOf(kind);
  }
  EXPECT_EQ(ParseFault("lost-completion"), sim::FaultKind::kLostCompletion);
  EXPECT_FALSE(ParseFault("lost completion"));
}

TEST(Words, ACdbThatCannotCarryItsFieldsIsNone) {
  EXPECT_TRUE(MakeCdb("read6", At((1u << 21) - 1, 256)));
  EXPECT_FALSE(MakeCdb("read6", At(1u << 21, 1)));
  EXPECT_FALSE(MakeCdb("read6", At(0, 0)));
  EXPECT_FALSE(MakeCdb("read", At(0, 65536)));
  EXPECT_FALSE(MakeCdb("write12", At(std::uint64_t{1} << 32, 1)));
  EXPECT_TRUE(MakeCdb("read32", At(~std::uint64_t{0}, 0xffffffff)));
  EXPECT_FALSE(MakeCdb("format", At(0, 1)));
}

TEST(Words, TheFirstComplaintStays) {
  Words words("run fast now");
  words.Take("a command");
  words.Span("how long");
  words.Number("how often", 1, 2);
  EXPECT_EQ(words.wrong(), "how long is a number and s, ms, us or ns (\"1.5ms\"), not \"fast\"");
}

// --- Texts --------------------------------------------------------------------------------------

TEST(Transcript, CommentsAndEmptyLinesStayAsTheyAre) {
  const std::string text = "# one\n\n#two  \nrun 1s\n    old\n\n  \n# end\n";
  const Transcript transcript = Parsed(text);
  EXPECT_EQ(Render(transcript), text);
  ASSERT_EQ(transcript.entries.size(), 7u);
  EXPECT_TRUE(transcript.entries[3].command);
  EXPECT_EQ(transcript.entries[3].log, std::vector<std::string>{"    old"});
  EXPECT_EQ(transcript.entries[3].line, 4u);
}

TEST(Transcript, WhatIsNoTranscriptIsRefusedWithItsLine) {
  const auto orphan = ParseTranscript("# a\n\n    10.500  A -> REQ\n");
  ASSERT_FALSE(orphan.ok());
  EXPECT_EQ(orphan.error().line, 3u);
  EXPECT_NE(orphan.error().text.find("behind no command"), std::string::npos);
  const auto returned = ParseTranscript("run 1s\r\n");
  ASSERT_FALSE(returned.ok());
  EXPECT_EQ(returned.error().line, 1u);
  EXPECT_FALSE(ParseTranscript(std::string_view("run\0 1s\n", 8)).ok());
  EXPECT_FALSE(ParseTranscript("").ok());
  EXPECT_FALSE(ParseTranscript("# nothing\n").ok());
  EXPECT_FALSE(ParseTranscript(std::string(kTranscriptBytesMax + 1, '#')).ok());
}

TEST(Difference, ShowsTheLineItsCommandAndWhatIsAround) {
  std::string expected = "login A\n";
  for (int i = 0; i < 20; ++i) expected += "    line " + std::to_string(i) + '\n';
  std::string seen = expected;
  seen.replace(seen.find("line 12"), 7, "other 1");
  EXPECT_EQ(Difference(expected, seen, 1),
            "@@ line 1 @@\n"
            "  login A\n"
            "@@ line 13 @@\n"
            "      line 11\n"
            "-     line 12\n"
            "+     other 1\n"
            "      line 13\n");
  EXPECT_EQ(Difference(expected, expected), "");
}

TEST(Difference, FindsWhatWasPutInAndTakenOut) {
  EXPECT_EQ(Difference("a\nb\nc\n", "a\nc\nd\n", 0), "@@ line 2 @@\n- b\n@@ line 3 @@\n+ d\n");
  EXPECT_EQ(Difference("", "a\n"), "@@ line 1 @@\n+ a\n");
  EXPECT_NE(Difference("a", "a\n"), "");
}

TEST(Describe, BytesAreRuns) {
  EXPECT_EQ(DescribeBytes({}), "nothing");
  const std::vector<std::uint8_t> two = {1, 1, 2};
  EXPECT_EQ(DescribeBytes(two), "01 x 2, 02 x 1");
  std::vector<std::uint8_t> many(32);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(DescribeBytes(many),
            "32 bytes of many kinds, beginning with 000102030405060708090a0b0c0d0e0f");
}

TEST(Describe, TimesAreMillisecondsAndMicroseconds) {
  EXPECT_EQ(TimeText(Time{10500999}), "10.500");
  EXPECT_EQ(TimeText(Time{7000}), "0.007");
  EXPECT_EQ(SpanText(Seconds(300)), "300 s");
  EXPECT_EQ(SpanText(Duration{1500000}), "1500 us");
}

// --- Commands -----------------------------------------------------------------------------------

TEST(Scenario, PlaysTheSameTwice) {
  const Transcript transcript = Parsed(
      "world seed 7 latency drawn\ndisk disk0\nlogin A\nready A\nfault disk-slow\n"
      "send A write blocks 8\nrun until answered A\ndisconnect A\nrun until quiet\n");
  const Outcome first = Play(transcript);
  ASSERT_FALSE(first.bad) << first.bad->text;
  ASSERT_FALSE(first.failed) << first.failed->text;
  EXPECT_NE(LogOf(first).find("fault: disk slow"), std::string::npos);
  EXPECT_EQ(Render(first.seen), Render(Play(transcript).seen));
  EXPECT_EQ(Render(first.seen), Render(Play(first.seen).seen));
}

TEST(Scenario, SaysWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(Refused("leap"), "there is no command \"leap\"; srpt_scenario --help lists them");
  EXPECT_EQ(Refused("world seed 1"),
            "world describes the world: it stands before the first command that needs one");
  EXPECT_EQ(Refused("send B tur"), "there is no channel B yet: login B");
  EXPECT_EQ(Refused("send a tur"),
            "\"a\" names no channel: a letter for the initiator and perhaps a number for the "
            "channel do (A, A2, B)");
  EXPECT_EQ(Refused("login A"),
            "channel A is not over; another one of the same initiator is called A2, for example");
  EXPECT_EQ(Refused("send A tur twice"), "nothing is expected where \"twice\" is");
  EXPECT_EQ(Refused("hold disk1"), "there is no disk \"disk1\"; these are there: disk0");
  EXPECT_EQ(Refused("send A read lun 20000"), "a LUN is a number from 0 to 16383, not \"20000\"");
  EXPECT_EQ(Refused("run until quiet within"), "how long to run is missing");
  EXPECT_EQ(Refused("send A read in m"), "\"m\" is no buffer; there is no memory \"m\"");
  EXPECT_EQ(Refused("send A write in imm:512 out none"), "immediate data can only go out");
  EXPECT_EQ(Refused("fill m 00"), "there is no memory \"m\"");
  EXPECT_NE(Refused("send A format").find("there is no command \"format\""), std::string::npos);
  EXPECT_NE(Refused("fault port-down").find("no fault that can be asked for here"),
            std::string::npos);
  EXPECT_NE(Refused("befall lost-completion").find("port-down"), std::string::npos);
  EXPECT_NE(Refused("send A read blocks 70000 in none").find("has room for"), std::string::npos);
  EXPECT_NE(Refused("hide everything").find("cm, iu, rdma"), std::string::npos);
  EXPECT_NE(Refused("admin explode").find("cannot ask for"), std::string::npos);
}

TEST(Scenario, ABufferThatCannotBeIsRefused) {
  for (const char* no :
       {"new:", "new:x", "new:99999999999", "[", "[]x", "[A.9.in", "@0:1", "@0/1", "@/1:2",
        "imm:", "[@0/1:1*0]", "[@0/1:1*5000]", "none:1", "@0/1:4294967296"}) {
    EXPECT_NE(Refused(std::string("send A read in ") + no), "(not refused)") << no;
  }
  EXPECT_EQ(Refused("send A read in [@0/1:1*300]"),
            "an IU has at most 255 descriptors; say inline N and table MEMORY");
  EXPECT_EQ(Refused("send A read in [@0/1:512] inline 0"),
            "a list that is not all in the IU needs a table: table MEMORY");
}

TEST(Scenario, NoLineOfJunkBreaksIt) {
  // Each prefix of good lines, and good lines with a word too many.
  for (const char* line :
       {"send A read lun raw:4000000000000000 lba 1 blocks 2 fua tag 7 in new:512 put 5 07 cut 60",
        "task A abort lun 0 of 7 tag raw:0000000000000001 anyway",
        "login B multi iu-len 300 formats 0006 native target-port 00 withhold-rtu times 2",
        "admin add-lun 3 disk0 read-only port 0", "memory m of A 512 fill 00",
        "befall kill 1ms shard 0", "look disk0 lba 1 blocks 1", "run until over A within 1ms"}) {
    const std::string whole(line);
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      const std::string text = "disk disk0\nlogin A\n" + whole.substr(0, n) + '\n';
      const Outcome outcome = Play(Parsed(text));
      if (outcome.bad) {
        EXPECT_EQ(outcome.bad->line, 3u) << text;
      }
    }
    EXPECT_TRUE(Play(Parsed("disk disk0\nlogin A\n" + whole + " junk\n")).bad) << line;
  }
}

TEST(Scenario, WhatIsExpectedAndNotSoFailsAndNamesTheLine) {
  const Outcome quiet = Play(Parsed("disk disk0\nlogin A\nexpect quiet\nrun 1s\n"));
  ASSERT_TRUE(quiet.failed);
  EXPECT_EQ(quiet.failed->line, 3u);
  EXPECT_NE(quiet.failed->text.find("peer 0"), std::string::npos) << "who is still there";
  const Outcome over = Play(Parsed("disk disk0\nlogin A\nrun until over A within 5ms\n"));
  ASSERT_TRUE(over.failed);
  EXPECT_EQ(over.failed->text.substr(0, 27), "not within 5 ms: A is over\n");
  for (const char* line : {"expect over A", "hold disk0\nready A\nexpect live B"}) {
    EXPECT_TRUE(Play(Parsed(std::string("disk disk0\nlogin A\n") + line + '\n')).failed ||
                Play(Parsed(std::string("disk disk0\nlogin A\n") + line + '\n')).bad)
        << line;
  }
}

TEST(Scenario, AFailedTranscriptKeepsTheLogOfWhatWasNotPlayed) {
  const Outcome outcome = Play(Parsed("disk disk0\nlogin A\nexpect quiet\nrun 1s\n    kept\n"));
  ASSERT_TRUE(outcome.failed);
  EXPECT_EQ(outcome.seen.entries.back().log, std::vector<std::string>{"    kept"});
}

TEST(Scenario, WhatIsHiddenIsCounted) {
  const Outcome outcome = Play(Parsed("disk disk0\nlogin A\nhide iu\nready A\n"));
  EXPECT_EQ(outcome.seen.entries.back().log,
            std::vector<std::string>{"                 (not shown: 4 iu)"});
}

TEST(Scenario, AnAnswerThatNobodyAskedForIsFoundOfAnHonestChannelOnly) {
  // The channel forgets its command, and is told of it all the same.
  const std::string text =
      "disk disk0\nlogin A\nready A\nhold disk0\nsend A read\nrun 1ms\nforget A 0\n"
      "release disk0\nrun 1ms\n";
  const Outcome honest = Play(Parsed(text));
  ASSERT_TRUE(honest.failed);
  EXPECT_EQ(honest.failed->line, 9u);
  EXPECT_NE(honest.failed->text.find("invariant 31"), std::string::npos);
  std::string outlaw = text;
  outlaw.replace(outlaw.find("login A"), 7, "login A outlaw");
  EXPECT_FALSE(Play(Parsed(outlaw)).failed);
}

}  // namespace
}  // namespace srpt::scenarios
