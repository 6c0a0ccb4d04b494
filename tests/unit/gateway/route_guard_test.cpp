#include "services/gateway/api/route_guard.hpp"

#include <gmock/gmock.h>

#include "services/gateway/api/command_desk.hpp"

namespace polybot::gateway {
namespace {

class RouteGuardTest : public testing::Test {
 protected:
  static http::Request request(http::Headers headers, std::string target = "/api/v1/trading/halt") {
    http::Request result;
    result.method = http::Method::Post;
    result.target = std::move(target);
    result.headers = std::move(headers);
    return result;
  }

  int made = 0;
  RouteGuard guard{[this] { return "made-" + std::to_string(++made); }};
};

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
