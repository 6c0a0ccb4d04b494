#include "common/http/retry_after.hpp"

#include <gtest/gtest.h>

namespace polybot::http {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kNow = 1'796'000'000;  // Mon, 30 Nov 2026 00:53:20 GMT

TEST(HttpDateTest, ReadsAllThreeForms) {
  for (const char* const text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text, kNow), 784'111'777) << text;
  }
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT", kNow), 1'709'251'200);
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT", kNow), 0);
}

TEST(HttpDateTest, AYearOfTwoDigitsIsNearThePresent) {
  EXPECT_EQ(parse_http_date("Wednesday, 01-Jan-76 00:00:00 GMT", kNow),
            parse_http_date("Wed, 01 Jan 2076 00:00:00 GMT", kNow));
  EXPECT_EQ(parse_http_date("Saturday, 01-Jan-77 00:00:00 GMT", kNow),
            parse_http_date("Sat, 01 Jan 1977 00:00:00 GMT", kNow));
}

TEST(HttpDateTest, RefusesWhatIsNoDate) {
  for (const char* const text : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
                                 "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
                                 "Sun, 29 Feb 2023 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                                 "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1969 08:49:37 GMT",
                                 "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
                                 "Sun, 06 Nov 1994 08:49:37 GMT, later", "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, kNow).has_value()) << text;
  }
}

TEST(RetryAfterTest, TakesSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("3", kNow), seconds(3));
  EXPECT_EQ(parse_retry_after(" 79 ", kNow), seconds(79));
  EXPECT_EQ(parse_retry_after("0", kNow), seconds(0));
  EXPECT_EQ(parse_retry_after("Mon, 30 Nov 2026 00:54:00 GMT", kNow), seconds(40));
  EXPECT_EQ(parse_retry_after("Mon, 30 Nov 2026 00:53:00 GMT", kNow), seconds(0)) << "has passed";
}

TEST(RetryAfterTest, IsBounded) {
  EXPECT_EQ(parse_retry_after("99999999999999999999999", kNow), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("Mon, 30 Nov 2099 00:54:00 GMT", kNow), std::chrono::hours(24));
}

TEST(RetryAfterTest, IsNeitherForAnythingElse) {
  for (const char* const text : {"", " ", "-1", "1.5", "3s", "soon", "1 2"}) {
    EXPECT_FALSE(parse_retry_after(text, kNow).has_value()) << text;
  }
}

}  // namespace
}  // namespace polybot::http
