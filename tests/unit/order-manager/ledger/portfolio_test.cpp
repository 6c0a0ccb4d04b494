// Compares the portfolio with a very simple oracle: it keeps every fill for ever and folds all of
// them again for each question.
#include "services/order-manager/core/ledger/portfolio.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace polybot::order_manager {
namespace {

using namespace domain;  // NOLINT: a test vocabulary

class Oracle {
 public:
  struct Fill {
    StrategyName strategy;
    OrderFilled fill;
    bool failed = false;
  };
  std::vector<Fill> fills;

  Holding holding(const StrategyName& strategy, const Instrument& instrument) const {
    Holding holding;
    for (const Fill& of : fills) {
      if (of.failed || of.strategy != strategy || of.fill.instrument != instrument) continue;
      apply_fill(holding, of.fill.side, of.fill.quantity, of.fill.cash, of.fill.fee);
    }
    return holding;
  }
  Money cash() const {
    Money cash;
    for (const Fill& of : fills) {
      if (of.failed) continue;
      cash +=
          of.fill.side == Side::Buy ? -(of.fill.cash + of.fill.fee) : of.fill.cash - of.fill.fee;
    }
    return cash;
  }
  Quantity settled(const StrategyName& strategy, const Instrument& instrument) const {
    Quantity settled;
    for (const Fill& of : fills) {
      if (of.failed || of.strategy != strategy || of.fill.instrument != instrument) continue;
      if (of.fill.side == Side::Sell) settled -= of.fill.quantity;
      if (of.fill.side == Side::Buy && of.fill.status != FillStatus::Matched)
        settled += of.fill.quantity;
    }
    return settled;
  }
};

struct History {
  explicit History(std::uint64_t seed) : random(seed) {}
  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

  void book() {
    OrderFilled fill;
    fill.fill.trade = {"t" + std::to_string(oracle.fills.size())};
    fill.fill.order = {{1, oracle.fills.size()}, 0};
    fill.instrument = instruments[below(instruments.size())];
    fill.side = below(2) == 0 ? Side::Buy : Side::Sell;
    fill.quantity = Quantity::from_raw(static_cast<std::int64_t>(1 + below(100'000'000)));
    fill.cash = notional(Price::from_raw(static_cast<std::int64_t>(1 + below(9'999))),
                         fill.quantity, Rounding::Up);
    fill.fee = Money::from_raw(static_cast<std::int64_t>(below(100'000)));
    fill.status = static_cast<FillStatus>(below(3));
    const StrategyName& strategy = strategies[below(strategies.size())];
    portfolio.filled(strategy, fill, ++seq);
    oracle.fills.push_back({strategy, fill});
    if (fill.status != FillStatus::Confirmed) provisional.push_back(oracle.fills.size() - 1);
  }
  void settle_one() {
    if (provisional.empty()) return;
    const std::size_t place = below(provisional.size());
    Oracle::Fill& of = oracle.fills[provisional[place]];
    if (below(4) == 0) {
      portfolio.reversed(of.strategy, of.fill, ++seq);
      of.failed = true;
      ++reversals;
      provisional.erase(provisional.begin() + static_cast<std::ptrdiff_t>(place));
      return;
    }
    const auto next = of.fill.status == FillStatus::Matched && below(2) == 0
                          ? FillStatus::Mined
                          : FillStatus::Confirmed;
    portfolio.advanced(of.strategy, of.fill, next);
    of.fill.status = next;
    if (next == FillStatus::Confirmed)
      provisional.erase(provisional.begin() + static_cast<std::ptrdiff_t>(place));
  }
  void compare() {
    for (const StrategyName& strategy : strategies) {
      for (const Instrument& instrument : instruments) {
        const MarketPosition* position = portfolio.find(strategy, instrument.market);
        const Holding held =
            position == nullptr ? Holding{} : position->token(instrument.outcome).holding();
        ASSERT_EQ(held, oracle.holding(strategy, instrument));
        ASSERT_EQ(portfolio.settled(strategy, instrument), oracle.settled(strategy, instrument));
      }
    }
    ASSERT_EQ(portfolio.cash(), oracle.cash());
    ASSERT_EQ(portfolio.unconserved(), Money{});
  }

  std::mt19937_64 random;
  Portfolio portfolio;
  Oracle oracle;
  std::vector<std::size_t> provisional;
  std::uint64_t seq = 0;
  std::uint64_t reversals = 0;
  std::vector<StrategyName> strategies = {{"a"}, {"b"}};
  std::vector<Instrument> instruments = {
      {MarketId{{1}}, Outcome::Yes}, {MarketId{{1}}, Outcome::No}, {MarketId{{2}}, Outcome::Yes}};
};

TEST(Portfolio, AgreesWithASimpleOracleOverTwentyThousandFills) {
  std::uint64_t fills = 0;
  std::uint64_t reversals = 0;
  for (std::uint64_t seed = 1; seed <= 22; ++seed) {
    History run(seed);
    for (int i = 0; i < 1'000; ++i) {
      run.book();
      while (run.provisional.size() > run.below(40)) run.settle_one();
      if (i % 50 == 0) run.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
    while (!run.provisional.empty()) run.settle_one();
    run.compare();
    fills += run.oracle.fills.size();
    reversals += run.reversals;
  }
  EXPECT_GE(fills, 20'000U);
  EXPECT_GE(reversals, 1'000U);
}

TEST(Portfolio, KeepsNoFillOnceAllBeforeItAreFinal) {
  History run(7);
  for (int i = 0; i < 200; ++i) run.book();
  while (!run.provisional.empty()) run.settle_one();
  for (const auto& [strategy, positions] : run.portfolio.positions()) {
    for (const auto& [market, position] : positions) {
      EXPECT_TRUE(position.yes.final());
      EXPECT_TRUE(position.no.final());
    }
  }
}

// The first trade stays MATCHED for ever; a thousand after it become final.
TEST(Portfolio, StaysShortBehindATradeThatIsStuck) {
  const StrategyName strategy{"a"};
  const Instrument instrument{MarketId{{1}}, Outcome::Yes};
  Portfolio portfolio;
  const auto fill = [&](int number, FillStatus status) {
    OrderFilled filled;
    filled.fill.trade = {"t" + std::to_string(number)};
    filled.instrument = instrument;
    filled.side = Side::Buy;
    filled.quantity = Quantity::from_units(1);
    filled.cash = Money::from_raw(500'000);
    filled.status = status;
    return filled;
  };
  const OrderFilled stuck = fill(0, FillStatus::Matched);
  portfolio.filled(strategy, stuck, 1);
  for (int i = 1; i <= 1'000; ++i)
    portfolio.filled(strategy, fill(i, FillStatus::Confirmed), static_cast<std::uint64_t>(i) + 1);
  const TokenPosition& token = portfolio.find(strategy, instrument.market)->yes;
  EXPECT_LE(token.entries().size(), kUnfoldedFillsMax);
  EXPECT_EQ(token.holding().quantity, Quantity::from_units(1'001));
  EXPECT_EQ(token.settled(), Quantity::from_units(1'000));
  EXPECT_EQ(token.provisional(), 1U);
  portfolio.reversed(strategy, stuck, 1'002);
  EXPECT_EQ(token.holding().quantity, Quantity::from_units(1'000));
  EXPECT_EQ(token.holding().cost, Money::from_units(500));
  EXPECT_TRUE(token.final());
}

}  // namespace
}  // namespace polybot::order_manager
