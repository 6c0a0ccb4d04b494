// Folders of any name reach the programs through make unchanged, and a folder that the tools cannot
// take is named before the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace polybot {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Outcome {
  int exit_code = -1;
  std::string output;  // standard error included
};

class MakeTest : public testing::Test {
 protected:
  MakeTest() {
    for (const char* of_the_caller :
         {"MAKEFLAGS", "MAKELEVEL", "DATA", "BUILD", "RECORDING", "SPEED", "EDGE"})
      ::unsetenv(of_the_caller);
    ::setenv("SOURCE", POLYBOT_SOURCE_DIR, 1);
    // The shells of these tests read names from variables, which no quote in them can end.
    ::setenv("ODD", odd_.c_str(), 1);
    fs::create_directories(odd_ / "secrets");
    std::ofstream(odd_ / "secrets" / "api-token") << "the token";
  }

  static Outcome run(const std::string& command) {
    std::FILE* const pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
    Outcome outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
      outcome.output.append(buffer.data(), size);
    const int status = ::pclose(pipe);
    if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
    return outcome;
  }

  test_support::TemporaryFolder folder_{"make"};
  fs::path odd_ = folder_ / "Größe und 'mehr' \"$HOME\" $(false) `false` #1; %s\\n";
};

TEST_F(MakeTest, PassesADataFolderOfAnyNameOnAsItIs) {
  const std::string make = "make -s --no-print-directory -C \"$SOURCE\" token ";
  EXPECT_EQ(run(make + "DATA=\"$ODD\"").output, "the token\n");
  EXPECT_EQ(run(make + "DATA=\"$ODD/\"").output, "the token\n");
  EXPECT_EQ(run("DATA=\"$ODD\" " + make).output, "the token\n");
}

// A token pasted into a header needs no stripping.
TEST_F(MakeTest, PrintsTheTokenAsOneLine) {
  std::ofstream(odd_ / "secrets" / "api-token") << "the token\n";
  EXPECT_EQ(run("make -s --no-print-directory -C \"$SOURCE\" token DATA=\"$ODD\"").output,
            "the token\n");
}

TEST_F(MakeTest, DoesNotPrintATokenThatCannotBeRead) {
  std::ofstream(odd_ / "secrets" / "api-token", std::ios::trunc) << "";
  const Outcome refused = run("make -s --no-print-directory -C \"$SOURCE\" token DATA=\"$ODD\"");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("is empty"));
}

TEST_F(MakeTest, RefusesAnUnknownVariable) {
  const Outcome refused = run("make -C \"$SOURCE\" help SEEED=7");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("no variable SEEED"));
  EXPECT_EQ(run("make -C \"$SOURCE\" help SEED=7 POLYBOT_RISK__POSITION_MAX=50").exit_code, 0);
}

// In shell scripts those with a default (${NAME:-...}), in Python ones os.environ["NAME"].
std::set<std::string> variables_of_scripts() {
  static const std::regex read_by_shell(R"(\$\{([A-Z][A-Z_0-9]*):?[-+])");
  static const std::regex read_by_python(
      R"re(os\.environ(?:\.get\(|\[)"([A-Z_0-9]+)"|"([A-Z_0-9]+)" in os\.environ)re");
  std::set<std::string> found;
  const fs::path source = POLYBOT_SOURCE_DIR;
  const auto collect = [&](const fs::path& file, const std::regex& reads) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::sregex_iterator one(text.begin(), text.end(), reads), end; one != end; ++one) {
      const std::smatch& match = *one;
      found.insert(match[1].matched || match.size() < 3 ? match[1].str() : match[2].str());
    }
  };
  for (const auto& entry : fs::directory_iterator(source / "deploy")) {
    if (entry.path().extension() == ".sh") collect(entry.path(), read_by_shell);
  }
  for (const auto& entry : fs::recursive_directory_iterator(source / "tests")) {
    if (entry.path().extension() == ".py") collect(entry.path(), read_by_python);
  }
  return found;
}

TEST_F(MakeTest, TakesEachVariableThatAScriptReads) {
  std::set<std::string> variables = variables_of_scripts();
  ASSERT_THAT(variables, testing::IsSupersetOf({"MUTANTS", "JOBS", "DOCKER_HOST", "PORT_OFFSET"}));
  // Those that make and one script pass to others, and those of the machine.
  for (const char* ours : {"BUILD_FOLDER", "PATH"}) variables.erase(ours);
  std::string command = "make -C \"$SOURCE\" help";
  for (const std::string& variable : variables) command += " " + variable + "=1";
  EXPECT_EQ(run(command).exit_code, 0) << command << run(command).output;
}

TEST_F(MakeTest, RefusesANumberThatIsNoneBeforeItInstallsOrBuilds) {
  for (const char* wrong : {"SEED=x", "RUNNERS=0", "FUZZ_SECONDS=10s", "FUZZ_SECONDS=0",
                            "PORT_OFFSET=-1", "SEEDS='1 2'", "RUNNERS=00"}) {
    const Outcome refused = run(std::string("make -n -C \"$SOURCE\" fuzz ") + wrong);
    EXPECT_EQ(refused.exit_code, 2) << wrong;
    EXPECT_THAT(refused.output, HasSubstr(" must be ")) << wrong;
  }
  EXPECT_EQ(run("make -C \"$SOURCE\" help RUNNERS=03 JOBS=10").exit_code, 0);
}

TEST_F(MakeTest, RefusesWhatIsPlainlyNoRecordingBeforeItBuilds) {
  const std::string make =
      "make -s --no-print-directory -C \"$SOURCE\" data-folder DATA=\"$ODD\" RECORDING=";
  std::ofstream(folder_ / "empty.jsonl") << "";
  std::ofstream(folder_ / "good.jsonl") << "{\"ts_ms\": 1, \"raw\": \"[]\"}\n";
  std::ofstream(folder_ / "not.jsonl.zst") << "{\"ts_ms\": 1, \"raw\": \"[]\"}\n";
  const std::string folder = folder_.path().string();
  for (const std::string& wrong :
       {std::string("/etc/passwd"), folder + "/empty.jsonl", folder + "/not.jsonl.zst"}) {
    const Outcome refused = run(make + wrong);
    EXPECT_EQ(refused.exit_code, 2) << wrong;
    EXPECT_THAT(refused.output, HasSubstr("is no recording")) << wrong;
  }
  // The text before the first frame may be as long as the simulated venue allows, in either form.
  std::ofstream late(folder_ / "late.jsonl");
  for (int i = 0; i < 999; ++i) late << "# no frame\n";
  late << "{\"ts_ms\": 1, \"raw\": \"[]\"}\n";
  late.close();
  std::ofstream(folder_ / "skippable.jsonl.zst") << "\x5a\x2a\x4d\x18 what may be skipped";
  for (const char* good : {"/good.jsonl", "/late.jsonl", "/skippable.jsonl.zst"})
    EXPECT_EQ(run(make + folder + good).output, "") << good;
}

TEST_F(MakeTest, BuildsWhereItIsToldTo) {
  const Outcome told = run("cd \"$SOURCE\" && deploy/build-folder.sh \"/it's 5 \\$ and ü\"");
  EXPECT_EQ(told.exit_code, 0);
  EXPECT_EQ(told.output, "/it's 5 $ and ü\n");
  fs::create_directory(folder_ / "checkout");
  ::setenv("CHECKOUT", (folder_ / "checkout").c_str(), 1);
  EXPECT_EQ(run("cd \"$CHECKOUT\" && \"$SOURCE\"/deploy/build-folder.sh ''").output, "build\n");
}

TEST_F(MakeTest, RefusesAFolderThatTheBuildToolsCannotTake) {
  const Outcome here = run("cd \"$ODD\" && \"$SOURCE\"/deploy/build-folder.sh ''");
  EXPECT_EQ(here.exit_code, 1);
  EXPECT_THAT(here.output, HasSubstr("move it to another path"));
  const Outcome there = run("make -C \"$SOURCE\" programs BUILD='a\"b'");
  EXPECT_EQ(there.exit_code, 2);
  EXPECT_THAT(there.output, HasSubstr("name another folder with BUILD=folder"));
}

TEST_F(MakeTest, AsksForAnotherDataFolderBeforeItBuilds) {
  std::ofstream(odd_ / "file") << "no folder";
  const Outcome refused =
      run("make -s --no-print-directory -C \"$SOURCE\" data-folder DATA=\"$ODD/file/data\"");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr((odd_ / "file").string() + " is no folder"));
  EXPECT_THAT(refused.output, HasSubstr("DATA=folder"));
}

}  // namespace
}  // namespace polybot
