// What moves fair values: the walk, drifts, jumps, and the episodes in which an event is mispriced.
#include <algorithm>

#include "services/venue-simulator/core/crowd/flow_terms.hpp"
#include "services/venue-simulator/core/crowd/order_flow.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Duration;
using domain::Price;
using domain::Quantity;
using domain::Timestamp;
using Rest = MatchingEngine::Rest;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// An average action changes about this many hundredths of a book level.
constexpr std::int64_t kChangesPerActionPercent = 190;
constexpr Duration kEpisodePauseMax = seconds(6);
constexpr Duration kEpisodeMin = milliseconds(2'500);
constexpr Duration kEpisodeMax = seconds(6);
constexpr Duration kRacerDelayMin = milliseconds(150);
constexpr Duration kRacerDelayMax = milliseconds(2'500);
constexpr Duration kDriftPauseMin = seconds(5);
constexpr Duration kDriftPauseMax = seconds(9);
constexpr Duration kDriftMin = seconds(15);
constexpr Duration kDriftMax = seconds(25);

}  // namespace

void OrderFlow::step(Turn& turn) {
  ++steps_;
  const std::int64_t mean_ns =
      1'000'000'000 * kChangesPerActionPercent / (100 * settings_.book_changes_per_second);
  next_step_ = turn.now + Duration(random_.between(mean_ns / 2, mean_ns * 3 / 2));
  if (markets_.empty()) return;
  const MarketNo number = pick_market(turn.now);
  if (!settings_.edge) {
    act_without_edge(number, turn);
    return;
  }
  manage_episodes(turn);
  if (turn.now >= next_drift_) start_drift(turn.now);
  act(number, turn);
}

// Drifting markets are busier than others.
MarketNo OrderFlow::pick_market(Timestamp now) {
  if (random_.chance(150'000)) {
    for (const auto& [number, market] : markets_) {
      if (market.drift != 0 && now < market.drift_until && random_.chance(500'000)) return number;
    }
  }
  const auto index = random_.between(0, static_cast<std::int64_t>(markets_.size()) - 1);
  return std::next(markets_.begin(), index)->first;
}

void OrderFlow::act(MarketNo number, Turn& turn) {
  MarketFlow& market = markets_.at(number);
  const std::int64_t roll = random_.between(0, 99);
  if (roll < 40) {
    // Makers learn half of what they do not know yet.
    market.belief += (market.fair - market.belief + random_.sign()) / 2;
    refresh_quotes(number, market, turn);
  } else if (roll < 62) {
    move_fair_value(number, market, turn);
  } else if (roll < 78) {
    rest_noise(number, market, turn);
  } else if (roll < 91) {
    trade_noise(number, market, turn);
  } else {
    trade_informed(number, market, turn);
  }
}

void OrderFlow::act_without_edge(MarketNo number, Turn& turn) {
  MarketFlow& market = markets_.at(number);
  if (random_.chance(400'000)) {
    jitter(number, market, turn);
  } else {
    move_fair_value(number, market, turn);
  }
  pick_off_outside(number, market, turn);
}

OrderFlow::MarketFlow* OrderFlow::partner_of(MarketNo number) {
  const EventState& event = events_.at(markets_.at(number).event);
  if (event.shape != Shape::NegRisk && event.shape != Shape::Augmented) return nullptr;
  std::vector<MarketFlow*> others;
  for (const MarketNo other : event.markets) {
    const auto found = markets_.find(other);
    if (other != number && found != markets_.end()) others.push_back(&found->second);
  }
  return others[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(others.size()) - 1))];
}

// A step is taken only when its opposite could be taken as well. That keeps the walk inside its
// bounds and a martingale at the same time. What one outcome of a neg-risk event gains, another one
// loses.
void OrderFlow::move_fair_value(MarketNo number, MarketFlow& market, Turn& turn) {
  if (market.fixed) return;
  std::int64_t deviation = market.deviation;
  if (market.shape == Shape::UpDown) {
    const Duration left = events_.at(market.event).ends_at - turn.now;
    if (left < settings_.rotate_period / 4) deviation *= 2;
  }
  const std::int64_t by = random_.bell(deviation);
  const std::int64_t size = by < 0 ? -by : by;
  const auto inside = [size](const MarketFlow& flow) {
    return flow.fair - size >= kFairLow && flow.fair + size <= kFairHigh;
  };
  MarketFlow* partner = partner_of(number);
  if (inside(market) && (partner == nullptr || inside(*partner))) {
    market.fair += by;
    if (partner != nullptr) partner->fair -= by;
  }
  if (settings_.edge && market.drift != 0) {
    const std::int64_t drifted = market.fair + market.drift;
    if (turn.now >= market.drift_until || drifted < kFairLow || drifted > kFairHigh) {
      market.drift = 0;
    } else {
      market.fair = drifted;
    }
  }
  if (settings_.edge) return;
  for (const MarketNo sibling : events_.at(market.event).markets) settle_quotes(sibling, turn);
}

// Without an edge makers know the fair value as soon as it is true, and informed takers trade at
// once.
void OrderFlow::settle_quotes(MarketNo number, Turn& turn) {
  const auto found = markets_.find(number);
  if (found == markets_.end() || found->second.belief == found->second.fair) return;
  found->second.belief = found->second.fair;
  refresh_quotes(number, found->second, turn);
  pick_off_outside(number, found->second, turn);
}

bool OrderFlow::shift(MarketNo number, std::int64_t by) {
  const auto found = markets_.find(number);
  if (found == markets_.end()) return false;
  const auto fits = [](const MarketFlow& flow, std::int64_t change) {
    return flow.fair + change >= kFairLow && flow.fair + change <= kFairHigh;
  };
  MarketFlow& market = found->second;
  const EventState& event = events_.at(market.event);
  if (event.shape != Shape::NegRisk && event.shape != Shape::Augmented) {
    if (!fits(market, by)) return false;
    market.fair += by;
    return true;
  }
  for (const MarketNo other : event.markets) {
    const auto partner = markets_.find(other);
    if (other == number || partner == markets_.end()) continue;
    if (!fits(market, by) || !fits(partner->second, -by)) continue;
    market.fair += by;
    partner->second.fair -= by;
    return true;
  }
  return false;
}

void OrderFlow::jump(MarketNo market, Price size, Timestamp back_at, Timestamp now,
                     MatchingEngine& engine, FaultBoard& faults, Outputs& out) {
  Turn turn{now, engine, faults, out};
  std::int64_t by = size.raw();
  if (!shift(market, by)) {
    by = -by;
    if (!shift(market, by)) return;
  }
  jumps_.push_back({back_at, market, -by});
  const std::vector<MarketNo> siblings = events_.at(markets_.at(market).event).markets;
  for (const MarketNo sibling : siblings) settle_quotes(sibling, turn);
}

void OrderFlow::return_jumps(Turn& turn) {
  for (std::size_t i = 0; i < jumps_.size();) {
    if (jumps_[i].back_at > turn.now) {
      ++i;
      continue;
    }
    const Jump jump = jumps_[i];
    jumps_.erase(jumps_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!shift(jump.market, jump.size)) continue;
    const std::vector<MarketNo> siblings = events_.at(markets_.at(jump.market).event).markets;
    for (const MarketNo sibling : siblings) settle_quotes(sibling, turn);
  }
}

std::optional<Price> OrderFlow::fair_value(MarketNo market) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return std::nullopt;
  return price_of(found->second.fair);
}

// ---- episodes -----------------------------------------------------------------------------------

void OrderFlow::manage_episodes(Turn& turn) {
  std::vector<EventState*> candidates;
  for (auto& [number, event] : events_) {
    if (event.shape != Shape::NegRisk) continue;
    if (!event.episode.on) {
      if (event.ends_at - turn.now > kEpisodeMax * 2) candidates.push_back(&event);
      continue;
    }
    if (turn.now >= event.episode.until) {
      end_episode(event, turn);
    } else if (turn.now >= event.episode.racers_from && random_.chance(50'000)) {
      race(event, turn);
    }
  }
  if (turn.now < next_episode_ || candidates.empty()) return;
  next_episode_ = turn.now + random_.between(kEpisodePauseMin, kEpisodePauseMax);
  const auto index = random_.between(0, static_cast<std::int64_t>(candidates.size()) - 1);
  start_episode(*candidates[static_cast<std::size_t>(index)], turn);
}

// The makers of the event agree on impossible prices: all outcomes too cheap, or all too dear.
void OrderFlow::start_episode(EventState& event, Turn& turn) {
  const int direction = random_.sign();
  event.episode = {true, turn.now + random_.between(kEpisodeMin, kEpisodeMax),
                   turn.now + random_.between(kRacerDelayMin, kRacerDelayMax), direction};
  for (const MarketNo number : event.markets) {
    MarketFlow& market = markets_.at(number);
    market.belief = market.fair;
    market.skew =
        direction * (market.half_spread + market.tick * 3 / 4 +
                     fee_per_share(market.fee_rate_ppm, market.fair) + random_.between(30, 60));
  }
  for (const MarketNo number : event.markets) refresh_quotes(number, markets_.at(number), turn);
}

void OrderFlow::end_episode(EventState& event, Turn& turn) {
  event.episode = {};
  for (const MarketNo number : event.markets) {
    MarketFlow& market = markets_.at(number);
    market.skew = 0;
    market.belief = market.fair;
    refresh_quotes(number, market, turn);
  }
}

// A competitor takes one leg of the visible mispricing.
void OrderFlow::race(const EventState& event, Turn& turn) {
  const auto index = random_.between(0, static_cast<std::int64_t>(event.markets.size()) - 1);
  const MarketNo number = event.markets[static_cast<std::size_t>(index)];
  const bool buys = event.episode.direction < 0;
  const auto best = turn.engine.best(number, buys ? BookSide::Ask : BookSide::Bid);
  if (!best) return;
  const Quantity size = std::min(best->quantity, shares(random_.between(10, 60)));
  turn.engine.place_house(informed_, number, buys ? BookSide::Bid : BookSide::Ask, best->price,
                          size, Rest::No, turn.now, turn.faults, turn.out);
}

void OrderFlow::start_drift(Timestamp now) {
  next_drift_ = now + random_.between(kDriftPauseMin, kDriftPauseMax);
  std::vector<MarketFlow*> candidates;
  for (auto& [number, market] : markets_) {
    const bool alone = market.shape == Shape::Binary || market.shape == Shape::NonExclusive ||
                       market.shape == Shape::UpDown;
    const bool room = market.fair > 1'500 && market.fair < 8'500;
    const bool lives = events_.at(market.event).ends_at - now > kDriftMax;
    if (alone && room && lives && market.drift == 0) candidates.push_back(&market);
  }
  if (candidates.empty()) return;
  const auto index = random_.between(0, static_cast<std::int64_t>(candidates.size()) - 1);
  MarketFlow& market = *candidates[static_cast<std::size_t>(index)];
  int direction = random_.sign();
  if (market.fair < 3'500) direction = 1;
  if (market.fair > 6'500) direction = -1;
  market.drift = direction * random_.between(18, 32);
  market.drift_until = now + random_.between(kDriftMin, kDriftMax);
}

}  // namespace polybot::venue_simulator
