#include "common/http/router.hpp"

#include <gtest/gtest.h>

namespace polybot::http {
namespace {

Handler nothing() {
  return [](Request) -> boost::asio::awaitable<Response> { co_return Response{}; };
}

const Router::Found& found(const Router::Match& match) {
  return std::get<Router::Found>(match);
}

TEST(RouterTest, ExposesTheTemplateAndDecodesParameters) {
  Router router;
  router.get("/api/v1/orders/{id}", nothing());
  const auto match = router.match(Method::Get, "/api/v1/orders/a%2Fb%20c?limit=5&q=x+y&flag");
  EXPECT_EQ(found(match).route->path_template, "/api/v1/orders/{id}");
  EXPECT_NE(found(match).handler, nullptr);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(found(match).params, (Pairs{{"id", "a/b c"}}));
  EXPECT_EQ(found(match).target.query, (Pairs{{"limit", "5"}, {"q", "x y"}, {"flag", ""}}));
  EXPECT_EQ(found(match).target.path, "/api/v1/orders/a/b c");
}

TEST(RouterTest, PrefersALiteralInAnyOrder) {
  for (const bool literal_first : {true, false}) {
    Router router;
    if (literal_first) router.get("/orders/open", nothing());
    router.get("/orders/{id}", nothing());
    router.get("/{kind}/open", nothing());
    if (!literal_first) router.get("/orders/open", nothing());
    EXPECT_EQ(found(router.match(Method::Get, "/orders/open")).route->path_template,
              "/orders/open");
    EXPECT_EQ(found(router.match(Method::Get, "/orders/7")).route->path_template, "/orders/{id}");
    EXPECT_EQ(found(router.match(Method::Get, "/trades/open")).route->path_template,
              "/{kind}/open");
  }
}

TEST(RouterTest, TellsAnUnknownPathFromAnUnknownMethod) {
  Router router;
  router.post("/orders", nothing());
  router.get("/orders", nothing());
  EXPECT_EQ(std::get<Router::Refusal>(router.match(Method::Get, "/nothing")),
            Router::Refusal::NotFound);
  EXPECT_EQ(std::get<Router::Refusal>(router.match(Method::Get, "/orders/")),
            Router::Refusal::NotFound);
  const auto match = router.match(Method::Delete, "/orders");
  EXPECT_EQ(found(match).handler, nullptr);
  EXPECT_EQ(found(match).route->allow, "POST, GET, HEAD, OPTIONS");
}

TEST(RouterTest, AnswersHeadWithTheGetHandler) {
  Router router;
  router.get("/", nothing());
  EXPECT_NE(found(router.match(Method::Head, "/")).handler, nullptr);
}

TEST(RouterTest, AParameterIsNeverEmpty) {
  Router router;
  router.get("/orders/{id}", nothing());
  EXPECT_TRUE(std::holds_alternative<Router::Refusal>(router.match(Method::Get, "/orders/")));
}

TEST(RouterTest, TakesTheAbsoluteForm) {
  Router router;
  router.get("/orders", nothing());
  EXPECT_TRUE(std::holds_alternative<Router::Found>(
      router.match(Method::Get, "http://host:80/orders?x=1")));
}

TEST(RouterTest, RefusesMalformedTargets) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "/a";
  std::string wide = "/?a=1";
  for (int i = 0; i < 80; ++i) wide += "&a=1";
  for (const std::string& target :
       {std::string(""), std::string("orders"), std::string("/%zz"), std::string("/%"),
        std::string("/%00"), std::string("/?a=%00"), std::string("/a b"), deep, wide}) {
    EXPECT_FALSE(Router::parse_target(target).has_value()) << target;
  }
}

TEST(RouterTest, RefusesRoutesThatContradict) {
  Router router;
  router.get("/a/{b}", nothing());
  EXPECT_THROW(router.get("/a/{b}", nothing()), std::logic_error);
  EXPECT_THROW(router.get("a", nothing()), std::logic_error);
  EXPECT_THROW(router.get("/a/x{b}", nothing()), std::logic_error);
  router.websocket("/ws", [](auto) -> boost::asio::awaitable<void> { co_return; });
  EXPECT_THROW(router.websocket("/ws", [](auto) -> boost::asio::awaitable<void> { co_return; }),
               std::logic_error);
}

}  // namespace
}  // namespace polybot::http
