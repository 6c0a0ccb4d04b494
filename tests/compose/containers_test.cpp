// Rules for the containers on machines that differ from this one: hosts with SELinux, checkouts
// made under umask 077 or by a Git that writes CRLF, builds with little memory. Each is checked
// here without such a machine and without an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>
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

TEST(ComposeFile, LabelsEveryBindMountForSelinux) {
  // Without the label a container on a host that enforces SELinux may read nothing of it.
  int mounts = 0;
  for (const auto& service : YAML::Load(read_source("docker-compose.yml"))["services"]) {
    for (const YAML::Node& volume : service.second["volumes"]) {
      const std::vector<std::string> parts = split(volume.as<std::string>(), ':');
      if (parts[0].front() != '.' && parts[0].front() != '/') continue;  // a named volume
      ++mounts;
      ASSERT_EQ(parts.size(), 3U) << volume.as<std::string>();
      EXPECT_THAT(split(parts[2], ','), Contains("z"))
          << service.first.as<std::string>() << ": " << volume.as<std::string>();
    }
  }
  EXPECT_GT(mounts, 0);
}

TEST(ComposeFile, TakesTheNumberOfRunnersFromTheSettings) {
  // An `up` without --scale goes back to this number, at an upgrade for instance.
  const YAML::Node services = YAML::Load(read_source("docker-compose.yml"))["services"];
  EXPECT_EQ(services["strategy-runner"]["scale"].as<std::string>("none"), "${RUNNERS:-1}");
}

TEST(ComposeFile, BoundsEveryServiceAndForbidsItsCoreDumps) {
  for (const auto& service : YAML::Load(read_source("docker-compose.yml"))["services"]) {
    const auto name = service.first.as<std::string>();
    // `<<` and what the service says itself, which wins.
    const auto key = [&](const char* wanted) {
      return service.second[wanted] ? service.second[wanted] : service.second["<<"][wanted];
    };
    for (const char* limit : {"mem_limit", "memswap_limit", "pids_limit", "cpus"})
      EXPECT_TRUE(key(limit)) << name << " has no " << limit;
    EXPECT_EQ(key("mem_limit").as<std::string>(""), key("memswap_limit").as<std::string>("-"))
        << name;
    EXPECT_EQ(key("ulimits")["core"].as<std::string>(""), "0") << name;
  }
}

// A tag can be moved to another content, a digest cannot.
TEST(ComposeFile, NamesTheImagesOfOthersByDigest) {
  int images = 0;
  for (const auto& service : YAML::Load(read_source("docker-compose.yml"))["services"]) {
    if (!service.second["image"]) continue;
    ++images;
    EXPECT_THAT(service.second["image"].as<std::string>(),
                testing::ContainsRegex(":v?[0-9.]+@sha256:[0-9a-f]{64}$"));
  }
  EXPECT_EQ(images, 3);
}

// ---- line ends
// -----------------------------------------------------------------------------------------

TEST(Checkout, HasNoCarriageReturnUnderAnyGitSetting) {
  // Git for Windows asks for CRLF, and a script whose first line ends in CR does not start.
  const std::string top = fs::path(POLYBOT_SOURCE_DIR).string();
  if (!fs::exists(fs::path(top) / ".git")) GTEST_SKIP() << "these sources are no checkout of Git";
  const ScratchFolder folder;
  // A user's settings: those that Git for Windows wants, and no distrust of a checkout of another
  // user.
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

// ---- the image
// -----------------------------------------------------------------------------------------

struct Instruction {
  std::size_t stage;  // 1 is the first FROM
  std::vector<std::string> words;
};

std::vector<Instruction> dockerfile() {
  std::vector<Instruction> found;
  std::size_t stage = 0;
  std::string line;
  for (const std::string& part : split(read_source("deploy/Dockerfile"), '\n')) {
    if (part.empty() || part.front() == '#') continue;
    line += part;
    if (line.back() == '\\') {
      line.pop_back();
      continue;
    }
    found.push_back({stage, words(line)});
    line.clear();
    if (found.back().words[0] == "FROM") found.back().stage = ++stage;
  }
  return found;
}

bool is_copy_from_context(const Instruction& instruction) {
  return instruction.words[0] == "COPY" && instruction.words[1].rfind("--from=", 0) != 0;
}

TEST(Image, TakesNoModeFromTheCheckout) {
  // COPY keeps what a checkout under umask 077 has, 0700 of root, and the image's user is not root.
  const std::vector<Instruction> instructions = dockerfile();
  const std::size_t last = instructions.back().stage;
  EXPECT_GE(last, 2U);
  for (const Instruction& instruction : instructions) {
    EXPECT_FALSE(instruction.stage == last && is_copy_from_context(instruction))
        << "COPY " << instruction.words[1];
  }
}

TEST(Image, BeginsWithABaseOfOneContentAndItsUpdates) {
  const std::string text = read_source("deploy/Dockerfile");
  EXPECT_THAT(text, testing::ContainsRegex("ARG DEBIAN=debian:[^@]+@sha256:[0-9a-f]{64}\n"));
  std::size_t stages = 0;
  std::size_t upgrades = 0;
  for (const Instruction& instruction : dockerfile()) {
    if (instruction.words[0] == "FROM") {
      ++stages;
      EXPECT_EQ(instruction.words[1], "${DEBIAN}");
    }
    const auto& found = instruction.words;
    upgrades += static_cast<std::size_t>(std::count(found.begin(), found.end(), "upgrade"));
  }
  EXPECT_EQ(upgrades, stages);
}

TEST(Image, ListsWhatItHolds) {
  const ToolResult listed =
      run_tool({source_path("deploy/compose/sbom.py"), "--name", "polybot", "--version", "1",
                "--os-release", "/etc/os-release", "--status", "/var/lib/dpkg/status"});
  ASSERT_EQ(listed.exit_code, 0) << listed.output;
  const YAML::Node document = YAML::Load(listed.output);
  EXPECT_EQ(document["spdxVersion"].as<std::string>(), "SPDX-2.3");
  std::set<std::string> names;
  std::set<std::string> ids;
  for (const YAML::Node& package : document["packages"]) {
    names.insert(package["name"].as<std::string>());
    ids.insert(package["SPDXID"].as<std::string>());
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"polybot", "libc6", "dpkg"}));
  EXPECT_EQ(ids.size(), document["packages"].size());
  for (const YAML::Node& relationship : document["relationships"])
    EXPECT_THAT(ids, Contains(relationship["relatedSpdxElement"].as<std::string>()));
}

TEST(Image, IsNotListedFromADamagedDatabase) {
  const ScratchFolder folder;
  const auto list = [&](const std::string& database) {
    return run_tool({source_path("deploy/compose/sbom.py"), "--name", "polybot", "--version", "1",
                     "--os-release", "/etc/os-release", "--status",
                     folder.write("status", database)});
  };
  for (const char* database : {"", "Package: a\nStatus: install ok installed\n",
                               "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n"
                               "Architecture: all\n"}) {
    const ToolResult refused = list(database);
    EXPECT_NE(refused.exit_code, 0) << database;
    EXPECT_THAT(refused.output, HasSubstr("sbom: ")) << database;
  }
}

TEST(Image, CopiesOnlyWhatItsContextHolds) {
  const std::vector<std::string> rules = split(read_source(".dockerignore"), '\n');
  for (const Instruction& instruction : dockerfile()) {
    if (!is_copy_from_context(instruction)) continue;
    for (std::size_t i = 1; i + 1 < instruction.words.size(); ++i) {
      const std::string source = instruction.words[i];
      EXPECT_TRUE(fs::exists(fs::path(POLYBOT_SOURCE_DIR) / source)) << source;
      EXPECT_TRUE(std::any_of(rules.begin(), rules.end(),
                              [&](const std::string& rule) {
                                return rule.front() == '!' &&
                                       (source + "/").rfind(rule.substr(1) + "/", 0) == 0;
                              }))
          << source << " is not in the context";
    }
  }
}

TEST(Image, CompilesAsMuchAtOnceAsTheMemoryHolds) {
  int builds = 0;
  for (const Instruction& instruction : dockerfile()) {
    for (std::size_t i = 0; i < instruction.words.size(); ++i) {
      if (instruction.words[i] != "ninja") continue;
      ++builds;
      const std::vector<std::string> rest(instruction.words.begin() + static_cast<long>(i),
                                          instruction.words.end());
      EXPECT_THAT(rest, Contains(StartsWith("\"$(deploy/jobs.sh)")));
    }
  }
  EXPECT_GT(builds, 0);
}

TEST(Image, GetsThePackagesWhoseLibrariesItsProgramsLoad) {
  const ToolResult found =
      run_tool({source_path("deploy/compose/libraries.sh"), "/proc/self/exe", "/bin/ls"});
  EXPECT_EQ(found.exit_code, 0) << found.output;
  EXPECT_THAT(split(found.output, '\n'), Contains("libc6"));
}

TEST(Image, IsRefusedAProgramWithoutItsLibraries) {
  const ToolResult found =
      run_tool({source_path("deploy/compose/libraries.sh"), source_path("README.md")});
  EXPECT_NE(found.exit_code, 0);
  EXPECT_THAT(found.output, HasSubstr("README.md"));
}

// ---- a checkout that only its owner may read
// -----------------------------------------------------------

class ClosedCheckout : public testing::Test {
 protected:
  ClosedCheckout() {
    fs::create_directories(folder_.path("config/deeper"));
    for (const char* name : {"config/a.toml", "config/deeper/b.yml", "config/deeper/c.json",
                             "config/README.md", "config/slack-webhook"}) {
      folder_.write(name, "x");
      fs::permissions(folder_.path(name), fs::perms::owner_read | fs::perms::owner_write);
    }
    fs::permissions(folder_.path("config/deeper"), fs::perms::owner_all);
    fs::permissions(folder_.path("config"), fs::perms::owner_all);
  }

  [[nodiscard]] ToolResult open() const {
    return run_tool(
        {source_path("deploy/compose/setup.sh"), "open-configuration", folder_.path("config")});
  }
  [[nodiscard]] unsigned mode(const std::string& name) const {
    return static_cast<unsigned>(fs::status(folder_.path(name)).permissions());
  }

  ScratchFolder folder_;
};

TEST_F(ClosedCheckout, IsOpenedForTheContainersUsers) {
  const ToolResult opened = open();
  EXPECT_EQ(opened.exit_code, 0) << opened.output;
  for (const char* name :
       {"config/a.toml", "config/deeper/b.yml", "config/deeper/c.json", "config/README.md"}) {
    EXPECT_EQ(mode(name), 0644U) << name;
  }
  for (const char* name : {"config", "config/deeper"}) EXPECT_EQ(mode(name), 0755U) << name;
}

TEST_F(ClosedCheckout, KeepsASecretBesideTheConfigurationClosed) {
  EXPECT_EQ(open().exit_code, 0);
  EXPECT_EQ(mode("config/slack-webhook"), 0600U);
}

TEST_F(ClosedCheckout, IsOpenedOnce) {
  EXPECT_THAT(open().output, HasSubstr("setup:"));
  const ToolResult again = open();
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.output, "");
}

TEST(Setup, NamesAFolderThatIsNotThere) {
  const ScratchFolder folder;
  const ToolResult opened =
      run_tool({source_path("deploy/compose/setup.sh"), "open-configuration", folder.path("gone")});
  EXPECT_NE(opened.exit_code, 0);
  EXPECT_THAT(opened.output, HasSubstr("gone"));
}

}  // namespace
}  // namespace polybot::monitoring
