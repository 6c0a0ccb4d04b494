// What makers and takers of the simulated crowd do in one market.
#include <algorithm>

#include "services/venue-simulator/core/crowd/flow_terms.hpp"
#include "services/venue-simulator/core/crowd/order_flow.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Price;
using domain::Quantity;
using Rest = MatchingEngine::Rest;

namespace {

constexpr std::size_t kNoiseOrdersMax = 6;

}  // namespace

// ---- makers -------------------------------------------------------------------------------------

Price OrderFlow::quote_price(const MarketFlow& market, BookSide side, int level) const {
  const std::int64_t middle = market.belief + market.skew;
  const std::int64_t away = market.half_spread + level * std::max<std::int64_t>(market.tick, 40);
  const std::int64_t price = side == BookSide::Bid ? floor_to(middle - away, market.tick)
                                                   : ceil_to(middle + away, market.tick);
  const bool possible = price >= market.tick && price <= kOne - market.tick;
  return price_of(possible ? price : 0);  // 0: no quote at this level
}

// All misplaced orders go first, so that makers never trade with themselves.
void OrderFlow::refresh_quotes(MarketNo number, MarketFlow& market, Turn& turn) {
  if (!turn.engine.is_open(number)) return;
  refine_tick(number, market, turn);
  const auto withdraw = [&](std::array<Quote, kQuoteLevels>& quotes, BookSide side) {
    for (int i = 0; i < kQuoteLevels; ++i) {
      Quote& quote = quotes[static_cast<std::size_t>(i)];
      const bool thin = turn.engine.house_leaves(quote.order) < shares(15);
      if (quote.price == quote_price(market, side, i) && !thin) continue;
      turn.engine.cancel_house(quote.order);
      quote = {};
    }
  };
  const auto place = [&](std::array<Quote, kQuoteLevels>& quotes, BookSide side) {
    for (int i = 0; i < kQuoteLevels; ++i) {
      Quote& quote = quotes[static_cast<std::size_t>(i)];
      const Price price = quote_price(market, side, i);
      if (quote.order != 0 || price.is_zero()) continue;
      const Quantity size = shares(random_.between(40, 120) * (i + 1));
      quote.price = price;
      quote.order = turn.engine.place_house(maker_, number, side, price, size, Rest::Yes, turn.now,
                                            turn.faults, turn.out);
    }
  };
  withdraw(market.bids, BookSide::Bid);
  withdraw(market.asks, BookSide::Ask);
  place(market.bids, BookSide::Bid);
  place(market.asks, BookSide::Ask);
}

// Near 0 and 1 the venue lets prices be finer.
void OrderFlow::refine_tick(MarketNo number, MarketFlow& market, Turn& turn) {
  if (market.tick != 100 || market.shape == Shape::NegRisk) return;
  if (market.belief > 400 && market.belief < 9'600) return;
  turn.engine.change_tick(number, Price::from_raw(10), turn.now, turn.out);
  market.tick = 10;
}

// A new size at an old price: books are never still.
void OrderFlow::jitter(MarketNo number, MarketFlow& market, Turn& turn) {
  auto& quotes = random_.sign() > 0 ? market.bids : market.asks;
  Quote& quote = quotes[static_cast<std::size_t>(random_.between(0, kQuoteLevels - 1))];
  turn.engine.cancel_house(quote.order);
  quote = {};
  refresh_quotes(number, market, turn);
}

// ---- takers -------------------------------------------------------------------------------------

void OrderFlow::trade_noise(MarketNo number, const MarketFlow& market, Turn& turn) {
  // Noise traders follow a trend when there is one.
  int direction = random_.sign();
  if (market.drift != 0 && random_.chance(700'000)) direction = market.drift > 0 ? 1 : -1;
  const BookSide side = direction > 0 ? BookSide::Bid : BookSide::Ask;
  const auto best = turn.engine.best(number, side == BookSide::Bid ? BookSide::Ask : BookSide::Bid);
  if (!best) return;
  const Quantity size = shares(random_.between(5, 60));
  turn.engine.place_house(noise_, number, side, best->price, size, Rest::No, turn.now, turn.faults,
                          turn.out);
}

void OrderFlow::rest_noise(MarketNo number, MarketFlow& market, Turn& turn) {
  std::erase_if(market.noise,
                [&](std::uint64_t order) { return turn.engine.house_leaves(order).is_zero(); });
  const auto resting = static_cast<std::int64_t>(market.noise.size());
  if (resting > 0 && random_.between(0, static_cast<std::int64_t>(kNoiseOrdersMax)) < resting) {
    turn.engine.cancel_house(market.noise.front());
    market.noise.erase(market.noise.begin());
    return;
  }
  const BookSide side = random_.sign() > 0 ? BookSide::Bid : BookSide::Ask;
  const std::int64_t away = market.half_spread + random_.between(-1, 6) * market.tick;
  const std::int64_t middle = market.belief + market.skew;
  const std::int64_t price = side == BookSide::Bid ? floor_to(middle - away, market.tick)
                                                   : ceil_to(middle + away, market.tick);
  if (price < market.tick || price > kOne - market.tick) return;
  const Quantity size = shares(random_.between(5, 80));
  const std::uint64_t order = turn.engine.place_house(noise_, number, side, price_of(price), size,
                                                      Rest::Yes, turn.now, turn.faults, turn.out);
  if (order != 0) market.noise.push_back(order);
}

void OrderFlow::trade_informed(MarketNo number, const MarketFlow& market, Turn& turn) {
  constexpr std::int64_t kGreed = 120;  // 1e-4
  const auto ask = turn.engine.best(number, BookSide::Ask);
  const auto bid = turn.engine.best(number, BookSide::Bid);
  const std::int64_t least = kGreed + fee_per_share(market.fee_rate_ppm, market.fair);
  const Quantity size = shares(random_.between(20, 100));
  if (ask && ask->price.raw() <= market.fair - least) {
    turn.engine.place_house(informed_, number, BookSide::Bid, ask->price,
                            std::min(size, ask->quantity), Rest::No, turn.now, turn.faults,
                            turn.out);
  } else if (bid && bid->price.raw() >= market.fair + least) {
    turn.engine.place_house(informed_, number, BookSide::Ask, bid->price,
                            std::min(size, bid->quantity), Rest::No, turn.now, turn.faults,
                            turn.out);
  }
}

// An outside order whose price is wrong by more than the fee is taken at once.
void OrderFlow::pick_off_outside(MarketNo number, const MarketFlow& market, Turn& turn) {
  const std::int64_t fee = fee_per_share(market.fee_rate_ppm, market.fair);
  for (const BookSide side : {BookSide::Bid, BookSide::Ask}) {
    const auto offer = turn.engine.best_outside(number, side);
    if (!offer) continue;
    const std::int64_t wrong =
        side == BookSide::Bid ? offer->price.raw() - market.fair : market.fair - offer->price.raw();
    if (wrong <= fee) continue;
    const BookSide taker = side == BookSide::Bid ? BookSide::Ask : BookSide::Bid;
    turn.engine.place_house(informed_, number, taker, offer->price, offer->quantity, Rest::No,
                            turn.now, turn.faults, turn.out);
  }
}

}  // namespace polybot::venue_simulator
