#include "services/strategy-runner/core/strategies/basket.hpp"

#include <algorithm>
#include <array>

#include "common/domain/amounts.hpp"
#include "common/domain/fees.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Money;
using domain::Price;
using domain::Quantity;
using domain::Wide;

constexpr Quantity kOneShare = Quantity::from_units(1);

// What one more share costs at `price`, with its fee.
Money marginal_cost(const Ladder& ladder, Price price) {
  return domain::notional(price, kOneShare, domain::Rounding::Up) +
         domain::taker_fee(ladder.fee, price, kOneShare, domain::Rounding::Up);
}

// The largest quantity whose cost at `price` stays within `cost_max`.
Quantity affordable(Money cost_max, Price price) {
  return Quantity::from_raw(
      domain::mul_div(cost_max.raw(), Price::kScale, price.raw(), domain::Rounding::Down));
}

// What its best level alone offers of a ladder, worked out once for a search. An immediate buy
// spends its limit times its quantity, and on the way over several levels that is more shares than
// the quantity: the legs would not be level. So each leg takes its best level alone; the next
// basket takes the next.
struct Offer {
  const Ladder* ladder;
  Price limit;
  Quantity available;
  Money marginal;
  Quantity step;          // that the venue can express at `limit`
  Quantity quantity_max;  // that one leg may cost
  Quantity quantity_min;  // that the venue takes
  Wide least_cost;        // per share, not rounded: no quantity costs less; in 1 / kCostScale
};

// Finer than any rounding of a fee: what is estimated with it is off by less than what is rounded.
constexpr std::int64_t kCostScale = 1'000'000'000'000;

Wide least_cost(const Ladder& ladder, Price price) {
  constexpr std::int64_t kPerPrice = kCostScale / Price::kScale;
  // rate x p x (1 - p) counts 1e-6 x 1e-8.
  const Wide spread = Wide{price.raw()} * domain::complement(price).raw();
  Wide fee = spread * ladder.fee.rate_ppm / 100;
  if (ladder.fee.exponent == 2) fee = fee * spread / (Wide{Price::kScale} * Price::kScale);
  return Wide{price.raw()} * kPerPrice + fee;
}

Offer offer_of(const Ladder& ladder, Money marginal, const BasketLimits& limits) {
  const domain::Level& best = ladder.levels.front();
  const Quantity worthy = Quantity::from_raw(domain::mul_div(
      domain::kMarketableNotionalMin.raw(), Price::kScale, best.price.raw(), domain::Rounding::Up));
  return {.ladder = &ladder,
          .limit = best.price,
          .available = best.quantity,
          .marginal = marginal,
          .step = domain::immediate_buy_step(best.price),
          .quantity_max = affordable(limits.leg_cost_max, best.price),
          .quantity_min = std::max(ladder.min_size, worthy),
          .least_cost = least_cost(ladder, best.price)};
}

// What several offers taken together need and allow.
struct Together {
  Money marginal;
  Price price_sum;
  Quantity step = domain::kShareStep;
  Quantity quantity_max;
  Quantity quantity_min;
  Wide least_cost = 0;

  void add(const Offer& offer) {
    marginal += offer.marginal;
    price_sum += offer.limit;
    if (step.raw() % offer.step.raw() != 0) step = domain::common_step(step, offer.step);
    quantity_max = std::min(quantity_max, offer.quantity_max);
    quantity_min = std::max(quantity_min, offer.quantity_min);
    least_cost += offer.least_cost;
  }
  [[nodiscard]] bool pays(Money payout_per_share, Money edge_min) const {
    return marginal + edge_min <= payout_per_share;
  }
  // The largest quantity that all can express; empty when it is too small for one of them.
  [[nodiscard]] std::optional<Quantity> quantity(Money basket_cost_max) const {
    const Quantity most = std::min(quantity_max, affordable(basket_cost_max, price_sum));
    const Quantity whole = domain::floor_to_step(most, step);
    if (!whole.is_positive() || whole < quantity_min) return std::nullopt;
    return whole;
  }
};

Money payout_of(Money per_share, Quantity quantity) {
  return Money::from_raw(
      domain::mul_div(per_share.raw(), quantity.raw(), Quantity::kScale, domain::Rounding::Down));
}

Money cost_of(std::span<const Offer* const> offers, Quantity quantity) {
  Money cost;
  for (const Offer* offer : offers) {
    cost += domain::notional(offer->limit, quantity, domain::Rounding::Up) +
            domain::taker_fee(offer->ladder->fee, offer->limit, quantity, domain::Rounding::Up);
  }
  return cost;
}

Basket basket_of(std::span<const Offer* const> offers, Quantity quantity, Money payout_per_share) {
  Basket basket{.legs = {},
                .quantity = quantity,
                .cost = cost_of(offers, quantity),
                .payout = payout_of(payout_per_share, quantity)};
  for (const Offer* offer : offers) {
    basket.legs.push_back({.instrument = offer->ladder->instrument,
                           .side = domain::Side::Buy,
                           .limit = offer->limit,
                           .quantity = quantity});
  }
  return basket;
}

// The NOs worth buying, cheapest first. A NO adds 1 - its cost to what is certain; one that adds
// less than the edge only binds capital.
std::vector<Offer> no_offers(std::span<const Ladder> ladders, const BasketLimits& limits) {
  std::vector<Offer> offers;
  for (const Ladder& ladder : ladders) {
    if (ladder.levels.empty()) continue;
    const Money marginal = marginal_cost(ladder, ladder.levels.front().price);
    if (Money::from_units(1) - marginal < limits.edge_min) continue;
    offers.push_back(offer_of(ladder, marginal, limits));
  }
  std::stable_sort(offers.begin(), offers.end(),
                   [](const Offer& a, const Offer& b) { return a.marginal < b.marginal; });
  return offers;
}

// Quantities at which some ladder's best level is used up.
std::vector<Quantity> breakpoints(std::span<const Ladder> ladders) {
  std::vector<Quantity> points;
  for (const Ladder& ladder : ladders) {
    if (!ladder.levels.empty()) points.push_back(ladder.levels.front().quantity);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

// The cheapest offers that reach up to `point`, as many as a basket may have.
using Cheapest = std::array<const Offer*, domain::kLegsMax>;
std::span<const Offer* const> cheapest_at(Quantity point, std::span<const Offer> offers,
                                          Cheapest& out) {
  std::size_t count = 0;
  for (const Offer& offer : offers) {
    if (offer.available < point) continue;
    out[count++] = &offer;
    if (count == out.size()) break;
  }
  return std::span(out).first(count);
}

// A basket of NOs that the limits allow: the `legs` cheapest offers at a breakpoint.
struct Choice {
  Quantity point;
  std::size_t legs = 0;
  Quantity quantity;
  Wide profit_max = 0;  // before what is rounded against us; in 1 / kCostScale
  [[nodiscard]] Money payout_per_share() const {
    return Money::from_units(static_cast<std::int64_t>(legs) - 1);
  }
};

// All such baskets, fewest shares first. With more shares fewer offers are left, and so no basket
// of any number of legs gets cheaper: where none pays, none pays further on.
std::vector<Choice> choices_among(std::span<const Offer> offers, std::span<const Quantity> points,
                                  const BasketLimits& limits) {
  std::vector<Choice> choices;
  for (const Quantity point : points) {
    Cheapest cheapest;
    Together together{.marginal = {},
                      .price_sum = {},
                      .quantity_max = std::min(point, limits.quantity_max),
                      .quantity_min = {}};
    bool any_pays = false;
    std::size_t legs = 0;
    for (const Offer* offer : cheapest_at(point, offers, cheapest)) {
      together.add(*offer);
      Choice choice{.point = point, .legs = ++legs, .quantity = {}};
      if (legs < 2 || !together.pays(choice.payout_per_share(), limits.edge_min)) continue;
      any_pays = true;
      const auto quantity = together.quantity(limits.basket_cost_max);
      if (!quantity) continue;
      choice.quantity = *quantity;
      const Wide earned = Wide{static_cast<std::int64_t>(legs) - 1} * kCostScale;
      choice.profit_max = (earned - together.least_cost) * quantity->raw();
      choices.push_back(choice);
    }
    if (!any_pays) break;
  }
  return choices;
}

}  // namespace

Ladder buy_ladder(const domain::Market& market, domain::Outcome outcome,
                  const domain::OrderBook& book) {
  Ladder ladder{.instrument = {.market = market.id, .outcome = outcome},
                .fee = market.fee,
                .min_size = market.min_size,
                .levels = {}};
  const auto levels = outcome == domain::Outcome::Yes ? book.asks() : book.bids();
  ladder.levels.reserve(std::min(levels.size(), kLadderLevelsMax));
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    if (ladder.levels.size() == kLadderLevelsMax) break;
    ladder.levels.push_back(
        {.price = domain::yes_price(outcome, level->price), .quantity = level->quantity});
  }
  return ladder;
}

std::optional<Walk> walk(const Ladder& ladder, Quantity quantity) {
  Walk result;
  for (const domain::Level& level : ladder.levels) {
    const Quantity taken = std::min(quantity, level.quantity);
    result.cash += domain::notional(level.price, taken, domain::Rounding::Up);
    result.fee += domain::taker_fee(ladder.fee, level.price, taken, domain::Rounding::Up);
    result.limit = level.price;
    quantity -= taken;
    if (!quantity.is_positive()) return result;
  }
  return std::nullopt;
}

std::optional<Basket> best_yes_basket(std::span<const Ladder> ladders, const BasketLimits& limits) {
  if (ladders.size() < 2 || ladders.size() > domain::kLegsMax) return std::nullopt;
  std::vector<Offer> offers;
  std::vector<const Offer*> legs;
  offers.reserve(ladders.size());
  Together together{
      .marginal = {}, .price_sum = {}, .quantity_max = limits.quantity_max, .quantity_min = {}};
  for (const Ladder& ladder : ladders) {
    if (ladder.levels.empty()) return std::nullopt;
    const Money marginal = marginal_cost(ladder, ladder.levels.front().price);
    legs.push_back(&offers.emplace_back(offer_of(ladder, marginal, limits)));
    together.add(offers.back());
    together.quantity_max = std::min(together.quantity_max, offers.back().available);
  }
  const Money payout = Money::from_units(1);
  if (!together.pays(payout, limits.edge_min)) return std::nullopt;
  const auto quantity = together.quantity(limits.basket_cost_max);
  if (!quantity) return std::nullopt;
  Basket basket = basket_of(legs, *quantity, payout);
  if (!basket.profit().is_positive()) return std::nullopt;
  return basket;
}

// Of two that earn the same it is the one with fewer shares, then that with fewer legs. What rounds
// against us is worked out only for the choices that can be the best one.
std::optional<Basket> best_no_basket(std::span<const Ladder> ladders, const BasketLimits& limits) {
  const std::vector<Offer> offers = no_offers(ladders, limits);
  const std::vector<Choice> choices = choices_among(offers, breakpoints(ladders), limits);
  if (choices.empty()) return std::nullopt;
  Cheapest cheapest;
  const auto legs_of = [&](const Choice& choice) {
    return cheapest_at(choice.point, offers, cheapest).first(choice.legs);
  };
  const Choice* best = nullptr;
  Money best_profit;
  const auto consider = [&](const Choice& choice) {
    const Money profit = payout_of(choice.payout_per_share(), choice.quantity) -
                         cost_of(legs_of(choice), choice.quantity);
    if (!profit.is_positive() || profit < best_profit) return;
    if (best != nullptr && profit == best_profit && best <= &choice) return;
    best = &choice;
    best_profit = profit;
  };
  consider(*std::max_element(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    return a.profit_max < b.profit_max;
  }));
  for (const Choice& choice : choices) {
    if (choice.profit_max >= Wide{best_profit.raw()} * kCostScale) consider(choice);
  }
  if (best == nullptr) return std::nullopt;
  return basket_of(legs_of(*best), best->quantity, best->payout_per_share());
}

}  // namespace polybot::strategy_runner
