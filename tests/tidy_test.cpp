// The house rules that a machine can hold: which folder may include what (system headers are always
// reachable, so the link graph alone does not show it), and the words that must not appear in
// product code. Runs over the sources as text.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  // relative to the project, with '/'
  std::vector<std::string> lines;
};

std::vector<Source> sources_below(const std::vector<std::string>& folders) {
  const fs::path root = POLYBOT_SOURCE_DIR;
  std::vector<Source> found;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      Source source{fs::relative(entry.path(), root).generic_string(), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) source.lines.push_back(line);
      found.push_back(std::move(source));
    }
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    if (text.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

// One row of the dependency table: sources whose path matches may include project headers and
// third-party headers with these prefixes, and the standard library.
struct MayInclude {
  std::string where;  // regular expression on the path; the first row that matches counts
  std::vector<std::string> project;
  std::vector<std::string> third_party;
};

const std::vector<MayInclude>& dependency_table() {
  static const std::vector<std::string> everything = {
      "boost/",   "nng/",      "google/",   "prometheus/", "spdlog/", "fmt/", "sqlite3",
      "openssl/", "secp256k1", "cryptopp/", "toml++/",     "CLI/",    "zstd", "zlib"};
  static const std::vector<MayInclude> table = {
      {"common/domain/.*", {"common/domain/"}, {}},
      {"common/metrics/(catalogue|snapshot)\\.[hc]pp",
       {"common/metrics/catalogue", "common/metrics/snapshot.hpp"},
       {}},
      {"common/metrics/catalogue.*", {"common/metrics/catalogue"}, {}},
      {"services/metrics-aggregator/core/.*",
       {"common/domain/", "common/metrics/catalogue", "common/metrics/snapshot.hpp",
        "services/metrics-aggregator/core/"},
       {}},
      {"services/gateway/core/.*", {"common/domain/", "services/gateway/core/"}, {}},
      {"services/strategy-runner/core/.*",
       {"common/domain/", "services/strategy-runner/core/"},
       {}},
      {"services/order-manager/core/.*", {"common/domain/", "services/order-manager/core/"}, {}},
      {"services/venue-simulator/core/.*",
       {"common/domain/", "services/venue-simulator/core/"},
       {}},
      {"common/wire/.*",
       {"common/wire/", "common/domain/", "common/metrics/catalogue", "common/metrics/snapshot.hpp",
        "polybot/v1/"},
       {"google/"}},
      {"common/follow/.*", {"common/follow/", "common/wire/", "common/domain/"}, {}},
      {"common/feeds/.*",
       {"common/feeds/", "common/follow/", "common/bus/", "common/runtime/", "common/wire/",
        "common/domain/"},
       {"boost/asio"}},
      {"common/http/.*", {"common/http/"}, {"boost/", "openssl/"}},
      {"common/bus/.*", {"common/bus/", "polybot/v1/frame.pb.h"}, {"nng/", "boost/"}},
      {"common/metrics/.*",
       {"common/metrics/", "common/wire/", "common/bus/", "common/domain/"},
       {"prometheus/", "boost/asio"}},
      {"common/runtime/.*",
       {"common/runtime/", "common/http/", "common/bus/", "common/metrics/", "common/domain/"},
       everything},
      {"common/polymarket/.*",
       {"common/polymarket/", "common/domain/"},
       {"boost/json", "boost/system/", "openssl/", "secp256k1", "cryptopp/"}},
      {"services/gateway/.*", {"common/", "services/gateway/"}, everything},
      {"services/strategy-runner/.*", {"common/", "services/strategy-runner/"}, everything},
      {"services/order-manager/.*", {"common/", "services/order-manager/"}, everything},
      {"services/metrics-aggregator/.*", {"common/", "services/metrics-aggregator/"}, everything},
      {"services/venue-simulator/.*", {"common/", "services/venue-simulator/"}, everything},
      {"deploy/launcher/.*", {"common/", "deploy/launcher/"}, everything},
  };
  return table;
}

std::string join(const std::vector<std::string>& lines) {
  std::ostringstream text;
  for (const std::string& line : lines) text << "\n  " << line;
  return text.str();
}

// `path:line: text` of every line that matches, outside of the exempted paths.
std::vector<std::string> lines_matching(const std::vector<Source>& sources,
                                        const std::regex& pattern,
                                        const std::vector<std::string>& exempt = {}) {
  std::vector<std::string> found;
  for (const Source& source : sources) {
    if (starts_with_any(source.path, exempt)) continue;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      if (std::regex_search(source.lines[i], pattern)) {
        found.push_back(source.path + ":" + std::to_string(i + 1) + ": " + source.lines[i]);
      }
    }
  }
  return found;
}

bool is_core(const std::string& path) {
  return starts_with_any(path, {"common/domain/", "common/follow/"}) ||
         path.find("/core/") != std::string::npos;
}

std::vector<Source> cores() {
  std::vector<Source> all = sources_below({"common", "services"});
  std::erase_if(all, [](const Source& source) { return !is_core(source.path); });
  return all;
}

TEST(Tidy, EveryFolderIncludesOnlyWhatTheDependencyTableAllows) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> offences;
  for (const Source& source : sources_below({"common", "services", "deploy/launcher"})) {
    const MayInclude* row = nullptr;
    for (const MayInclude& candidate : dependency_table()) {
      if (std::regex_match(source.path, std::regex(candidate.where))) {
        row = &candidate;
        break;
      }
    }
    ASSERT_NE(row, nullptr) << source.path << " has no row in the dependency table";
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(source.lines[i], match, include)) continue;
      const std::string header = match[1];
      // The standard library and POSIX: no folder, or sys/ netinet/ and the like.
      const bool standard =
          header.find('/') == std::string::npos
              ? !starts_with_any(header, {"sqlite3", "secp256k1", "zstd", "zlib", "nng"})
              : starts_with_any(header, {"sys/", "netinet/", "arpa/"});
      if (standard || starts_with_any(header, row->project) ||
          starts_with_any(header, row->third_party))
        continue;
      offences.push_back(source.path + ":" + std::to_string(i + 1) + " includes " + header);
    }
  }
  EXPECT_TRUE(offences.empty()) << join(offences);
}

TEST(Tidy, CoresReadNoClockAndHoldNoThreads) {
  const std::regex banned(
      R"(::now\(\)|std::thread|std::mutex|std::random_device|std::.*_distribution|printf|std::cout|std::cerr|getenv)");
  const auto found = lines_matching(cores(), banned, {"common/domain/assert.cpp"});
  EXPECT_TRUE(found.empty()) << join(found);
}

TEST(Tidy, NoFloatingPointTouchesMoney) {
  std::vector<Source> money = sources_below({"common/domain", "services/order-manager/core"});
  const auto found = lines_matching(money, std::regex(R"(^[^/]*\b(double|float)\b)"));
  EXPECT_TRUE(found.empty()) << join(found);
}

TEST(Tidy, ProductCodeDoesNotSleepAndLeavesNothingUndone) {
  const auto product = sources_below({"common", "services", "deploy/launcher"});
  auto found = lines_matching(product, std::regex(R"(this_thread::|usleep\(|[^_.]\bsleep\()"),
                              {"common/runtime/watchdog"});
  EXPECT_TRUE(found.empty()) << join(found);
  found = lines_matching(product,
                         std::regex(R"(TODO|FIXME|XXX|[Nn]ot implemented|using namespace std;)"));
  EXPECT_TRUE(found.empty()) << join(found);
}

// From line `first` of a source on, up to the end of the statement that begins at column `start`.
std::string statement_at(const Source& source, std::size_t first, std::size_t start) {
  std::string statement = source.lines[first].substr(start);
  for (std::size_t i = first + 1;
       statement.find(';') == std::string::npos && i < source.lines.size(); ++i) {
    statement += source.lines[i];
  }
  statement.resize(std::min(statement.find(';'), statement.size()));
  return statement;
}

// A line of the log names its time, level, service and replica itself: a field of such a name
// would be shown as `replica_` beside it.
TEST(Tidy, NoLogFieldHasANameOfTheLinesOwn) {
  static const std::regex call(
      R"(\b(log::\w+|\w*(log_?|limited|refused_)(\.|->)(debug|info|warning|error|write))\()");
  static const std::regex own(
      R"x(\{"(timestamp|level|message|service|replica|suppressed|truncated)",)x");
  std::vector<std::string> offences;
  for (const Source& source : sources_below({"common", "services", "deploy/launcher"})) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::smatch begin;
      if (!std::regex_search(source.lines[i], begin, call)) continue;
      const std::string statement =
          statement_at(source, i, static_cast<std::size_t>(begin.position()));
      if (std::regex_search(statement, own)) {
        offences.push_back(source.path + ":" + std::to_string(i + 1) + ": " + source.lines[i]);
      }
    }
  }
  EXPECT_TRUE(offences.empty()) << join(offences);
}

// gcc 12 copies an aggregate temporary of a co_await expression bitwise and destroys it twice,
// which corrupts the heap as soon as it holds a string. Such a value is named in a statement of its
// own.
TEST(Tidy, NoAggregateTemporaryInsideACoAwait) {
  static const std::regex aggregate(R"([(,]\s*\{\s*\.|[A-Za-z0-9_>]\{\s*\.)");
  std::vector<std::string> offences;
  for (const Source& source : sources_below({"common", "services", "deploy/launcher", "tests"})) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::size_t start = source.lines[i].find("co_await ");
      if (start == std::string::npos || source.lines[i].find("//") < start) continue;
      if (std::regex_search(statement_at(source, i, start), aggregate)) {
        offences.push_back(source.path + ":" + std::to_string(i + 1) + ": " + source.lines[i]);
      }
    }
  }
  EXPECT_TRUE(offences.empty()) << join(offences);
}

TEST(Tidy, TestsDoNotSleepOrUseFixedPorts) {
  const auto tests = sources_below({"tests/unit", "tests/simulation", "tests/integration"});
  const auto found = lines_matching(
      tests, std::regex(R"(sleep_for|sleep_until|usleep\(|\bsleep\(|127\.0\.0\.1:[1-9])"));
  EXPECT_TRUE(found.empty()) << join(found);
}

// gcc 12 loses the frame of a coroutine that awaits in the condition of a loop: the first
// resumption reads garbage. The awaited value is named in a statement of its own.
TEST(Tidy, NoCoAwaitInALoopCondition) {
  const auto sources = sources_below({"common", "services", "deploy/launcher", "tests"});
  const auto found =
      lines_matching(sources, std::regex(R"(\bwhile \([^()]*co_await)"), {"tests/tidy_test.cpp"});
  EXPECT_TRUE(found.empty()) << join(found);
}

TEST(Tidy, EveryHeaderOpensWithItsPurpose) {
  std::vector<std::string> offences;
  for (const Source& source : sources_below({"common", "services", "deploy/launcher"})) {
    if (!source.path.ends_with(".hpp")) continue;
    if (source.lines.empty() || source.lines[0].rfind("//", 0) != 0)
      offences.push_back(source.path);
  }
  EXPECT_TRUE(offences.empty()) << join(offences);
}

TEST(Tidy, FilesStaySmall) {
  constexpr std::size_t kLinesMax = 500;
  std::vector<std::string> offences;
  for (const Source& source : sources_below({"common", "services", "deploy/launcher"})) {
    if (source.lines.size() > kLinesMax) {
      offences.push_back(source.path + ": " + std::to_string(source.lines.size()) + " lines");
    }
  }
  EXPECT_TRUE(offences.empty()) << join(offences);
}

}  // namespace
