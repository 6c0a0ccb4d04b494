// A venue whose clock is not ours: it is named, and followed all the same.
#include "services/gateway/feed/clock_watch.hpp"

#include "tests/integration/gateway/api_fixture.hpp"

namespace polybot::gateway::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

class ClockWatchTest : public GatewayFixture {
 protected:
  ClockWatchTest() { venue.add(1); }
  [[nodiscard]] std::string trouble() const { return feed->clock_watch().trouble(); }
  [[nodiscard]] double shown() {
    return registry.gauge("polybot_market_data_clock_offset_seconds").value();
  }
};

TEST_F(ClockWatchTest, NamesAVenueWhoseClockComesToDiffer) {
  settings.clock.interval = 30ms;
  run([&]() -> asio::awaitable<void> {
    co_await until("it is known", [&] { return feed->clock_watch().offset().has_value(); });
    EXPECT_EQ(trouble(), "");
    EXPECT_LT(shown(), 1);
    venue.ahead = 4s;
    co_await until("it is named", [&] { return !trouble().empty(); });
    EXPECT_THAT(trouble(), HasSubstr("s ahead of ours"));
    EXPECT_THAT(shown(), AllOf(Ge(3), Le(4)));
    co_await until("the gateway is ready all the same", [&] { return health.ready(); });
    venue.ahead = -4s;
    co_await until("the other way", [&] { return trouble().find("behind") != std::string::npos; });
    EXPECT_THAT(shown(), AllOf(Ge(3), Le(4))) << "whichever of them is off";
    venue.set(1, Side::Buy, 41, 3);
    co_await until("it is followed all the same", [&] { return best_bid(1) == level(41, 3); });
    venue.ahead = 0s;
    co_await until("it is over", [&] { return trouble().empty(); });
  });
}

TEST_F(ClockWatchTest, AsksAgainWhenAConnectionWasMadeAnew) {
  run([&]() -> asio::awaitable<void> {
    co_await until("it was asked, and again once connected", [&] { return venue.times >= 2; });
    co_await until_fresh(1);
    const int before = venue.times;
    venue.ahead = 9s;
    venue.hang_up();
    co_await until("it is asked again", [&] { return venue.times > before && !trouble().empty(); });
  });
}

TEST_F(ClockWatchTest, KeepsTheLastAnswerUntilThereIsAnother) {
  venue.ahead = 9s;
  run([&]() -> asio::awaitable<void> {
    co_await until("it is named", [&] { return !trouble().empty(); });
    venue.tells_time = false;
    venue.hang_up();
    const int before = venue.times;
    co_await until("it is asked again and again", [&] { return venue.times > before + 3; });
    EXPECT_NE(trouble(), "");
    venue.ahead = 0s;
    venue.tells_time = true;
    co_await until("it is over", [&] { return trouble().empty(); });
  });
}

TEST_F(ApiTest, TellsThatTheVenuesClockIsOff) {
  venue.ahead = 9s;
  serve([&]() -> asio::awaitable<void> {
    co_await until("it is known", [&] { return feed->clock_watch().offset().has_value(); });
    const json::value status = co_await get("/api/v1/status");
    const json::value& told = status.at("feed");
    EXPECT_THAT(told.at("clock_offset_ms").to_number<int>(), AllOf(Ge(8'000), Le(9'000)));
    EXPECT_THAT(std::string(told.at("notices").at(0).as_string()), HasSubstr("ahead of ours"));
    EXPECT_THAT(status.at("notices").as_array(), Contains(told.at("notices").at(0)));
  });
}

}  // namespace
}  // namespace polybot::gateway::test
