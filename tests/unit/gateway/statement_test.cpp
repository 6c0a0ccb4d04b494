#include "services/gateway/api/statement.hpp"

#include <gmock/gmock.h>

namespace polybot::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const domain::Timestamp kNoon = domain::from_unix_ms(1'780'920'000'000);  // 2026-06-08T12:00:00Z

Parsed<Statement> parsed(std::vector<std::pair<std::string, std::string>> query) {
  http::Request request;
  request.query = std::move(query);
  return parse_statement(request, kNoon);
}

Statement stated(std::vector<std::pair<std::string, std::string>> query) {
  const auto result = parsed(std::move(query));
  const auto* statement = std::get_if<Statement>(&result);
  if (statement == nullptr) ADD_FAILURE() << std::get<http::Response>(result).body;
  return statement == nullptr ? Statement{} : *statement;
}

std::string refusal(std::vector<std::pair<std::string, std::string>> query) {
  const auto result = parsed(std::move(query));
  const auto* refused = std::get_if<http::Response>(&result);
  if (refused == nullptr) return "accepted";
  EXPECT_EQ(refused->status, 400U);
  return refused->body;
}

TEST(StatementTest, IsEmptyWithoutParameters) {
  EXPECT_EQ(stated({}), Statement{});
}

TEST(StatementTest, TakesAReasonAndASpanOrAnInstant) {
  EXPECT_EQ(stated({{"reason", "Wartung, Ölwechsel"}, {"for", "90m"}}),
            (Statement{"Wartung, Ölwechsel", kNoon + 90min}));
  EXPECT_EQ(stated({{"for", "31d"}}), (Statement{"", kNoon + std::chrono::days(31)}));
  EXPECT_EQ(stated({{"until", "2026-06-08T12:00:01Z"}}), (Statement{"", kNoon + 1s}));
  EXPECT_EQ(stated({{"until", "2026-06-30T23:59:59.250Z"}}),
            (Statement{"", domain::from_unix_ms(1'782'863'999'250)}));
}

TEST(StatementTest, NamesWhatIsWrongWithAnEnd) {
  for (const char* span : {"", "0s", "45", "-1m", "1w", "31d1s", "32d", "forever", " 5m"})
    EXPECT_THAT(refusal({{"for", span}}), HasSubstr("for must be")) << span;
  for (const char* instant :
       {"", "2026-06-08T12:00:00Z", "2026-06-08T11:59:59Z", "2026-06-08 13:00:00Z",
        "2026-06-08T13:00:00", "2026-06-08T13:00:00 01:00", "2026-06-31T13:00:00Z",
        "2026-06-08T24:00:00Z", "2026-06-08T13:60:00Z", "2026-06-08T13:00:60Z",
        "2026-06-08T13:00:00.25Z", "2026-06-08T13: 0: 0Z", "2026-06-08T13:00:00Zulu",
        "2026-07-09T12:00:01Z", "9999-12-31T23:59:59Z", "2611-01-03T11:33:00Z"})
    EXPECT_THAT(refusal({{"until", instant}}), HasSubstr("until must be")) << instant;
  EXPECT_THAT(refusal({{"for", "1h"}, {"until", "2026-06-08T13:00:00Z"}}),
              HasSubstr("exclude each other"));
}

TEST(StatementTest, NamesWhatIsWrongWithAReason) {
  for (const std::string& reason :
       {std::string(), std::string(201, 'x'), std::string("two\nlines"), std::string("\xff\xfe"),
        std::string("tab\there"), std::string("del\x7f")})
    EXPECT_THAT(refusal({{"reason", reason}}), HasSubstr("reason must be")) << reason;
  EXPECT_EQ(stated({{"reason", std::string(200, 'x')}}).reason.size(), 200U);
}

}  // namespace
}  // namespace polybot::gateway
