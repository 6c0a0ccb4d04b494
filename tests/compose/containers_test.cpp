// What must hold for the containers on machines that differ from this one: hosts with SELinux,
// checkouts made under umask 077 or by a Git that writes CRLF, builds with little memory. Each is
// found here without such a machine and without an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/monitoring/tool.hpp"

namespace polybot::monitoring {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

// ---- line ends
// -----------------------------------------------------------------------------------------

TEST(Checkout, HasNoCarriageReturnWhateverGitIsTold) {
  // Git for Windows asks for CRLF, and a script whose first line ends in CR does not start.
  const std::string top = fs::path(POLYBOT_SOURCE_DIR).string();
  if (!fs::exists(fs::path(top) / ".git")) GTEST_SKIP() << "these sources are no checkout of Git";
  const ScratchFolder folder;
  // A user's settings: what Git for Windows asks for, and no distrust of a checkout of somebody
  // else.
  const std::string settings =
      folder.write("gitconfig", "[core]\n  autocrlf = true\n[safe]\n  directory = *\n");
  const auto git = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"env", "GIT_CONFIG_GLOBAL=" + settings, "git"});
    return run_tool(arguments);
  };
  const std::string clone = folder.path("clone");
  const ToolResult cloned = git({"clone", "--quiet", "--no-hardlinks", top, clone});
  ASSERT_EQ(cloned.exit_code, 0) << cloned.output;
  // "i/lf w/crlf attr/... \tpath": w is what the work tree has, -text what Git takes for binary.
  const ToolResult listed = git({"-C", clone, "ls-files", "--eol"});
  ASSERT_EQ(listed.exit_code, 0) << listed.output;
  const std::vector<std::string> files = split(listed.output, '\n');
  EXPECT_GT(files.size(), 100U);
  for (const std::string& file : files) {
    const std::vector<std::string> found = words(file);
    ASSERT_GE(found.size(), 3U) << file;
    EXPECT_THAT((std::vector<std::string>{"w/lf", "w/none", "w/-text"}), Contains(found[1]))
        << file;
  }
}

}  // namespace
}  // namespace polybot::monitoring
