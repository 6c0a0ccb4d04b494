// Prometheus' own linter over everything the catalogue can expose.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "common/metrics/text_format.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::metrics_aggregator {
namespace {

std::string whole_catalogue() {
  std::vector<metrics::FamilyValues> view;
  for (const metrics::Family& family : metrics::families()) {
    const std::vector<std::string> labels(family.labels.size(), "x");
    metrics::Series series{metrics::join_labels(labels), 1};
    if (family.type == metrics::Type::Histogram) series.buckets.assign(family.bounds.size() + 1, 1);
    view.push_back({std::string(family.name), metrics::fingerprint(family), {series}});
  }
  metrics::Exposition exposition;
  exposition.swap(view);
  return exposition.render();
}

// What a command prints, standard error included.
std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             &::pclose);
  EXPECT_TRUE(pipe);
  std::string output;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    output.append(buffer.data(), count);
  }
  return output;
}

TEST(Promtool, ComplainsOnlyOfTheDocumentedException) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
  }
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "metrics") << whole_catalogue();
  ::setenv("FILE", (folder / "metrics").c_str(), 1);  // the shell takes it from there as it is
  const std::string output = output_of("promtool check metrics <\"$FILE\" 2>&1");
  EXPECT_EQ(output, "polybot_pnl_total non-counter metrics should not have \"_total\" suffix\n");
}

}  // namespace
}  // namespace polybot::metrics_aggregator
