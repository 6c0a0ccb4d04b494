#include "common/polymarket/rate_limits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace polybot::polymarket {
namespace {

using domain::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kNow = std::chrono::hours(5);
const domain::Timestamp kAt = domain::from_unix_ms(1'796'000'000'500);

RateLimitFields retry_after(seconds wait) {
  RateLimitFields fields;
  fields.retry_after = wait;
  return fields;
}

// How many requests are let through at one time.
int burst(RateLimits& limits, EndpointClass of, Duration now) {
  int count = 0;
  while (count < 20'000 && limits.take(of, now) == Duration::zero()) ++count;
  return count;
}

TEST(RateLimitsTest, LetsABurstThroughAndThenItsRate) {
  RateLimits limits;
  EXPECT_EQ(burst(limits, EndpointClass::Balances, kNow), 200);
  const Duration wait = limits.take(EndpointClass::Balances, kNow);
  EXPECT_EQ(wait, milliseconds(50));
  EXPECT_EQ(burst(limits, EndpointClass::Balances, kNow + wait), 1);
  EXPECT_EQ(burst(limits, EndpointClass::Balances, kNow + wait + seconds(1)), 20);
  EXPECT_EQ(burst(limits, EndpointClass::Balances, kNow + seconds(60)), 200) << "never more";
}

// Each makes the venue look at the chain, for which it lets 50 through in ten seconds.
TEST(RateLimitsTest, LetsNoWindowHaveMoreChainReadsThanTheVenue) {
  RateLimits limits;
  int count = 0;
  for (Duration at{}; at < seconds(10); at += milliseconds(100))
    count += burst(limits, EndpointClass::ChainReads, kNow + at);
  EXPECT_LE(count, 50);
  EXPECT_GE(count, 45) << "and nearly all that it may";
}

TEST(RateLimitsTest, SaysHowManyWouldGo) {
  RateLimits limits;
  EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow), 25U);
  for (std::size_t left = 25; left > 0; --left) {
    EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow), left);
    EXPECT_EQ(limits.take(EndpointClass::ChainReads, kNow), Duration::zero());
  }
  EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow), 0U);
  EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow + seconds(1)), 2U);
  EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow + seconds(60)), 25U);
  limits.answered(EndpointClass::ChainReads, 429, retry_after(seconds(30)), "", kNow, kAt);
  EXPECT_EQ(limits.available(EndpointClass::ChainReads, kNow + seconds(29)), 0U);
}

TEST(RateLimitsTest, HeedsARefusalInItsClassAlone) {
  RateLimits limits;
  limits.answered(EndpointClass::Ledger, 429, retry_after(seconds(30)), "", kNow, kAt);
  EXPECT_EQ(limits.take(EndpointClass::Ledger, kNow), seconds(30));
  EXPECT_EQ(limits.take(EndpointClass::Ledger, kNow + seconds(29)), seconds(1));
  EXPECT_EQ(limits.take(EndpointClass::Ledger, kNow + seconds(30)), Duration::zero());
  for (const EndpointClass other : {EndpointClass::Orders, EndpointClass::Cancels,
                                    EndpointClass::Balances, EndpointClass::Listings}) {
    EXPECT_EQ(limits.paused(other, kNow), Duration::zero());
    EXPECT_EQ(limits.take(other, kNow), Duration::zero());
  }
}

TEST(RateLimitsTest, TakesThePauseFromHeaderOrBody) {
  const auto paused = [](unsigned status, const RateLimitFields& fields, std::string_view body) {
    RateLimits limits;
    limits.answered(EndpointClass::Orders, status, fields, body, kNow, kAt);
    return limits.paused(EndpointClass::Orders, kNow);
  };
  const std::string body = R"({"error":"x","code":"post_only_mode","retry_after_seconds":79})";
  EXPECT_EQ(paused(503, {}, body), seconds(79));
  EXPECT_EQ(paused(503, retry_after(seconds(5)), body), seconds(5));
  EXPECT_EQ(paused(429, {}, body), seconds(79));
  EXPECT_EQ(paused(429, {}, "<html>"), seconds(1));
  EXPECT_EQ(paused(429, retry_after(seconds(0)), ""), seconds(1));
  EXPECT_EQ(paused(429, retry_after(std::chrono::hours(24)), ""), kAskedPauseMax);
  EXPECT_EQ(paused(425, {}, ""), seconds(2));
  EXPECT_EQ(paused(200, retry_after(seconds(5)), body), Duration::zero());
  EXPECT_EQ(paused(500, retry_after(seconds(5)), body), Duration::zero());
}

TEST(RateLimitsTest, AShorterPauseEndsNoLongerOne) {
  RateLimits limits;
  limits.answered(EndpointClass::Books, 429, retry_after(seconds(30)), "", kNow, kAt);
  limits.answered(EndpointClass::Books, 429, retry_after(seconds(2)), "", kNow, kAt);
  EXPECT_EQ(limits.paused(EndpointClass::Books, kNow), seconds(30));
}

TEST(RateLimitsTest, IsNeverFullerThanTheVenueSays) {
  RateLimits limits;
  RateLimitFields fields;
  fields.remaining = 3;
  limits.answered(EndpointClass::Ledger, 200, fields, "", kNow, kAt);
  EXPECT_EQ(burst(limits, EndpointClass::Ledger, kNow), 3);
  fields.remaining = 1'000'000;
  limits.answered(EndpointClass::Ledger, 200, fields, "", kNow, kAt);
  EXPECT_EQ(burst(limits, EndpointClass::Ledger, kNow), 0) << "ours is the lower one";
}

TEST(RateLimitsTest, AnEmptyBucketPausesUntilItsReset) {
  const auto paused = [](std::string_view remaining, std::string_view reset,
                         std::string_view warning) {
    RateLimits limits;
    limits.answered(EndpointClass::Orders, 200, read_rate_limit_fields(remaining, reset, warning),
                    "", kNow, kAt);
    return limits.paused(EndpointClass::Orders, kNow);
  };
  EXPECT_EQ(paused("0", "1796000002", ""), milliseconds(1500));
  EXPECT_EQ(paused("-7", "1796000002", ""), milliseconds(1500));
  EXPECT_EQ(paused("0", "1796000002", "true"), Duration::zero()) << "it only warns";
  EXPECT_EQ(paused("0", "1795999999", ""), Duration::zero()) << "has passed";
  EXPECT_EQ(paused("1", "1796000002", ""), Duration::zero());
  EXPECT_EQ(paused("0", "", ""), Duration::zero());
  EXPECT_EQ(paused("0", "4000000000", ""), kAskedPauseMax);
}

TEST(RateLimitFieldsTest, ReadsWhatCanBeRead) {
  const RateLimitFields fields = read_rate_limit_fields(" 59 ", "1796000002", "True");
  EXPECT_EQ(fields.remaining, 59);
  EXPECT_EQ(fields.reset, domain::from_unix_ms(1'796'000'002'000));
  EXPECT_TRUE(fields.warning);
  for (const char* const text : {"", "x", "1.5", "1 2", "99999999999999999999", "-1x"}) {
    const RateLimitFields unread = read_rate_limit_fields(text, text, text);
    EXPECT_FALSE(unread.remaining.has_value()) << text;
    EXPECT_FALSE(unread.reset.has_value()) << text;
    EXPECT_FALSE(unread.warning) << text;
  }
  EXPECT_FALSE(read_rate_limit_fields("", "-1", "").reset.has_value());
  EXPECT_FALSE(read_rate_limit_fields("", "9223372036854775807", "").reset.has_value());
}

TEST(RetryAfterSecondsTest, ReadsABody) {
  EXPECT_EQ(retry_after_seconds(R"({"retry_after_seconds":79})"), seconds(79));
  EXPECT_EQ(retry_after_seconds(R"({"retry_after_seconds":"79"})"), seconds(79));
  for (const char* const body :
       {"", "<html>", "[]", "{}", "\"x\"", R"({"retry_after_seconds":-1})",
        R"({"retry_after_seconds":1.5})", R"({"retry_after_seconds":null})",
        R"({"retry_after_seconds":[79]})", R"({"retry_after_seconds":"soon"})"}) {
    EXPECT_FALSE(retry_after_seconds(body).has_value()) << body;
  }
}

}  // namespace
}  // namespace polybot::polymarket
