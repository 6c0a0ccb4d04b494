#include "deploy/launcher/recording_command.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::launcher {
namespace {

using recording::cents;
using recording::shares;

struct RecordingCommandTest : ::testing::Test {
  test_support::TemporaryFolder folder;
  domain::Market market = recording::sample_market();
  std::string file = (folder / "frames.jsonl").string();

  recording::SampleLines sound() {
    recording::SampleLines lines;
    lines.note(1'000, recording::Header{});
    lines.note(1'000, recording::MarketNote{market});
    lines.frame(1'000, recording::book_frame(market, market.yes_token, 1'000,
                                             {{cents(40), shares(10)}}, {{cents(60), shares(10)}}));
    lines.frame(2'000, recording::change_frame(market, 2'000, cents(45), shares(7),
                                               {cents(45), cents(60)}));
    return lines;
  }
  void write(const recording::SampleLines& lines) { std::ofstream(file) << lines.text(); }
};

TEST_F(RecordingCommandTest, SaysByItsExitCodeWhetherARecordingIsSound) {
  recording::SampleLines lines = sound();
  write(lines);
  EXPECT_EQ(recording_command({"check", file}), 0);
  EXPECT_EQ(recording_command({"info", file}), 0);
  lines.note(3'000, recording::GapNote{.reason = "restart", .from_ms = {}, .markets = {}});
  write(lines);
  EXPECT_EQ(recording_command({"check", file}), 1);
  EXPECT_EQ(recording_command({"info", file}), 0);
  lines.raw("garbage\n");
  write(lines);
  EXPECT_EQ(recording_command({"info", file}), 1);
  std::ofstream(file) << "root:x:0:0\n";
  EXPECT_EQ(recording_command({"check", file}), 2);
  EXPECT_EQ(recording_command({"check", (folder / "nowhere.jsonl").string()}), 2);
}

TEST_F(RecordingCommandTest, CutsANewFileThatIsSound) {
  write(sound());
  for (const char* name : {"part.jsonl", "part.jsonl.zst"}) {
    const std::string part = (folder / name).string();
    EXPECT_EQ(recording_command({"cut", file, part, "--from", "1500", "--market", market.slug}), 0);
    EXPECT_EQ(recording_command({"check", part}), 0);
    EXPECT_EQ(recording_command({"cut", file, part}), 2) << "it replaces no file";
  }
}

TEST_F(RecordingCommandTest, RefusesWhatItDoesNotUnderstand) {
  write(sound());
  const std::string part = (folder / "part.jsonl").string();
  EXPECT_EQ(recording_command({}), 2);
  EXPECT_EQ(recording_command({"mend", file}), 2);
  EXPECT_EQ(recording_command({"cut", file}), 2);
  EXPECT_EQ(recording_command({"cut", file, part, "--from", "noon"}), 2);
  EXPECT_EQ(recording_command({"cut", file, part, "--until", "5"}), 2);
  EXPECT_FALSE(std::filesystem::exists(part));
}

}  // namespace
}  // namespace polybot::launcher
