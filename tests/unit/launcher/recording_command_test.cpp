#include "deploy/launcher/recording_command.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "tests/support/recorded_data.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"

namespace polybot::launcher {
namespace {

using recording::cents;
using recording::shares;

// No file of this process may grow beyond it, as on a disk that is full.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

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
  // So much that a stream writes before its end.
  void write_much() {
    recording::SampleLines lines = sound();
    for (int i = 1; i < 200; ++i) {
      lines.frame(2'000 + i, recording::change_frame(market, 2'000 + i, cents(45), shares(7 + i),
                                                     {cents(45), cents(60)}));
    }
    write(lines);
  }
  // Of the folder, by name.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& one : std::filesystem::directory_iterator(folder.path()))
      names.push_back(one.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
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

TEST_F(RecordingCommandTest, MakesNoFileOfAPartWithoutFrames) {
  write(sound());
  const std::string part = (folder / "part.jsonl").string();
  EXPECT_EQ(recording_command({"cut", file, part, "--from", "5000"}), 1);
  EXPECT_EQ(recording_command({"cut", file, part, "--market", "another"}), 1);
  EXPECT_EQ(recording_command({"cut", file, part, "--from", "2000", "--to", "1999"}), 2);
  EXPECT_EQ(files(), std::vector<std::string>{"frames.jsonl"});
}

TEST_F(RecordingCommandTest, CutsIntoNoFileThatIsThere) {
  write(sound());
  const std::string before = test_support::read_file(file);
  EXPECT_EQ(recording_command({"cut", file, (folder / "." / "frames.jsonl").string()}), 2);
  const std::filesystem::path other = folder / "link.jsonl";
  std::filesystem::create_symlink("frames.jsonl", other);
  EXPECT_EQ(recording_command({"cut", file, other.string()}), 2);
  std::filesystem::remove(other);
  std::ofstream(other) << "mine";
  EXPECT_EQ(recording_command({"cut", file, other.string()}), 2);
  EXPECT_EQ(test_support::read_file(other), "mine");
  EXPECT_EQ(test_support::read_file(file), before);
  EXPECT_EQ(files(), (std::vector<std::string>{"frames.jsonl", "link.jsonl"}));
}

TEST_F(RecordingCommandTest, NamesTheInputThatWasGivenAsOutput) {
  write(sound());
  testing::internal::CaptureStderr();
  EXPECT_EQ(recording_command({"cut", file, file}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find(file + " is the recording"),
            std::string::npos);
}

TEST_F(RecordingCommandTest, LeavesNothingOfACutOnAFullDisk) {
  write_much();
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  for (const char* name : {"part.jsonl", "part.jsonl.zst"}) {
    const FileLimit full(100);
    EXPECT_EQ(recording_command({"cut", file, (folder / name).string()}), 2);
  }
  ::signal(SIGXFSZ, before);
  EXPECT_EQ(files(), std::vector<std::string>{"frames.jsonl"});
}

TEST_F(RecordingCommandTest, GivesAKilledCutNoNameOfItsOwn) {
  write_much();
  const std::string part = (folder / "part.jsonl").string();
  const auto killed_while_writing = [&] {
    const FileLimit full(100);
    (void)recording_command({"cut", file, part});
  };
  EXPECT_EXIT(killed_while_writing(), testing::KilledBySignal(SIGXFSZ), "");
  EXPECT_FALSE(std::filesystem::exists(part));
  EXPECT_EQ(files().size(), 2U) << "the part beside it";
  EXPECT_EQ(recording_command({"cut", file, part}), 0);
  EXPECT_EQ(recording_command({"check", part}), 0);
}

// The signal of a limit comes while it writes, and asks it to end as Ctrl-C does.
TEST_F(RecordingCommandTest, RemovesWhatAnInterruptedCutHasWritten) {
  write_much();
  const auto interrupted_while_writing = [&] {
    ::signal(SIGXFSZ, [](int) { ::raise(SIGTERM); });
    const FileLimit full(100);
    (void)recording_command({"cut", file, (folder / "part.jsonl").string()});
  };
  EXPECT_EXIT(interrupted_while_writing(), testing::KilledBySignal(SIGTERM), "");
  EXPECT_EQ(files(), std::vector<std::string>{"frames.jsonl"});
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
