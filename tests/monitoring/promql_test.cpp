#include "tests/monitoring/promql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::monitoring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(PromqlNames, ReadsASelectorWithItsMatchersAndRange) {
  const auto names = read_names(R"(rate(x_total{a="1", b=~'2|3'}[5m]) > 0.1)");
  ASSERT_THAT(names.problems, IsEmpty());
  ASSERT_EQ(names.uses.size(), 1U);
  const MetricUse& use = names.uses[0];
  EXPECT_EQ(use.metric, "x_total");
  EXPECT_EQ(use.range, "5m");
  EXPECT_EQ(use.function, "rate");
  ASSERT_EQ(use.matchers.size(), 2U);
  EXPECT_EQ(use.matchers[1].label, "b");
  EXPECT_EQ(use.matchers[1].op, "=~");
  EXPECT_EQ(use.matchers[1].value, "2|3");
}

TEST(PromqlNames, KnowsWhichGroupingStandsAroundWhichMetric) {
  const auto names =
      read_names("sum by (a) (x) / on (a) group_left (b) max by (a, b) (rate(y[1m])) > 1e-3");
  ASSERT_THAT(names.problems, IsEmpty());
  ASSERT_EQ(names.uses.size(), 2U);
  EXPECT_THAT(names.uses[0].grouping, ElementsAre("a"));
  EXPECT_THAT(names.uses[1].grouping, ElementsAre("a", "b"));
  ASSERT_EQ(names.uses[1].aggregations.size(), 1U);
  EXPECT_EQ(names.uses[1].aggregations[0].function, "max");
  EXPECT_THAT(names.uses[1].aggregations[0].labels, ElementsAre("a", "b"));
  EXPECT_EQ(names.uses[1].function, "rate");
  EXPECT_THAT(names.joined, ElementsAre("a", "b"));
}

TEST(PromqlNames, TakesOperatorsAndFunctionsForWhatTheyAre) {
  const auto names = read_names("time() - (x > bool 0) and y unless vector(1) or z");
  ASSERT_THAT(names.problems, IsEmpty());
  ASSERT_EQ(names.uses.size(), 3U);
  EXPECT_EQ(names.uses[0].function, "");
}

TEST(PromqlNames, SaysWhatItCannotRead) {
  for (const char* text :
       {"sum(x) by (a)", "sum(x", "x)", "x{a=1}", "x[5m", "x @ 5", "sum without (a) (x)"}) {
    EXPECT_THAT(read_names(text).problems, Not(IsEmpty())) << text;
  }
}

}  // namespace
}  // namespace polybot::monitoring
