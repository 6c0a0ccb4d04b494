#include "services/venue-simulator/core/crowd/mirror.hpp"

#include <algorithm>
#include <set>

namespace polybot::venue_simulator {

using domain::MarketStatus;
using domain::Quantity;
using domain::Timestamp;
using Rest = MatchingEngine::Rest;

namespace {

// Longer than a trade and its decrease are apart.
constexpr domain::Duration kSettleAfter = std::chrono::milliseconds(1'100);

constexpr Quantity whole_lots(Quantity quantity) {
  return Quantity::from_raw(quantity.raw() - quantity.raw() % kLot.raw());
}

const domain::TokenId& token_of(const RecordedEvent& event) {
  return std::visit([](const auto& body) -> const domain::TokenId& { return body.token; }, event);
}

}  // namespace

// A market whose terms cannot be read has a fee that nobody knows: it takes no orders here.
void Mirror::follow(domain::Market market, Timestamp now, MatchingEngine& engine,
                    FaultBoard& faults, Outputs& out) {
  const auto number = engine.find_market(market.id);
  if (!number) return;
  if (market.status == MarketStatus::ReduceOnly) market.status = MarketStatus::Paused;
  const bool takes_orders = domain::accepts_orders(market.status);
  if (takes_orders && !engine.is_open(*number)) halted_[*number] = market.status;
  if (!takes_orders) halted_.erase(*number);
  if (halted(*number)) market.status = MarketStatus::Paused;
  engine.follow_record(market, now, faults, out);
  if (!domain::over(market.status)) return;
  books_.forget(*number);
  settle_at_.erase(*number);
  std::erase_if(taken_, [&](const auto& taken) { return taken.first.market == *number; });
}

void Mirror::set_status(MarketNo market, MarketStatus status, const Turn& turn) {
  const Listing* listing = turn.engine.listing(market);
  if (listing == nullptr) return;
  domain::Market definition = listing->market;
  definition.status = status;
  turn.engine.follow_record(definition, turn.now, turn.faults, turn.out);
}

void Mirror::halt(MarketNo market, const Turn& turn) {
  if (!turn.engine.is_open(market)) return;
  halted_[market] = MarketStatus::Active;
  set_status(market, MarketStatus::Paused, turn);
}

void Mirror::halt(const std::vector<domain::MarketId>& markets, Timestamp now,
                  MatchingEngine& engine, FaultBoard& faults, Outputs& out) {
  for (const domain::MarketId& id : markets) {
    if (const auto market = engine.find_market(id)) halt(*market, {now, engine, faults, out});
  }
}

void Mirror::halt_all(Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out) {
  for (const MarketNo market : engine.markets()) halt(market, {now, engine, faults, out});
}

void Mirror::set_running(bool running, Timestamp now, MatchingEngine& engine, FaultBoard& faults,
                         Outputs& out) {
  running_ = running;
  if (!running) halt_all(now, engine, faults, out);
}

void Mirror::resume(MarketNo market, const Turn& turn) {
  const auto found = halted_.find(market);
  if (found == halted_.end()) return;
  const MarketStatus said = found->second;
  halted_.erase(found);
  set_status(market, said, turn);
}

bool Mirror::reaches_outside(const RecordedTrade& trade, const MatchingEngine& engine) {
  const auto place = engine.find_token(trade.token);
  if (!place) return false;
  const domain::Price price = domain::yes_price(place->outcome, trade.price);
  const bool buys = domain::yes_side(place->outcome, trade.side) == domain::Side::Buy;
  const auto makers = buys ? domain::BookSide::Ask : domain::BookSide::Bid;
  const auto ours = engine.best_outside(place->market, makers);
  return ours && (buys ? ours->price <= price : ours->price >= price);
}

void Mirror::play(const PlayMirror& moment, Timestamp now, MatchingEngine& engine,
                  FaultBoard& faults, Outputs& out) {
  if (!running_) return;
  const Turn turn{now, engine, faults, out};
  settle_due(turn);
  std::vector<RecordedEvent> events;
  std::set<MarketNo> touched;
  std::set<MarketNo> whole;
  std::set<MarketNo> resumed;
  for (const RecordedEvent& event : moment.events) {
    const auto place = engine.find_token(token_of(event));
    if (!place) continue;
    const bool is_book = std::holds_alternative<RecordedBook>(event);
    if (is_book && halted(place->market)) {
      resume(place->market, turn);
      resumed.insert(place->market);
    }
    // Changes do not join up with a book that is not vouched for.
    if (!engine.is_open(place->market)) continue;
    if (is_book) whole.insert(place->market);
    if (const auto* trade = std::get_if<RecordedTrade>(&event)) {
      if (!reaches_outside(*trade, engine)) continue;
      settle_at_[place->market] = now + kSettleAfter;
    }
    touched.insert(place->market);
    events.push_back(event);
  }
  for (const Replay::Met& met : books_.step(events, now, engine, faults, out))
    taken_[met.place] += met.quantity;
  for (auto it = taken_.begin(); it != taken_.end();) {
    if (touched.contains(it->first.market))
      it->second = std::min(it->second, books_.shown(it->first));
    it = it->second.is_zero() ? taken_.erase(it) : std::next(it);
  }
  for (const MarketNo market : whole) settle(market, turn);
  for (const MarketNo market : resumed) engine.put_outside_last(market);
}

void Mirror::took(const TradePrinted& trade, const MatchingEngine& engine) {
  const auto market = engine.find_market(trade.market);
  if (!market || engine.accounts()[trade.taker].house) return;
  const bool buys = trade.tick.aggressor == domain::Side::Buy;
  taken_[{*market, buys ? domain::BookSide::Ask : domain::BookSide::Bid, trade.tick.price}] +=
      trade.quantity;
}

void Mirror::settle_due(const Turn& turn) {
  for (auto it = settle_at_.begin(); it != settle_at_.end();) {
    if (it->second > turn.now) {
      ++it;
      continue;
    }
    settle(it->first, turn);
    it = settle_at_.erase(it);
  }
}

void Mirror::settle(MarketNo market, const Turn& turn) {
  if (!turn.engine.is_open(market)) return;
  for (const Place& place : books_.places(market)) settle(place, turn);
}

void Mirror::settle(const Place& place, const Turn& turn) {
  if (!books_.settled(place, turn.now)) return;
  const Quantity shown = books_.shown(place);
  const auto taken = taken_.find(place);
  const Quantity gone = taken == taken_.end() ? Quantity{} : std::min(taken->second, shown);
  const Quantity wanted = whole_lots(shown - gone);
  const auto at_present = [&] {
    return turn.engine.house_at(place.market, place.side, place.price);
  };
  const Quantity present = at_present();
  if (present > wanted) {
    static_cast<void>(
        turn.engine.reduce_house_level(place.market, place.side, place.price, present - wanted));
  } else if (present < wanted) {
    static_cast<void>(turn.engine.place_house(books_.crowd(), place.market, place.side, place.price,
                                              wanted - present, Rest::Yes, turn.now, turn.faults,
                                              turn.out));
    const Quantity met = wanted - at_present();
    if (met >= kLot) taken_[place] = gone + met;
  }
}

}  // namespace polybot::venue_simulator
