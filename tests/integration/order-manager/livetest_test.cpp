// order-manager livetest as it is typed: what it proves at the built-in venue, and each thing that
// can go wrong, after which nothing rests.
#include "services/order-manager/order_party.hpp"
#include "tests/integration/order-manager/venue_command.hpp"

namespace polybot::order_manager {
namespace {

using polymarket::WalletKind;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace asio = boost::asio;
namespace venue_test = venue_simulator::testing;

class LivetestTest : public order_manager::testing::VenueCommandTest {
 protected:
  Result tested(std::vector<std::string> words = {},
                const std::map<std::string, std::string>& venue_keys = {{"wallet", "safe"}},
                const std::string& more = "") const {
    return typed(configured(std::move(words), venue_keys, more));
  }
  Result typed(const std::vector<std::string>& words) const {
    return printed_by([&] { return livetest_command(words, "0.1.0"); });
  }
  std::string state() const {
    std::string told;
    const auto ask = [&]() -> asio::awaitable<void> {
      told = (co_await trader->admin(http::Method::Get, "/state"))->body;
    };
    test::run(venue->io, ask());
    return told;
  }
  void expect_nothing_rests() const { EXPECT_THAT(state(), Not(HasSubstr("\"status\":\"live\""))); }
};

TEST_F(LivetestTest, PlacesSeesAndCancelsWithEachWallet) {
  open_venue();
  for (const WalletKind kind : polymarket::kWalletKinds) {
    const std::string name(polymarket::name_of(kind));
    const Result result = tested({}, {{"wallet", name}});
    EXPECT_EQ(result.code, 0) << result.out << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr(name + " wallet 0x"),
                                  ContainsRegex("\npass +told-canceled +the user channel"),
                                  ContainsRegex("\nlivetest: pass: 7 checks, none failed")));
    EXPECT_THAT(result.out, Not(HasSubstr("bought")));
  }
  expect_nothing_rests();
}

TEST_F(LivetestTest, BuysTheSmallestFillWhenAsked) {
  open_venue();
  const Result result = tested({"--fill", "40", "--json"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr(R"({"livetest":1,)"), HasSubstr(R"("name":"settled")"),
                                HasSubstr(R"("name":"told-traded","verdict":"pass")")));
}

TEST_F(LivetestTest, SpendsNoMoreThanIsAllowed) {
  open_venue();
  for (const auto& [words, more] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--fill", "0.5"}, ""}, {{"--fill", "40"}, "[risk]\norder_notional_max = \"0.5\"\n"}}) {
    const Result result = tested(words, {{"wallet", "safe"}}, more);
    EXPECT_EQ(result.code, 1) << result.out << result.err;
    EXPECT_EQ(failed(result), std::set<std::string>{"bought"});
    EXPECT_THAT(result.out, HasSubstr("more than --fill or risk.order_notional_max allows"));
  }
}

TEST_F(LivetestTest, NamesWhatTheVenueRefuses) {
  open_venue();
  log_in();
  admin(http::Method::Post, "/faults/region-block", "{}");
  const Result result = tested();
  EXPECT_EQ(result.code, 1) << result.out;
  EXPECT_EQ(failed(result), std::set<std::string>{"placed"}) << result.out;
  EXPECT_THAT(result.out, HasSubstr("the venue refused it: "));
  expect_nothing_rests();
}

// The answer to the order is lost, and the order is there all the same.
TEST_F(LivetestTest, FindsAndCancelsAnOrderWhoseAnswerIsLost) {
  open_venue();
  log_in();
  admin(http::Method::Post, "/faults/answer-lost", "{}");
  const Result result = tested();
  EXPECT_THAT(result.out, ContainsRegex("warn +placed .*no answer came"));
  EXPECT_EQ(failed(result), std::set<std::string>{}) << result.out;
  expect_nothing_rests();
}

TEST_F(LivetestTest, FailsWithoutNewsByTheUserChannel) {
  open_venue();
  const Result result =
      tested({}, {{"wallet", "safe"}, {"user_ws", at_door("wss") + "/ws/nowhere"}});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(failed(result), std::set<std::string>{"user-channel"}) << result.out;
}

TEST_F(LivetestTest, TakesTheMarketThatIsNamed) {
  open_venue();
  const Result none = tested({"--market", "no-such-market"});
  EXPECT_EQ(failed(none), std::set<std::string>{"market"}) << none.out;
  domain::Market market;
  const auto pick = [&]() -> asio::awaitable<void> { market = co_await trader->pick_market(); };
  test::run(venue->io, pick());
  for (const std::string& name : {market.slug, domain::to_string(market.id)}) {
    const Result result = tested({"--market", name});
    EXPECT_EQ(result.code, 0) << result.out;
    EXPECT_THAT(result.out, HasSubstr(" shares of " + market.slug + " ("));
  }
}

TEST_F(LivetestTest, SaysThatItCannotBeRun) {
  open_venue();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--fast"}, {"--fill"}, {"--fill", "much"}, {"--fill", "-2"}, {"--config", "none"}}) {
    const Result result = typed(words);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("livetest: cannot be run: "));
    EXPECT_EQ(result.out, "");
  }
  const Result live =
      tested({}, {{"wallet", "safe"}, {"mode", "live"}}, "[live]\nacknowledgement = \"yes\"\n");
  EXPECT_EQ(live.code, 2);
  EXPECT_THAT(live.err, HasSubstr("live.acknowledgement"));
}

TEST_F(LivetestTest, ShowsNoSecret) {
  open_venue();
  log_in();
  for (const char* const words : {"--json", "--help"}) {
    const Result result = tested({words});
    for (const std::string_view secret : {venue_test::kKey.substr(2), trader->credentials->secret(),
                                          trader->credentials->passphrase()})
      EXPECT_THAT(result.out + result.err, Not(HasSubstr(std::string(secret))));
  }
}

}  // namespace
}  // namespace polybot::order_manager
