// The search finds what the plain search finds, to the last share and the last unit of money.
#include "tests/support/basket_search.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/strategy-runner/world.hpp"

namespace polybot::strategy_runner {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution(least, most)(random_);
  }
  std::int64_t one_of(std::initializer_list<std::int64_t> values) {
    return values.begin()[between(0, static_cast<std::int64_t>(values.size()) - 1)];
  }

 private:
  std::mt19937_64 random_;
};

// What makes many ladders alike: without it the sums that decide would rarely be close.
struct Event {
  std::int64_t tick;
  std::int64_t dearest;  // of the best prices, as raw counts
  std::int64_t cheapest;
  bool round_sizes;
};

domain::Quantity drawn_quantity(Draw& draw, const Event& event) {
  if (event.round_sizes) return shares(draw.one_of({5, 20, 50, 100, 100, 250}));
  if (draw.between(0, 9) == 0) return domain::Quantity::from_raw(draw.between(1, 6'000'000));
  return domain::Quantity::from_raw(draw.between(1'000'000, 400'000'000));
}

Ladder drawn_ladder(Draw& draw, const Event& event, int market, domain::Outcome outcome) {
  Ladder ladder{.instrument = {market_id(market), outcome},
                .fee = {.rate_ppm = draw.one_of({0, 0, 10'000, 40'000, 70'000, 312'345}),
                        .exponent = static_cast<std::int32_t>(draw.between(1, 2))},
                .min_size = shares(draw.one_of({0, 5, 5, 15})),
                .levels = {}};
  if (draw.between(0, 19) == 0) return ladder;
  std::int64_t price = draw.between(event.cheapest, event.dearest) / event.tick * event.tick;
  price = std::clamp(price, event.tick, 10'000 - event.tick);
  for (std::int64_t levels = draw.between(1, 3); levels > 0 && price < 10'000; --levels) {
    ladder.levels.push_back({domain::Price::from_raw(price), drawn_quantity(draw, event)});
    price += event.tick * draw.between(1, 3);
  }
  return ladder;
}

BasketLimits drawn_limits(Draw& draw) {
  return {.edge_min = domain::Money::from_raw(draw.one_of({1, 1, 1'000, 4'000, 20'000})),
          .quantity_max = shares(draw.one_of({7, 200, 200, 10'000, 1'000'000})),
          .leg_cost_max = usd(draw.one_of({1, 25, 100, 10'000, 1'000'000})),
          .basket_cost_max = usd(draw.one_of({1, 45, 250, 10'000, 1'000'000}))};
}

std::vector<Ladder> drawn_ladders(Draw& draw, std::int64_t count, domain::Outcome outcome) {
  // A YES of each of n costs about 1 / n. A NO of each of n costs about 1 - 1 / n.
  const std::int64_t fair = 10'000 / std::max<std::int64_t>(count, 2);
  const std::int64_t middle = outcome == domain::Outcome::Yes ? fair : 10'000 - fair;
  const std::int64_t spread = draw.one_of({100, 1'000, 3'000});
  const Event event{.tick = draw.one_of({1, 10, 100, 100, 1'000}),
                    .dearest = middle + spread / 4,
                    .cheapest = std::max<std::int64_t>(middle - spread, 1),
                    .round_sizes = draw.between(0, 1) == 1};
  std::vector<Ladder> ladders;
  for (int i = 0; i < count; ++i) ladders.push_back(drawn_ladder(draw, event, i, outcome));
  return ladders;
}

void expect_same(const std::optional<Basket>& found, const std::optional<Basket>& plain) {
  ASSERT_EQ(found.has_value(), plain.has_value());
  if (!found) return;
  EXPECT_EQ(found->legs, plain->legs);
  EXPECT_EQ(found->quantity, plain->quantity);
  EXPECT_EQ(found->cost, plain->cost);
  EXPECT_EQ(found->payout, plain->payout);
}

TEST(BasketSearch, FindsTheNosThatThePlainSearchFinds) {
  constexpr int kRounds = 4'000;
  int found = 0;
  for (int seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(static_cast<std::uint64_t>(seed));
    const std::int64_t count = seed % 40 == 0 ? draw.between(30, 120) : draw.between(0, 20);
    const std::vector<Ladder> ladders = drawn_ladders(draw, count, domain::Outcome::No);
    const BasketLimits limits = drawn_limits(draw);
    const auto basket = best_no_basket(ladders, limits);
    expect_same(basket, plain_search::best_no_basket(ladders, limits));
    if (testing::Test::HasFailure()) return;
    if (basket) ++found;
  }
  EXPECT_GT(found, kRounds / 5);
  EXPECT_LT(found, kRounds - kRounds / 5);
}

TEST(BasketSearch, FindsTheYesesThatThePlainSearchFinds) {
  constexpr int kRounds = 6'000;
  int found = 0;
  for (int seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(static_cast<std::uint64_t>(seed));
    const std::vector<Ladder> ladders =
        drawn_ladders(draw, draw.between(0, 17), domain::Outcome::Yes);
    const BasketLimits limits = drawn_limits(draw);
    const auto basket = best_yes_basket(ladders, limits);
    expect_same(basket, plain_search::best_yes_basket(ladders, limits));
    if (testing::Test::HasFailure()) return;
    if (basket) ++found;
  }
  EXPECT_GT(found, kRounds / 50);
}

}  // namespace
}  // namespace polybot::strategy_runner
