// The screen at three sizes, in quiet and in trouble: it always fits, and its first ten lines say
// what is wrong, since when and what to do.
#include "deploy/launcher/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "deploy/launcher/stack_view.hpp"
#include "deploy/launcher/trouble.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr TerminalSize kSizes[] = {{24, 80}, {20, 60}, {50, 200}};
const domain::Timestamp kNow = domain::from_unix_ns(1'780'920'000'000'000'000);  // 12:00:00Z

class ScreenTest : public testing::Test {
 protected:
  ScreenTest() {
    layout_.data = "/srv/polybot/data/sim";
    layout_.journal = layout_.data / "journal" / "journal.db";
    layout_.gateway_url = "http://gateway.test:80";
    layout_.aggregator_url = "http://aggregator.test:80";
    layout_.simulator_url = "http://simulator.test:80";
    for (const char* name :
         {"venue-simulator", "metrics-aggregator", "order-manager", "gateway", "runner-1"}) {
      ServiceView view;
      view.name = name;
      view.service = view.name == "runner-1" ? "strategy-runner" : view.name;
      view.running = view.ready = true;
      view.resident_bytes = 40 << 20;
      facts_.services.push_back(view);
    }
    facts_.status = boost::json::parse(R"({"trading_state":"active","pnl":"12.5",
      "markets":{"tracked":32,"books":30,"books_stale":0,"by_status":{"open":30,"closed":2}},
      "orders":{"fills":7,"by_status":{"accepted":5,"canceled":120,"filled":40,"rejected":1}},
      "rates_per_second":{"market_data_events":110,"order_events":4,"api_requests":2},
      "strategies":[
        {"name":"arbitrage","enabled":true,"trading_state":"active","shards_leased":64,"pnl":"1",
         "realized":"1","daily":"1","exposure":"0","orders_live":0,"positions_open":0},
        {"name":"momentum","enabled":true,"trading_state":"active","shards_leased":40,"pnl":"2",
         "realized":"1","daily":"1","exposure":"9","orders_live":1,"positions_open":1},
        {"name":"spread_farm","enabled":true,"trading_state":"active","shards_leased":24,"pnl":"3",
         "realized":"1","daily":"1","exposure":"9","orders_live":4,"positions_open":2}],
      "idle_reasons":[]})")
                        .as_object();
    facts_.fills = std::vector<std::string>(5, "momentum bought 10 YES of some-slug at 0.45");
    facts_.running_for = "00:03:12";
    facts_.now = kNow;
  }

  ServiceView& service(const std::string& name) {
    return *std::find_if(facts_.services.begin(), facts_.services.end(),
                         [&](const ServiceView& view) { return view.name == name; });
  }
  void set_not_ready(const std::string& name, const std::string& reason) {
    service(name).ready = false;
    service(name).reason = reason;
    service(name).not_ready_since = kNow - 70s;
  }
  boost::json::object& strategy(std::size_t i) {
    return (*facts_.status)["strategies"].as_array()[i].as_object();
  }
  // The first ten lines as one text, without the line breaks.
  std::string head(TerminalSize size) const {
    std::string text;
    const std::vector<std::string> lines = screen_lines(layout_, options_, facts_, size);
    for (std::size_t i = 0; i < lines.size() && i < 10; ++i) {
      const std::size_t begin = lines[i].find_first_not_of(' ');
      if (begin != std::string::npos) text += (i == 0 ? "" : " ") + lines[i].substr(begin);
    }
    return text;
  }
  // A blank stands where a long word was broken.
  static std::string without_blanks(std::string text) {
    std::erase(text, ' ');
    return text;
  }
  void expect_in_head(const std::vector<std::string>& texts) const {
    for (const TerminalSize size : kSizes) {
      for (const std::string& text : texts) {
        EXPECT_THAT(without_blanks(head(size)), HasSubstr(without_blanks(text)))
            << size.columns << " columns";
      }
    }
  }
  void expect_fits() const {
    for (std::size_t rows = 1; rows <= 50; rows += 7) {
      for (const std::size_t columns : {1U, 20U, 60U, 80U, 200U}) {
        const auto lines = screen_lines(layout_, options_, facts_, {rows, columns});
        EXPECT_LE(lines.size(), rows);
        for (const std::string& line : lines) EXPECT_LE(columns_of(line), columns) << line;
      }
    }
  }

  Layout layout_;
  Options options_;
  ScreenFacts facts_;
};

TEST_F(ScreenTest, FitsEveryTerminal) {
  expect_fits();
  facts_.news = std::vector<std::string>(4, std::string(300, 'x'));
  for (int i = 2; i <= 16; ++i) {
    ServiceView view = facts_.services.back();
    view.name = "runner-" + std::to_string(i);
    facts_.services.push_back(view);
  }
  set_not_ready("gateway", "feed: " + std::string(400, 'y'));
  expect_fits();
  facts_.status.reset();
  expect_fits();
}

TEST_F(ScreenTest, ShowsEverythingAtEightyByTwentyFour) {
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  for (const char* text :
       {"runner-1", "ready", "momentum", "spread_farm", "exposure", "canceled 120", "some-slug",
        "gateway.test:80/api/v1/status", "/srv/polybot/data/sim"})
    EXPECT_THAT(all, HasSubstr(text));
  EXPECT_THAT(find_troubles(layout_, facts_), IsEmpty());
}

TEST_F(ScreenTest, SaysThatItIsPaperAndHowTheFeedIs) {
  options_.mode = domain::TradingMode::Paper;
  layout_.upstream_url = "http://upstream.test:81";
  facts_.mirror = boost::json::object{{"markets", 40}, {"fresh", 36}, {"halted", 3}, {"paused", 1}};
  expect_in_head({"PAPER", "simulated fills", "3 are halted"});
  EXPECT_THAT(summary_line(layout_, options_, facts_), HasSubstr("fills are simulated"));
  facts_.upstream = boost::json::parse(R"({"not_ready_reasons":["books: 3 of 40 are stale"],
      "markets":{"books":40,"books_stale":3,"connections":1,"chosen":{"places":40,"by":{"rank":40},
        "best":[{"market":"will-it-rain","reason":"number 1 by volume of 24 hours, 90 pUSD"},
                {"market":"two","reason":"number 2"},{"market":"three","reason":"number 3"}]}}})")
                        .as_object();
  expect_in_head({"3 are halted", "not ready: books: 3 of 40 are stale"});
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("will-it-rain: number 1 by volume of 24 hours, 90 pUSD"),
                         HasSubstr("and 37 more")));
  expect_fits();
  facts_.mirror.reset();
  facts_.upstream.reset();
  expect_in_head({"PAPER", "does not say what it mirrors"});
  expect_fits();
}

TEST_F(ScreenTest, ShowsParametersWhereThereIsRoom) {
  strategy(1)["parameters"] = {{"window", "8s"}, {"flow_min", "50"}};
  const auto all = [this](TerminalSize size) {
    std::string text;
    for (const std::string& line : screen_lines(layout_, options_, facts_, size))
      text += line + "\n";
    return text;
  };
  EXPECT_THAT(all({50, 200}), HasSubstr("momentum       window 8s, flow_min 50"));
  EXPECT_THAT(all({20, 60}), Not(HasSubstr("flow_min")));
  expect_fits();
}

TEST_F(ScreenTest, SharesALineAmongTheManyThatAreReady) {
  for (int i = 2; i <= 16; ++i) {
    ServiceView view = facts_.services.back();
    view.name = "runner-" + std::to_string(i);
    facts_.services.push_back(view);
  }
  set_not_ready("runner-9", "leases: momentum: 2 of 3 leases warming up");
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("19 services"), HasSubstr("runner-9"), HasSubstr("momentum"),
                         Not(HasSubstr("runner-8"))));
}

TEST_F(ScreenTest, SaysWhatIsWrongInACrashLoop) {
  ServiceView& gateway = service("gateway");
  gateway.running = gateway.ready = false;
  gateway.cause = "cannot listen on port 80: Address already in use";
  gateway.reason = "ended with exit code 1: " + gateway.cause;
  gateway.ends_in_a_row = 4;
  gateway.ending_since = kNow - 70s;
  gateway.ended_at = gateway.not_ready_since = kNow - 2s;
  facts_.status.reset();
  expect_in_head({"gateway ended 4 times in a row: " + gateway.cause, "since 11:58:50Z",
                  "mend the cause; it is started again by itself",
                  "/srv/polybot/data/sim/logs/gateway.log"});
  expect_fits();
}

TEST_F(ScreenTest, SaysWhatIsWrongWithAStrategyThatIsHalted) {
  strategy(1)["trading_state"] = "halted";
  facts_.states_since["momentum"] = kNow - 70s;
  expect_in_head({"strategy momentum is halted, since 11:58:50Z",
                  "POST http://gateway.test:80/api/v1/trading/resume?strategy=momentum"});
  // Where the gateway says more, the screen shows more.
  strategy(1)["since"] = "2026-06-07T11:00:00.000Z";
  strategy(1)["by"] = "risk";
  strategy(1)["reason"] = "daily_loss_exceeded";
  expect_in_head(
      {"strategy momentum is halted by risk (daily_loss_exceeded)", "since 2026-06-07 11:00:00Z"});
}

TEST_F(ScreenTest, PointsToThePageThatTellsTheRest) {
  for (std::size_t i = 0; i < 3; ++i) strategy(i)["trading_state"] = "halted";
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {8, 80})) all += line;
  EXPECT_THAT(all, HasSubstr("more: http://gateway.test:80/api/v1/status"));
}

TEST_F(ScreenTest, TellsTheCauseOfAServiceThatRunsAfterACrashLoop) {
  ServiceView& manager = service("order-manager");
  manager.ended_at = kNow - 60s;
  manager.ending_since = kNow - 62s;
  manager.cause = "something else";
  set_not_ready("order-manager", "venue: the venue's user channel is down");
  const auto troubles = find_troubles(layout_, facts_);
  ASSERT_THAT(troubles, SizeIs(1));
  EXPECT_THAT(troubles[0].text(), HasSubstr("the venue's user channel is down"));
}

TEST_F(ScreenTest, SaysHowToEndAHaltOfTheAccountAndAStop) {
  (*facts_.status)["trading_state"] = "reducing";
  for (std::size_t i = 0; i < 3; ++i) strategy(i)["trading_state"] = "reducing";
  strategy(0)["enabled"] = false;
  (*facts_.status)["notices"] = {
      "strategy arbitrage is stopped though its configuration says enabled = true, which counts "
      "for a new journal only; POST /api/v1/strategies/arbitrage/start starts it"};
  facts_.states_since["arbitrage enabled"] = kNow - 70s;
  const auto troubles = find_troubles(layout_, facts_);
  ASSERT_THAT(troubles, SizeIs(2)) << "no strategy trades more than the account";
  EXPECT_THAT(troubles[0].text(), AllOf(HasSubstr("trading is reducing for the whole account"),
                                        HasSubstr("/api/v1/trading/resume resumes")));
  EXPECT_EQ(troubles[1].text(),
            "strategy arbitrage is stopped though its configuration says enabled = true, which "
            "counts for a new journal only, since 11:58:50Z: POST "
            "http://gateway.test:80/api/v1/strategies/arbitrage/start starts it");
}

TEST_F(ScreenTest, SaysWhyAHaltIsAndUntilWhenItIsAcknowledged) {
  (*facts_.status)["trading_state"] = "halted";
  (*facts_.status)["trading"] = {{"by", "operator"},
                                 {"reason", "requested"},
                                 {"stated_reason", "venue upgrade"},
                                 {"acknowledged_until", "2026-06-08T13:00:00.000Z"}};
  const auto troubles = find_troubles(layout_, facts_);
  ASSERT_FALSE(troubles.empty());
  EXPECT_THAT(troubles[0].what, HasSubstr("by operator (requested): venue upgrade, acknowledged "
                                          "until "));
  EXPECT_THAT(troubles[0].what, HasSubstr("13:00:00Z"));
}

TEST_F(ScreenTest, IsNotTroubledByAStopThatTheConfigurationAsksFor) {
  strategy(0)["enabled"] = false;
  EXPECT_THAT(find_troubles(layout_, facts_), IsEmpty());
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  EXPECT_THAT(all, HasSubstr("stopped"));
}

TEST_F(ScreenTest, TellsWhatTheGatewayNotesOnce) {
  (*facts_.status)["trading_state"] = "halted";
  for (std::size_t i = 0; i < 3; ++i) strategy(i)["trading_state"] = "halted";
  strategy(0)["own_trading_state"] = "active";
  strategy(1)["own_trading_state"] = "halted";
  strategy(2)["own_trading_state"] = "active";
  strategy(2)["enabled"] = false;
  (*facts_.status)["notices"] = {
      "trading is halted for the whole account; POST /api/v1/trading/resume ends that",
      "strategy momentum is halted; POST /api/v1/trading/resume?strategy=momentum ends that",
      "strategy spread_farm is stopped though its configuration says enabled = true",
      "the flatten of momentum ended at 12:00 and left: 8 yes of some-slug (dust)"};
  const auto troubles = find_troubles(layout_, facts_);
  ASSERT_THAT(troubles, SizeIs(4));
  EXPECT_THAT(troubles[1].text(), HasSubstr("strategy momentum is halted"));
  EXPECT_THAT(troubles[2].text(),
              HasSubstr("strategy spread_farm is stopped though its configuration says"));
  EXPECT_THAT(troubles[3].text(), HasSubstr("left: 8 yes"));
}

TEST_F(ScreenTest, SaysWhatIsWrongWhenTheDiskIsFull) {
  set_not_ready("order-manager", "journal: cannot be written: database or disk is full");
  set_not_ready("runner-1", "order-manager: nothing heard for 5 s");
  (*facts_.status)["trading_state"] = "halted";
  expect_in_head({"the journal: cannot be written: database or disk is full",
                  "all orders are canceled and trading is halted", "since 11:58:50Z",
                  "free space where /srv/polybot/data/sim/journal is"});
  for (const Trouble& trouble : find_troubles(layout_, facts_))
    EXPECT_THAT(trouble.text(), Not(HasSubstr("resume"))) << "it goes on by itself";
}

TEST_F(ScreenTest, SaysWhatIsWrongWhenTheVenueIsAway) {
  set_not_ready("order-manager",
                "venue: the venue's user channel is down; account: the account has not been "
                "reconciled with the venue");
  set_not_ready("gateway",
                "feed: 2 of 2 market channel connections are down; books: 30 of 30 books "
                "are stale");
  set_not_ready("runner-1", "market-data: nothing heard for 5 s");
  expect_in_head(
      {"the venue: the venue's user channel is down; 2 of 2 market channel connections "
       "are down",
       "since 11:58:50Z", "it is tried again all the time", "http://simulator.test:80/faults"});
  EXPECT_THAT(find_troubles(layout_, facts_), SizeIs(1)) << "the rest follows from it";
}

TEST_F(ScreenTest, IgnoresPassingTroubles) {
  set_not_ready("runner-1", "leases: momentum: 3 of 3 leases warming up");
  service("runner-1").not_ready_since = kNow - 2s;
  EXPECT_THAT(find_troubles(layout_, facts_), IsEmpty());
}

TEST_F(ScreenTest, CountsRestartsWithTheirTime) {
  service("gateway").restarts = 1;
  service("gateway").ended_at = kNow - 70s;
  std::string all;
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  EXPECT_THAT(all, HasSubstr("ready (started again at 11:58:50Z)"));
  service("gateway").restarts = 3;
  all.clear();
  for (const std::string& line : screen_lines(layout_, options_, facts_, {24, 80}))
    all += line + "\n";
  EXPECT_THAT(all, HasSubstr("ready (started again 3 times, last at 11:58:50Z)"));
}

TEST_F(ScreenTest, BeginsWithTheMode) {
  const auto title = [this] { return screen_lines(layout_, options_, facts_, {24, 80}).front(); };
  EXPECT_THAT(title(), testing::StartsWith("PolyBot   SIM   simulated venue"));
  options_.mode = domain::TradingMode::Paper;
  EXPECT_THAT(title(), testing::StartsWith("PolyBot   PAPER   real markets, simulated fills"));
  EXPECT_THAT(summary_line(layout_, options_, facts_), HasSubstr("00:03:12  PAPER  5/5 ready"));
}

TEST_F(ScreenTest, SummarisesTheFirstTrouble) {
  set_not_ready("order-manager", "journal: cannot be written: database or disk is full");
  EXPECT_THAT(
      summary_line(layout_, options_, facts_),
      AllOf(HasSubstr("4/5 ready"), HasSubstr("fills 7;"), HasSubstr("trouble: the journal")));
}

TEST(Fills, NameAnUnlistedMarketByASliceOfItsId) {
  const std::string id = "0x" + std::string(64, 'a');
  boost::json::object fill{{"strategy", "momentum"}, {"side", "buy"},       {"quantity", "10"},
                           {"outcome", "yes"},       {"market", id},        {"market_id", id},
                           {"price", "0.45"},        {"liquidity", "taker"}};
  EXPECT_EQ(describe_fill(fill), "momentum bought 10 YES of 0xaaaaaa.. (ended) at 0.45 (taker)");
  fill["market"] = "btc-up";
  EXPECT_EQ(describe_fill(fill), "momentum bought 10 YES of btc-up at 0.45 (taker)");
}

}  // namespace
}  // namespace polybot::launcher
