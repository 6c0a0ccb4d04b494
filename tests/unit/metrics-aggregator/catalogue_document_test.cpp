// The metric contract in its printed forms: as JSON for the checks of dashboards and alerts, and as
// the table of deploy/METRICS.md.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "common/metrics/catalogue.hpp"
#include "services/metrics-aggregator/catalogue_json.hpp"
#include "services/metrics-aggregator/catalogue_markdown.hpp"

namespace polybot::metrics_aggregator {
namespace {

TEST(CatalogueDocument, IsCurrent) {
  const std::string path = POLYBOT_SOURCE_DIR "/deploy/METRICS.md";
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const std::string begin = "<!-- catalogue: begin -->\n";
  const std::size_t from = document.find(begin);
  const std::size_t to = document.find("<!-- catalogue: end -->\n");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(document.substr(from + begin.size(), to - from - begin.size()), catalogue_markdown())
      << "put the output of `metrics-aggregator --print-catalogue markdown` between the marks of "
      << path;
}

TEST(CatalogueJson, HoldsEveryColumnOfEveryFamily) {
  const auto parsed = boost::json::parse(catalogue_json());
  const auto& families = parsed.as_object().at("families").as_array();
  ASSERT_EQ(families.size(), metrics::families().size());
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto& row = families[i].as_object();
    const metrics::Family& family = metrics::families()[i];
    EXPECT_EQ(row.at("name").as_string(), family.name);
    EXPECT_EQ(row.at("type").as_string(), domain::name_of(family.type));
    EXPECT_EQ(row.at("policy").as_string(), domain::name_of(family.policy));
    EXPECT_EQ(row.at("sticky").as_bool(), family.sticky);
    EXPECT_EQ(row.at("help").as_string(), family.help);
    EXPECT_EQ(row.at("labels").as_object().size(), family.labels.size());
    EXPECT_EQ(row.at("bounds").as_array().size(), family.bounds.size());
    EXPECT_FALSE(row.at("owners").as_array().empty());
    EXPECT_FALSE(row.at("proof").as_string().empty());
    EXPECT_EQ(row.at("fingerprint").as_string(), std::to_string(metrics::fingerprint(family)));
  }
}

}  // namespace
}  // namespace polybot::metrics_aggregator
