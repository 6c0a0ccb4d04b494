// The venue's published amount tables, the share grid of immediate orders, and the venue's own
// check.
#include "common/polymarket/amounts.hpp"

#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::Price;
using domain::Quantity;
using domain::Side;
using domain::TimeInForce;

struct Row {
  Side side;
  const char* size;
  const char* price;
  const char* tick;
  std::uint64_t maker;
  std::uint64_t taker;
};

constexpr Row kLimitTable[] = {
    {Side::Buy, "100", "0.5", "0.1", 50000000, 100000000},
    {Side::Buy, "21.04", "0.56", "0.01", 11782400, 21040000},
    {Side::Sell, "21.04", "0.56", "0.01", 21040000, 11782400},
    {Side::Buy, "20", "0.056", "0.001", 1120000, 20000000},
    {Side::Buy, "820.5", "0.0056", "0.0001", 4594800, 820500000},
    {Side::Buy, "13.37", "0.905", "0.005", 12099850, 13370000},
    {Side::Sell, "13.37", "0.9025", "0.0025", 13370000, 12066425},
    {Side::Buy, "1.005", "0.57", "0.01", 570000, 1000000},
    {Side::Buy, "1.15", "0.29", "0.01", 333500, 1150000},
    {Side::Sell, "0.01", "0.01", "0.01", 10000, 100},
    {Side::Buy, "99999.99", "0.9999", "0.0001", 99989990001, 99999990000},
    {Side::Buy, "18233.33", "0.39", "0.01", 7110998700, 18233330000},
    {Side::Buy, "12.345678", "0.34", "0.01", 4195600, 12340000},
    {Side::Sell, "7.77", "0.123", "0.001", 7770000, 955710},
};

constexpr Row kMarketBuyTable[] = {
    {Side::Buy, "100", "0.5", "0.01", 100000000, 200000000},
    {Side::Buy, "2.03", "0.58", "0.01", 2030000, 3500000},
    {Side::Buy, "1", "0.07", "0.01", 1000000, 14285700},
    {Side::Buy, "10", "0.33", "0.01", 10000000, 30303000},
    {Side::Buy, "9.98", "0.985", "0.001", 9980000, 10131900},
    {Side::Buy, "25.25", "0.9025", "0.0025", 25250000, 27977800},
};

constexpr Row kMarketSellTable[] = {
    {Side::Sell, "15.55", "0.56", "0.01", 15550000, 8708000},
    {Side::Sell, "7.77", "0.123", "0.001", 7770000, 955700},
};

constexpr const char* kTicks[] = {"0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"};

std::variant<OrderTerms, std::string> check(Side side, TimeInForce time_in_force,
                                            OrderAmounts amounts, const char* tick) {
  return check_amounts({.order_id = order_id(1),
                        .side = side,
                        .time_in_force = time_in_force,
                        .amounts = amounts,
                        .tick = price(tick),
                        .min_size = {}});
}

std::string refusal_of(const std::variant<OrderTerms, std::string>& checked) {
  const auto* const text = std::get_if<std::string>(&checked);
  return text != nullptr ? *text : "";
}

TEST(Amounts, LimitOrdersFollowTheTable) {
  for (const Row& row : kLimitTable) {
    const auto amounts = amounts_for_shares(row.side, quantity(row.size), price(row.price),
                                            price(row.tick), TimeInForce::Gtc);
    ASSERT_TRUE(amounts.has_value()) << row.size << " at " << row.price;
    EXPECT_EQ(amounts->maker, row.maker) << row.size << " at " << row.price;
    EXPECT_EQ(amounts->taker, row.taker) << row.size << " at " << row.price;
  }
}

TEST(Amounts, MarketSellsFollowTheTable) {
  for (const Row& row : kMarketSellTable) {
    const auto amounts = amounts_for_shares(row.side, quantity(row.size), price(row.price),
                                            price(row.tick), TimeInForce::Fak);
    ASSERT_TRUE(amounts.has_value());
    EXPECT_EQ(amounts->maker, row.maker);
    EXPECT_EQ(amounts->taker, row.taker);
  }
}

TEST(Amounts, RefusesWhatTheVenueCannotExpress) {
  const auto error = [](const char* size, const char* at, const char* tick) {
    return amounts_for_shares(Side::Buy, quantity(size), price(at), price(tick), TimeInForce::Gtc)
        .error();
  };
  EXPECT_EQ(error("10", "0.5", "0.02"), AmountError::UnknownTick);
  EXPECT_EQ(error("10", "0.505", "0.01"), AmountError::PriceOffTick);
  EXPECT_EQ(error("10", "0", "0.01"), AmountError::PriceOffTick);
  EXPECT_EQ(error("10", "1", "0.01"), AmountError::PriceOffTick);
  EXPECT_EQ(error("10", "0.9999", "0.001"), AmountError::PriceOffTick);
  EXPECT_EQ(error("0.009", "0.5", "0.01"), AmountError::RoundsToZero);
  EXPECT_EQ(error("0", "0.5", "0.01"), AmountError::RoundsToZero);
}

TEST(Amounts, AnImmediateBuyIsFlooredToWholeCents) {
  const auto amounts = [](const char* size, const char* at) {
    return *amounts_for_shares(Side::Buy, quantity(size), price(at), price("0.01"),
                               TimeInForce::Fak);
  };
  EXPECT_EQ(amounts("10.99", "0.57"), (OrderAmounts{5700000, 10000000}));
  EXPECT_EQ(amounts("10.99", "0.5"), (OrderAmounts{5490000, 10980000}));
  EXPECT_EQ(amounts("10.99", "0.8"), (OrderAmounts{8760000, 10950000}));
  EXPECT_EQ(amounts_for_shares(Side::Buy, quantity("0.99"), price("0.57"), price("0.01"),
                               TimeInForce::Fok)
                .error(),
            AmountError::RoundsToZero);
}

TEST(Amounts, EveryOrderWeMakePassesTheVenuesCheckAtItsPrice) {
  for (const char* const tick : kTicks) {
    for (Price at = price(tick); domain::on_tick(at, price(tick)); at += price(tick)) {
      for (const Side side : {Side::Buy, Side::Sell}) {
        for (const TimeInForce tif : {TimeInForce::Gtc, TimeInForce::Fak}) {
          const auto amounts = amounts_for_shares(side, quantity("137.42"), at, price(tick), tif);
          ASSERT_TRUE(amounts.has_value());
          const auto checked = check(side, tif, *amounts, tick);
          ASSERT_TRUE(std::holds_alternative<OrderTerms>(checked))
              << tick << " " << at.to_string() << " " << refusal_of(checked);
          EXPECT_EQ(std::get<OrderTerms>(checked).price, at);
          EXPECT_EQ(std::get<OrderTerms>(checked).quantity.raw(),
                    static_cast<std::int64_t>(side == Side::Buy ? amounts->taker : amounts->maker));
        }
      }
    }
  }
}

TEST(Amounts, MarketBuysByCashPassTheVenuesCheckAtTheirCap) {
  for (const Row& row : kMarketBuyTable) {
    const auto checked = check(Side::Buy, TimeInForce::Fok, {row.maker, row.taker}, row.tick);
    ASSERT_TRUE(std::holds_alternative<OrderTerms>(checked)) << refusal_of(checked);
    EXPECT_EQ(std::get<OrderTerms>(checked).price, price(row.price));
    EXPECT_EQ(std::get<OrderTerms>(checked).cash, money(row.size));
  }
}

TEST(Amounts, TheVenueRefusesWithItsOwnTexts) {
  // The two rows that the reference client gets wrong on fine ticks.
  EXPECT_EQ(refusal_of(check(Side::Buy, TimeInForce::Fak, {9980000, 10131970}, "0.001")),
            "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 "
            "decimals, taker amount a max of 4 decimals");
  EXPECT_EQ(refusal_of(check(Side::Sell, TimeInForce::Fak, {7770000, 955710}, "0.001")),
            "invalid amounts, the market sell orders maker amount supports a max accuracy of 2 "
            "decimals, taker amount a max of 4 decimals");
  EXPECT_EQ(refusal_of(check(Side::Buy, TimeInForce::Gtc, {5000005, 10000010}, "0.01")),
            "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
            "taker amount a max of 2 decimals");
  EXPECT_EQ(refusal_of(check(Side::Buy, TimeInForce::Gtc, {5050000, 10000000}, "0.1")),
            "order " + to_string(order_id(1)) +
                " is invalid. Price (0.505) breaks minimum tick size rule: 0.1");
  EXPECT_EQ(refusal_of(check(Side::Buy, TimeInForce::Gtc, {100000000, 50000000}, "0.01")),
            "order " + to_string(order_id(1)) +
                " is invalid. Price (2) breaks minimum tick size rule: 0.01");
  EXPECT_EQ(refusal_of(check(Side::Buy, TimeInForce::Gtc, {0, 50000000}, "0.01")),
            "Invalid order payload");
}

TEST(Amounts, TheMinimumSizeBindsRestingOrdersOnly) {
  AmountCheck order{.order_id = order_id(1),
                    .side = Side::Buy,
                    .time_in_force = TimeInForce::Gtc,
                    .amounts = {2000000, 4000000},
                    .tick = price("0.01"),
                    .min_size = quantity("5")};
  EXPECT_EQ(refusal_of(check_amounts(order)),
            "order " + to_string(order_id(1)) + " is invalid. Size (4) lower than the minimum: 5");
  order.time_in_force = TimeInForce::Fak;
  EXPECT_TRUE(std::holds_alternative<OrderTerms>(check_amounts(order)));
}

TEST(Amounts, AMarketableOrderIsWorthAtLeastOneDollar) {
  EXPECT_EQ(check_marketable_notional(Side::Buy, money("1")), "");
  EXPECT_EQ(check_marketable_notional(Side::Buy, money("0.5")),
            "invalid amount for a marketable BUY order ($0.5), min size: $1");
}

}  // namespace
}  // namespace polybot::polymarket
