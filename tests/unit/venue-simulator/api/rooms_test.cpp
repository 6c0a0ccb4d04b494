// The decisions of the REST rooms without a socket: which part of a history is asked for, which
// orders score, which markets make a page.
#include <gmock/gmock.h>

#include "services/venue-simulator/api/builder_trades.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/market_records.hpp"
#include "services/venue-simulator/api/price_history.hpp"
#include "services/venue-simulator/api/rewards.hpp"
#include "services/venue-simulator/api/wallets.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

using ::testing::HasSubstr;

http::Request asked(std::vector<std::pair<std::string, std::string>> query) {
  http::Request request;
  request.query = std::move(query);
  return request;
}

TEST(PriceHistory, IsOfAnIntervalOrOfTwoTimes) {
  const auto hour = parse_history_query(asked({{"interval", "1h"}, {"fidelity", "5"}}), kStart);
  ASSERT_TRUE(hour.has_value());
  EXPECT_EQ(hour->from, kStart - 1h);
  EXPECT_EQ(hour->fidelity_min, 5);
  const auto times = parse_history_query(asked({{"startTs", "10"}, {"endTs", "20"}}), kStart);
  ASSERT_TRUE(times.has_value());
  EXPECT_EQ(times->from, domain::from_unix_ms(10'000));
  EXPECT_EQ(parse_history_query(asked({{"interval", "max"}}), kStart)->from, Timestamp{});
  for (const auto& bad : std::vector<std::vector<std::pair<std::string, std::string>>>{
           {},
           {{"interval", "2h"}},
           {{"interval", "1h"}, {"fidelity", "0"}},
           {{"interval", "1h"}, {"fidelity", "x"}},
           {{"startTs", "10"}},
           {{"startTs", "20"}, {"endTs", "10"}},
           {{"startTs", "-1"}, {"endTs", "10"}},
           {{"startTs", "1"}, {"endTs", "9999999999999999"}}}) {
    EXPECT_FALSE(parse_history_query(asked(bad), kStart).has_value());
  }
}

TEST(PriceHistory, KeepsTheLastPointOfEachStep) {
  std::vector<PricePoint> history;
  const Timestamp begin = domain::from_unix_ms(60'000 * 1'000);
  for (int i = 0; i < 10; ++i) history.push_back({begin + i * 1min, Price::from_raw(100 + i)});
  const auto points = select(history, {begin + 2min, begin + 8min, 5});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].yes_price, Price::from_raw(104));
  EXPECT_EQ(points[1].yes_price, Price::from_raw(108));
}

TEST(Rewards, AnOrderScoresWhenItIsLargeNearAndOldEnough) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list();
  const auto place = [&](Outcome outcome, const char* at, const char* quantity) {
    const NewOrder order = venue.order(market, outcome, Side::Buy, at, quantity);
    venue.submit(alice, order);
    return order.id;
  };
  const auto near = place(Outcome::Yes, "0.48", "20");
  const auto far = place(Outcome::Yes, "0.40", "20");
  const auto small = place(Outcome::Yes, "0.48", "19");
  const auto scored = [&](const domain::VenueOrderId& id) {
    return scores(*venue.exchange.engine().open_order(id), venue.exchange.engine(), venue.now);
  };
  venue.advance(kRewardMinAge);
  EXPECT_FALSE(scored(near));  // the book has one side
  const auto other = place(Outcome::No, "0.48", "20");
  EXPECT_TRUE(scored(near));
  EXPECT_FALSE(scored(far));
  EXPECT_FALSE(scored(small));
  EXPECT_FALSE(scored(other));  // too young
  venue.advance(kRewardMinAge);
  EXPECT_TRUE(scored(other));
}

TEST(Lookup, PagesHaveAllMarketsOnceAndEnd) {
  Venue venue(ExchangeSettings{.seed = 3});
  const MatchingEngine& engine = venue.exchange.engine();
  std::vector<MarketNo> seen;
  std::string cursor = "MA==";
  for (int pages = 0; cursor != "LTE=" && pages < 100; ++pages) {
    const auto after = parse_cursor(asked({{"next_cursor", cursor}}));
    ASSERT_TRUE(after.has_value()) << cursor;
    const MarketPage page = page_of_markets(engine, *after, 7, [](const Listing&) { return true; });
    EXPECT_LE(page.markets.size(), 7U);
    seen.insert(seen.end(), page.markets.begin(), page.markets.end());
    cursor = page.next_cursor;
  }
  EXPECT_EQ(seen, engine.markets());
  EXPECT_FALSE(parse_cursor(asked({{"next_cursor", "LTE="}})).has_value());
  EXPECT_FALSE(parse_cursor(asked({{"next_cursor", "?"}})).has_value());
  EXPECT_EQ(parse_cursor(asked({})), 0U);
}

TEST(Lookup, SaysWhatItDoesNotFind) {
  Venue venue;
  const MarketNo market = venue.list();
  const MatchingEngine& engine = venue.exchange.engine();
  const auto status = [](const auto& found) {
    const auto* error = std::get_if<http::Response>(&found);
    return error == nullptr ? 200U : error->status;
  };
  EXPECT_EQ(status(find_token(domain::to_string(venue.token(market, Outcome::No)), engine)), 200U);
  EXPECT_EQ(status(find_token("12345", engine)), 404U);
  EXPECT_EQ(status(find_token("yes", engine)), 400U);
  EXPECT_EQ(status(find_token("", engine)), 400U);
  EXPECT_EQ(status(find_market("0x12", engine)), 404U);
  EXPECT_EQ(status(find_market(domain::to_string(engine.listing(market)->market.id), engine)),
            200U);
}

TEST(MarketRecords, FollowAMarketFromItsBookToItsResult) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list(1, 1h);
  const MatchingEngine& engine = venue.exchange.engine();
  const auto record = [&] {
    std::string text;
    write_market(market, engine, 7, text);
    return text;
  };
  EXPECT_EQ(price_of(market, Outcome::Yes, engine), price("0.5"));
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "20");
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.56", "20");
  EXPECT_EQ(price_of(market, Outcome::Yes, engine), price("0.42"));
  EXPECT_EQ(price_of(market, Outcome::No, engine), price("0.58"));
  EXPECT_THAT(record(), HasSubstr(R"("accepting_orders":true)"));
  EXPECT_THAT(record(), HasSubstr(R"("max_spread":3.5)"));
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.60", "5");
  EXPECT_EQ(price_of(market, Outcome::Yes, engine), price("0.4"));
  venue.exchange.engine().set_payout(market, {price("0"), price("1")});
  venue.advance(2h);
  EXPECT_EQ(price_of(market, Outcome::No, engine), domain::kPriceOne);
  EXPECT_THAT(record(), HasSubstr(R"("closed":true)"));
  EXPECT_THAT(record(), HasSubstr(R"("price":1,"winner":true)"));
  EXPECT_THAT(record(), HasSubstr(R"("rates":null)"));
}

TEST(BuilderCodes, AreThirtyTwoBytesAndNotZero) {
  EXPECT_TRUE(parse_builder_code("0x" + std::string(63, '0') + "1").has_value());
  EXPECT_FALSE(parse_builder_code("0x" + std::string(64, '0')).has_value());
  EXPECT_FALSE(parse_builder_code("0x1").has_value());
  EXPECT_FALSE(parse_builder_code("").has_value());
}

class WalletsTest : public ::testing::Test {
 protected:
  // The venue's answer to an order of that wallet: empty when it may be made.
  std::string refusal(const polymarket::VenueWallet& wallet) {
    order_ = {.maker = wallet.address, .signer = wallet.signer(), .signature_type = wallet.type()};
    return refusal();
  }
  std::string refusal() const {
    const auto maker = wallets_.maker_of(member_, order_);
    const auto* text = std::get_if<std::string>(&maker);
    return text == nullptr ? "" : *text;
  }
  polymarket::VenueWallet wallet(polymarket::WalletKind kind) const {
    return *polymarket::wallet_of(mine_, kind, polymarket::kPolygonChainId);
  }

  const polymarket::Address mine_{{1}};
  const Member member_{AccountId{1}, mine_, "", 0, {"key", "AAAA", "pass"}};
  polymarket::OrderToSign order_;
  Wallets wallets_{
      polymarket::kPolygonChainId,
      {polymarket::WalletKind::Eoa, polymarket::WalletKind::Safe, polymarket::WalletKind::Deposit}};
};

TEST_F(WalletsTest, ThatAreDeployedMakeOrders) {
  using polymarket::WalletKind;
  for (const WalletKind kind : {WalletKind::Eoa, WalletKind::Safe, WalletKind::Deposit})
    EXPECT_EQ(refusal(wallet(kind)), "") << polymarket::name_of(kind);
  EXPECT_THAT(refusal(wallet(WalletKind::Proxy)), HasSubstr("deposit wallet flow"));
  // The venue's own, misleading words.
  EXPECT_THAT(refusal(wallet(WalletKind::OldDeposit)), HasSubstr("order signer address"));
}

TEST_F(WalletsTest, OfOthersOrSignedOtherwiseMakeNone) {
  using polymarket::WalletKind;
  const polymarket::Address other{{2}};
  const auto theirs = polymarket::wallet_of(other, WalletKind::Safe, polymarket::kPolygonChainId);
  EXPECT_THAT(refusal(*theirs), HasSubstr("order signer address"));
  order_.signer = mine_;
  EXPECT_THAT(refusal(), HasSubstr("deposit wallet flow"));
  EXPECT_EQ(refusal(wallet(WalletKind::Safe)), "");
  order_.signature_type = polymarket::SignatureType::PolyProxy;
  EXPECT_THAT(refusal(), HasSubstr("deposit wallet flow"));
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
