#include "tests/monitoring/vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::monitoring {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Problems problems_of(std::string_view expression) {
  return check_names(read_names(expression));
}

TEST(Vocabulary, AcceptsWhatTheCatalogueHas) {
  EXPECT_THAT(
      problems_of(R"(sum by (status) (rate(polybot_orders_total{status=~"filled|canceled"}[5m])))"),
      IsEmpty());
  EXPECT_THAT(problems_of("histogram_quantile(0.99, sum by (le) "
                          "(rate(polybot_market_data_lag_seconds_bucket[1m])))"),
              IsEmpty());
  EXPECT_THAT(
      problems_of(
          R"(max by (strategy) (polybot_pnl_total) and on (strategy) max by (strategy) (polybot_orders_live))"),
      IsEmpty());
  EXPECT_THAT(problems_of(R"(up{job="polybot"} == 0)"), IsEmpty());
}

TEST(Vocabulary, RefusesAMetricThatNoServiceExposes) {
  EXPECT_THAT(problems_of("polybot_profit_usd"),
              ElementsAre("no scrape has a metric polybot_profit_usd"));
  // A histogram is exposed only as its parts.
  EXPECT_THAT(problems_of("rate(polybot_market_data_lag_seconds[1m])"),
              Contains(HasSubstr("no scrape has")));
}

TEST(Vocabulary, RefusesALabelThatTheMetricDoesNotHave) {
  EXPECT_THAT(problems_of("sum by (side) (polybot_pnl_total)"),
              ElementsAre("polybot_pnl_total has no label side"));
  EXPECT_THAT(problems_of(R"(polybot_pnl_total{side="buy"})"),
              ElementsAre("polybot_pnl_total has no label side"));
}

TEST(Vocabulary, RefusesAValueThatALabelNeverHas) {
  EXPECT_THAT(problems_of(R"(rate(polybot_http_requests_total{status="500"}[5m]))"),
              ElementsAre(R"(polybot_http_requests_total: status is never "500")"));
  EXPECT_THAT(problems_of(R"(rate(polybot_orders_total{status=~"filled|cancelled"}[5m]))"),
              ElementsAre(R"(polybot_orders_total: status is never "cancelled")"));
}

TEST(Vocabulary, RefusesRatesOfGaugesAndBareCounters) {
  EXPECT_THAT(problems_of("rate(polybot_pnl_total[5m])"), Contains(HasSubstr("is a gauge")));
  EXPECT_THAT(problems_of("resets(polybot_pnl_total[5m])"), Contains(HasSubstr("is a gauge")));
  EXPECT_THAT(problems_of("sum(polybot_fills_total)"), Contains(HasSubstr("is a counter")));
}

TEST(Vocabulary, RefusesABucketThatTheFamilyDoesNotHave) {
  EXPECT_THAT(problems_of(R"(rate(polybot_market_data_lag_seconds_bucket{le="0.3"}[5m]))"),
              Contains(HasSubstr("no bucket has the `le` value 0.3")));
  EXPECT_THAT(problems_of(R"(rate(polybot_market_data_lag_seconds_bucket{le="0.25"}[5m]))"),
              IsEmpty());
}

TEST(Vocabulary, RefusesAJoinOnALabelThatNoSideKeeps) {
  EXPECT_THAT(problems_of("sum by (strategy) (polybot_pnl_total) unless on (service) max by "
                          "(strategy) (polybot_pnl_total)"),
              Contains(HasSubstr("the join is on service")));
}

}  // namespace
}  // namespace polybot::monitoring
