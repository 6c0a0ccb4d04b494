// "gateway markets --dry-run" against a venue on a thread of its own, because the command runs a
// loop itself.
#include "services/gateway/markets_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <thread>

#include "common/runtime/config.hpp"
#include "tests/integration/gateway/fake_venue.hpp"
#include "tests/integration/http/stand_ins.hpp"

namespace polybot::gateway {
namespace {

namespace asio = boost::asio;

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class MarketsCommandTest : public testing::Test {
 protected:
  ~MarketsCommandTest() override {
    for (const auto& [name, value] : environment) ::unsetenv(name.c_str());
    end();
  }
  // The test may look at what the thread has used.
  void end() {
    if (!thread.joinable()) return;
    asio::co_spawn(io, venue.stop(), [this](const std::exception_ptr&) { io.stop(); });
    thread.join();
  }
  void add(int n, std::int64_t volume) {
    venue.add(n).gamma.volume_24h = domain::Money::from_units(volume);
  }
  void set(const std::string& name, const std::string& value) {
    environment[name] = value;
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  // What it prints of the test's venue.
  std::string run(std::vector<std::string> words) {
    set("POLYBOT_VENUE__GAMMA", venue.http_url());
    return print(std::move(words));
  }
  std::string print(std::vector<std::string> words) {
    if (!thread.joinable()) thread = std::thread([this] { io.run(); });
    words.insert(words.begin(), "--dry-run");
    testing::internal::CaptureStdout();
    EXPECT_EQ(markets_command(words), 0);
    return testing::internal::GetCapturedStdout();
  }

  asio::io_context io;
  test::FakeVenue venue{io.get_executor()};
  std::map<std::string, std::string> environment;
  std::thread thread;
};

TEST_F(MarketsCommandTest, PrintsWhatWouldBeChosenAndWhyNotTheRest) {
  for (int n = 1; n <= 9; ++n) add(n, 10 * n);
  set("POLYBOT_DISCOVERY__BOOKS_MAX", "2");
  set("POLYBOT_MARKETS__VOLUME_24H_MIN", "30");
  set("POLYBOT_MARKETS__EXCLUDE__SLUGS", "market-9,market-zzz");
  const auto answer = boost::json::parse(run({"--json"}));
  EXPECT_EQ(answer.at("listed"), 9);
  EXPECT_EQ(answer.at("chosen").at(0).at("market"), "market-8");
  EXPECT_EQ(answer.at("chosen").at(1).at("market"), "market-7");
  EXPECT_EQ(answer.at("chosen").as_array().size(), 2U);
  EXPECT_EQ(answer.at("chosen").at(1).at("chosen_by"), "rank");
  EXPECT_EQ(answer.at("chosen").at(1).at("reason"), "number 2 by volume of 24 hours, 70 pUSD");
  std::map<std::string, std::int64_t> left;
  for (const auto& one : answer.at("not_chosen").as_array())
    left[std::string(one.at("reason").as_string())] = one.at("count").as_int64();
  const std::map<std::string, std::int64_t> expected = {
      {"excluded", 1}, {"volume_low", 2}, {"outranked", 4}};
  EXPECT_EQ(left, expected);
  EXPECT_EQ(answer.at("unused_words").at(0), "slugs: market-zzz");
}

TEST_F(MarketsCommandTest, PrintsLinesForPeople) {
  add(1, 10);
  venue.add(2).gamma.accepting_orders = false;
  const std::string text = run({});
  EXPECT_THAT(text, HasSubstr("2 markets listed, 1 chosen by volume"));
  EXPECT_THAT(text, HasSubstr("it takes no orders"));
}

TEST_F(MarketsCommandTest, SaysWhichWordLetAMarketIn) {
  add(1, 10);
  venue.add(2).gamma.category = "Weather";
  set("POLYBOT_MARKETS__SLUGS", "market-1*");
  set("POLYBOT_MARKETS__CATEGORIES", "weather");
  EXPECT_THAT(run({}), AllOf(HasSubstr("its slug is in markets.slugs (market-1*); number 1 by"),
                             HasSubstr("its category is in markets.categories (weather)")));
}

TEST_F(MarketsCommandTest, ReadsTheVenueThatIsNamedWithoutAConfiguration) {
  add(1, 10);
  EXPECT_THAT(print({"--venue", venue.http_url()}), HasSubstr("1 markets listed, 1 chosen"));
  set("POLYBOT_VENUE__GAMMA", venue.http_url() + "/nowhere");
  EXPECT_THAT(print({"--venue", venue.http_url()}), HasSubstr("1 markets listed, 1 chosen"))
      << "what is said with the command goes first";
}

// All of it goes to a proxy of the test, which lets nothing through.
TEST_F(MarketsCommandTest, ReadsThePublicVenueByItself) {
  polybot::test::ConnectProxy proxy(io);
  set("https_proxy", "http://" + proxy.address());
  set("no_proxy", "");
  thread = std::thread([this] { io.run(); });
  try {
    (void)markets_command({"--dry-run"});
    FAIL() << "nobody can have answered";
  } catch (const runtime::CannotStart& error) {
    EXPECT_THAT(error.what(), HasSubstr("of https://gamma-api.polymarket.com cannot be read"));
  }
  end();
  ASSERT_FALSE(proxy.heads.empty());
  EXPECT_THAT(proxy.heads.front(), StartsWith("CONNECT gamma-api.polymarket.com:443 "));
}

TEST_F(MarketsCommandTest, SaysWhatIsWrong) {
  EXPECT_THROW((void)markets_command({}), runtime::CannotStart);
  EXPECT_THROW((void)markets_command({"--dry-run", "--jsn"}), runtime::CannotStart);
  EXPECT_THROW((void)markets_command({"--dry-run", "--config"}), runtime::CannotStart);
  EXPECT_THROW((void)markets_command({"--dry-run", "--venue"}), runtime::CannotStart);
  EXPECT_THROW((void)markets_command({"--dry-run", "--venue", "x"}), runtime::CannotStart);
  set("POLYBOT_MARKETS__RANK", "beauty");
  EXPECT_THROW((void)markets_command({"--dry-run"}), runtime::ConfigError);
  set("POLYBOT_MARKETS__RANK", "liquidity");
  thread = std::thread([this] { io.run(); });
  set("POLYBOT_VENUE__GAMMA", venue.http_url() + "/nowhere");
  EXPECT_THROW((void)markets_command({"--dry-run"}), runtime::CannotStart);
}

}  // namespace
}  // namespace polybot::gateway
