#include "services/gateway/api/route_guard.hpp"

#include <gmock/gmock.h>

#include "services/gateway/api/command_desk.hpp"

namespace polybot::gateway {
namespace {

constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";

class RouteGuardTest : public testing::Test {
 protected:
  static http::Request request(http::Headers headers, std::string target = "/api/v1/trading/halt") {
    http::Request result;
    result.method = http::Method::Post;
    result.target = std::move(target);
    result.headers = std::move(headers);
    return result;
  }
  static unsigned status(const std::optional<http::Response>& response) {
    return response ? response->status : 200;
  }

  int made = 0;
  RouteGuard guard{runtime::Secret(std::string(kToken)), {"trading.example"}, [this] {
                     return "made-" + std::to_string(++made);
                   }};
};

TEST_F(RouteGuardTest, AnswersOnlyUnderItsOwnNames) {
  for (const char* host : {"localhost", "localhost:8080",
                           "127.0.0.1:"
                           "8080",
                           "[::1]:8080", "Trading.Example:80"}) {
    EXPECT_EQ(status(guard.refuse_host(request({{"Host", host}}))), 200U) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "[::2]:8080"}) {
    EXPECT_EQ(status(guard.refuse_host(request({{"Host", host}}))), 403U) << host;
  }
}

TEST_F(RouteGuardTest, RefusesPagesOfOtherOrigins) {
  EXPECT_EQ(status(guard.refuse_host(
                request({{"Host", "localhost"}, {"Origin", "http://localhost:3000"}}))),
            200U);
  EXPECT_EQ(status(guard.refuse_host(
                request({{"Host", "localhost"}, {"Origin", "https://evil.example"}}))),
            403U);
  EXPECT_EQ(status(guard.refuse_host(request({{"Host", "localhost"}, {"Origin", "null"}}))), 403U);
}

TEST_F(RouteGuardTest, WantsTheBearerToken) {
  EXPECT_EQ(status(guard.refuse_token(request({}))), 401U);
  EXPECT_EQ(status(guard.refuse_token(request({{"Authorization", "Basic abc"}}))), 401U);
  EXPECT_EQ(status(guard.refuse_token(request({{"Authorization", "Bearer "}}))), 401U);
  EXPECT_EQ(status(guard.refuse_token(request({{"Authorization", "Bearer wrong"}}))), 403U);
  EXPECT_EQ(
      status(guard.refuse_token(request({{"Authorization", "bearer " + std::string(kToken)}}))),
      200U);
}

TEST_F(RouteGuardTest, GivesTheSameKeyAndRequestTheSameCommand) {
  const auto first = std::get<CommandKey>(guard.identify(request({{"Idempotency-Key", "k1"}})));
  const auto again = std::get<CommandKey>(guard.identify(request({{"Idempotency-Key", "k1"}})));
  EXPECT_EQ(first.id, again.id);
  EXPECT_NE(first.id,
            std::get<CommandKey>(guard.identify(request({{"Idempotency-Key", "k2"}}))).id);
}

TEST_F(RouteGuardTest, RefusesAKeyThatWasUsedForAnotherRequest) {
  (void)guard.identify(request({{"Idempotency-Key", "k1"}}));
  const auto other = guard.identify(request({{"Idempotency-Key", "k1"}}, "/api/v1/trading/resume"));
  EXPECT_EQ(std::get<http::Response>(other).status, 422U);
}

TEST_F(RouteGuardTest, MakesUpAKeyForACallerWithoutOne) {
  const auto first = std::get<CommandKey>(guard.identify(request({})));
  EXPECT_EQ(first.key, "made-1");
  EXPECT_NE(first.id, std::get<CommandKey>(guard.identify(request({}))).id);
}

TEST_F(RouteGuardTest, RefusesParametersItDoesNotKnowOrIsGivenTwice) {
  http::Request asked = request({});
  asked.query = {{"strategy", "momentum"}};
  EXPECT_FALSE(RouteGuard::refuse_query(asked, {"strategy"}));
  asked.query = {{"strat", "momentum"}};
  EXPECT_EQ(RouteGuard::refuse_query(asked, {"strategy"})->status, 400U);
  asked.query = {{"strategy", "momentum"}, {"strategy", "arbitrage"}};
  EXPECT_EQ(RouteGuard::refuse_query(asked, {"strategy"})->status, 400U);
}

TEST_F(RouteGuardTest, RefusesABodyAndASecondKey) {
  http::Request with_body = request({{"Idempotency-Key", "k1"}});
  with_body.body = "{}";
  EXPECT_EQ(std::get<http::Response>(guard.identify(with_body)).status, 400U);
  const http::Request two = request({{"Idempotency-Key", "k1"}, {"idempotency-key", "k2"}});
  EXPECT_EQ(std::get<http::Response>(guard.identify(two)).status, 400U);
}

TEST_F(RouteGuardTest, TakesAnyPrintableKey) {
  for (const std::string& key : {std::string("a"), std::string("halt of 30 November, 14:00"),
                                 std::string("!\"#~"), std::string(200, 'x')}) {
    const auto named = guard.identify(request({{"Idempotency-Key", key}}));
    ASSERT_TRUE(std::holds_alternative<CommandKey>(named)) << key;
    EXPECT_EQ(std::get<CommandKey>(named).key, key);
  }
}

TEST_F(RouteGuardTest, RefusesAMalformedKey) {
  for (const std::string& key :
       {std::string(), std::string("a\tb"), std::string("\xC3\xA4"), std::string(201, 'x')}) {
    EXPECT_EQ(std::get<http::Response>(guard.identify(request({{"Idempotency-Key", key}}))).status,
              400U);
  }
}

TEST(CommandId, IsTheFirstHalfOfASha256) {
  // printf 'k1\nPOST /x' | sha256sum
  const domain::CommandId id = command_id("k1", "POST /x");
  EXPECT_EQ(to_string(id), "94c999239d9d1471bbfe4cf2836a6703");
}

}  // namespace
}  // namespace polybot::gateway
