#include "services/venue-simulator/core/order_flow.hpp"

#include <algorithm>
#include <string>

#include "services/venue-simulator/core/identity.hpp"
#include "services/venue-simulator/core/world.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Duration;
using domain::Price;
using domain::Quantity;
using domain::Timestamp;
using Rest = MatchingEngine::Rest;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// Fair values stay inside these, so that every market keeps two sides (1e-4).
constexpr std::int64_t kFairLow = 250;
constexpr std::int64_t kFairHigh = 9'750;
constexpr std::int64_t kOne = 10'000;

// An average action changes about this many hundredths of a book level.
constexpr std::int64_t kChangesPerActionPercent = 190;

constexpr Duration kFirstEpisode = seconds(8);
constexpr Duration kEpisodePauseMin = seconds(2);
constexpr Duration kEpisodePauseMax = seconds(6);
constexpr Duration kEpisodeMin = milliseconds(2'500);
constexpr Duration kEpisodeMax = seconds(6);
constexpr Duration kRacerDelayMin = milliseconds(150);
constexpr Duration kRacerDelayMax = milliseconds(2'500);
constexpr Duration kFirstDrift = seconds(4);
constexpr Duration kDriftPauseMin = seconds(5);
constexpr Duration kDriftPauseMax = seconds(9);
constexpr Duration kDriftMin = seconds(15);
constexpr Duration kDriftMax = seconds(25);
constexpr Duration kSuccessorPause = seconds(5);
constexpr Duration kHalfFirstLife = minutes(3);
constexpr Duration kHalfLife = minutes(10);
constexpr std::size_t kNoiseOrdersMax = 6;

Price price_of(std::int64_t value) { return Price::from_raw(value); }
Quantity shares(std::int64_t whole) { return Quantity::from_units(whole); }

std::int64_t floor_to(std::int64_t value, std::int64_t tick) {
  return value >= 0 ? value - value % tick : -((-value + tick - 1) / tick * tick);
}
std::int64_t ceil_to(std::int64_t value, std::int64_t tick) { return -floor_to(-value, tick); }

// rate x p(1-p) per share, 1e-4.
std::int64_t fee_per_share(std::int64_t rate_ppm, std::int64_t price) {
  return rate_ppm * price / kOne * (kOne - price) / 1'000'000;
}

std::string lower_slug(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    if (letter) {
      slug.push_back(c);
    } else if (upper) {
      slug.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

std::string period_name(Duration period) {
  const auto whole = std::chrono::duration_cast<seconds>(period).count();
  return whole % 60 == 0 ? std::to_string(whole / 60) + "m" : std::to_string(whole) + "s";
}

}  // namespace

OrderFlow::OrderFlow(const FlowSettings& settings)
    : settings_(settings), random_(splitmix64(settings.seed ^ 0x666C6F77ULL)) {}

void OrderFlow::begin(MatchingEngine& engine, FaultBoard& faults, Timestamp now, Outputs& out) {
  Turn turn{now, engine, faults, out};
  maker_ = engine.open_house_account();
  noise_ = engine.open_house_account();
  informed_ = engine.open_house_account();
  begun_ = true;
  build_series(now);
  for (Series& series : series_) list_next(series, turn);
  next_step_ = now;
  next_episode_ = now + kFirstEpisode;
  next_drift_ = now + kFirstDrift;
}

void OrderFlow::set_running(bool running, MatchingEngine& engine, FaultBoard& faults, Timestamp now,
                            Outputs& out) {
  if (!begun_ || running == running_) return;
  running_ = running;
  if (!running) return;
  Turn turn{now, engine, faults, out};
  next_step_ = now;
  next_episode_ = std::max(next_episode_, now + kEpisodePauseMin);
  next_drift_ = std::max(next_drift_, now);
  for (auto& [number, market] : markets_) refresh_quotes(number, market, turn);
}

void OrderFlow::reconfigure(const FlowSettings& settings, MatchingEngine& engine, FaultBoard& faults,
                            Timestamp now, Outputs& out) {
  const std::uint64_t seed = settings_.seed;
  settings_ = settings;
  settings_.seed = seed;
  Turn turn{now, engine, faults, out};
  // Nothing of the old regime stays behind: no mispricing, no drift, no order placed for no reason.
  for (auto& [number, event] : events_) event.episode = {};
  for (auto& [number, market] : markets_) {
    market.skew = 0;
    market.drift = 0;
    market.belief = market.fair;
    market.fixed = market.shape == Shape::Half && !settings_.edge;
    for (const std::uint64_t order : market.noise) engine.cancel_house(order);
    market.noise.clear();
    if (running_) refresh_quotes(number, market, turn);
  }
}

// ------------------------------------------------------------------------------------------ the world

void OrderFlow::build_series(Timestamp now) {
  const auto add = [this](Shape shape, std::uint32_t theme, std::uint32_t outcomes,
                          std::int64_t fee_rate_ppm, Timestamp first_end) {
    series_.push_back({shape, theme, outcomes, fee_rate_ppm, 0, first_end, first_end});
  };
  const Timestamp far = now + settings_.long_life;
  for (std::uint32_t i = 0; i < world::kBinary.size(); ++i) {
    add(Shape::Binary, i, 1, world::kBinary[i].fee_rate_ppm, far + minutes(7 * i));
  }
  for (std::uint32_t i = 0; i < world::kNegRisk.size(); ++i) {
    add(Shape::NegRisk, i, world::kNegRisk[i].outcomes, world::kNegRisk[i].fee_rate_ppm,
        far + minutes(11 * i + 3));
  }
  add(Shape::Augmented, 0, world::kAugmented.outcomes, world::kAugmented.fee_rate_ppm, far + minutes(5));
  add(Shape::NonExclusive, 0, world::kNonExclusive.outcomes, world::kNonExclusive.fee_rate_ppm,
      far + minutes(6));
  add(Shape::Half, 0, 1, world::kHalf.fee_rate_ppm, now + kHalfFirstLife);
  for (std::uint32_t i = 0; i < world::kUpDown.size(); ++i) {
    // Staggered; the first one ends within 45 s of a start with five-minute markets.
    add(Shape::UpDown, i, 1, 70'000,
        now + settings_.rotate_period * 13 / 100 + settings_.rotate_period * i / 4);
  }
}

void OrderFlow::list_next(Series& series, Turn& turn) {
  const Timestamp ends_at = series.next_end;
  ++series.generation;
  list_event(series, ends_at, turn);
  switch (series.shape) {
    case Shape::UpDown:
      series.next_end = ends_at + settings_.rotate_period;
      series.next_listing = ends_at - std::min<Duration>(seconds(30), settings_.rotate_period / 5);
      break;
    case Shape::Half:
      series.next_end = ends_at + kHalfLife;
      series.next_listing = ends_at + kSuccessorPause;
      break;
    case Shape::Binary:
    case Shape::NegRisk:
    case Shape::Augmented:
    case Shape::NonExclusive:
      series.next_end = ends_at + settings_.long_life;
      series.next_listing = ends_at + kSuccessorPause;
      break;
  }
}

std::vector<std::int64_t> OrderFlow::fair_values(const Series& series) {
  std::vector<std::int64_t> values;
  switch (series.shape) {
    case Shape::Binary:
      values.push_back(random_.between(3'000, 7'000));
      break;
    case Shape::UpDown:
    case Shape::Half:
      values.push_back(5'000);
      break;
    case Shape::NonExclusive:
      for (std::uint32_t i = 0; i < series.outcomes; ++i) values.push_back(random_.between(1'000, 2'200));
      break;
    case Shape::NegRisk:
    case Shape::Augmented: {
      // What the listed outcomes leave to the unlisted ones of an augmented event comes first.
      std::int64_t left = series.shape == Shape::Augmented ? kOne - random_.between(1'200, 2'000) : kOne;
      std::vector<std::int64_t> weights;
      std::int64_t sum = 0;
      for (std::uint32_t i = 0; i < series.outcomes; ++i) {
        weights.push_back(random_.between(12, 40));
        sum += weights.back();
      }
      const std::int64_t all = left;
      for (std::uint32_t i = 0; i + 1 < series.outcomes; ++i) {
        values.push_back(all * weights[i] / sum);
        left -= values.back();
      }
      values.push_back(left);
      break;
    }
  }
  return values;
}

Listing OrderFlow::describe(const Series& series, std::uint32_t event, std::uint32_t index,
                            Timestamp ends_at) const {
  Listing listing;
  domain::Market& market = listing.market;
  const std::string again = series.generation > 1 ? "-" + std::to_string(series.generation) : "";
  const auto family = [&](const world::FamilyTheme& theme) {
    const bool named = index < series.outcomes;
    const std::string name(named ? theme.names[index] : "another city");
    market.event_slug = std::string(theme.slug) + again;
    market.slug = market.event_slug + "-" + lower_slug(name);
    market.question = std::string(theme.title) + " " + name;
    market.placeholder = !named;
    listing.event_title = theme.title;
  };
  const auto single = [&](const world::BinaryTheme& theme) {
    market.event_slug = std::string(theme.slug) + again;
    market.slug = market.event_slug;
    market.question = theme.question;
    listing.event_title = theme.question;
  };
  switch (series.shape) {
    case Shape::Binary: single(world::kBinary[series.theme]); break;
    case Shape::Half: single(world::kHalf); break;
    case Shape::NegRisk: family(world::kNegRisk[series.theme]); break;
    case Shape::Augmented: family(world::kAugmented); break;
    case Shape::NonExclusive: family(world::kNonExclusive); break;
    case Shape::UpDown: {
      const world::UpDownTheme& theme = world::kUpDown[series.theme];
      const auto ends_s = domain::to_unix_ms(ends_at) / 1000;
      market.event_slug = std::string(theme.slug) + "-updown-" +
                          period_name(settings_.rotate_period) + "-" + std::to_string(ends_s) + again;
      market.slug = market.event_slug;
      market.question = std::string(theme.name) + " Up or Down";
      market.yes_label = "Up";
      market.no_label = "Down";
      market.taker_delay = true;
      listing.event_title = market.question;
      break;
    }
  }
  const std::uint64_t number = std::uint64_t{event} * 16 + index;
  market.id = derived_id<domain::MarketId>(settings_.seed, IdKind::Market, number);
  market.yes_token = derived_id<domain::TokenId>(settings_.seed, IdKind::YesToken, number);
  market.no_token = derived_id<domain::TokenId>(settings_.seed, IdKind::NoToken, number);
  market.event = derived_id<domain::EventGroupId>(settings_.seed, IdKind::Event, event);
  market.fee = {series.fee_rate_ppm, 1};
  market.neg_risk = series.shape == Shape::NegRisk || series.shape == Shape::Augmented;
  market.augmented = series.shape == Shape::Augmented;
  market.exchange =
      market.neg_risk ? domain::ExchangeVersion::V2NegRisk : domain::ExchangeVersion::V2;
  market.ends_at = ends_at;
  const bool fine = series.shape == Shape::Binary && series.theme % 4 == 1;
  market.tick = Price::from_raw(fine ? 10 : 100);
  return listing;
}

void OrderFlow::list_event(const Series& series, Timestamp ends_at, Turn& turn) {
  const std::uint32_t number = ++event_count_;
  EventState& event = events_[number];
  event.shape = series.shape;
  event.ends_at = ends_at;
  const std::vector<std::int64_t> values = fair_values(series);
  event.other_value = kOne;
  for (const std::int64_t value : values) event.other_value -= value;
  const Timestamp resolves_at =
      ends_at + random_.between(settings_.resolve_after_min, settings_.resolve_after_max);
  const std::uint32_t count = series.outcomes + (series.shape == Shape::Augmented ? 1 : 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    Listing listing = describe(series, number, i, ends_at);
    listing.market.event_market_count = static_cast<std::uint16_t>(count);
    listing.resolves_at = resolves_at;
    const Price tick = listing.market.tick;
    const MarketNo market = turn.engine.list_market(std::move(listing), turn.now, turn.out);
    event.markets.push_back(market);
    if (i >= series.outcomes) continue;  // nobody quotes an unnamed outcome
    MarketFlow& flow = markets_[market];
    flow.event = number;
    flow.shape = series.shape;
    flow.fee_rate_ppm = series.fee_rate_ppm;
    flow.fair = flow.belief = values[i];
    flow.tick = tick.raw();
    flow.deviation = series.shape == Shape::UpDown ? 35 : 15;
    flow.half_spread = flow.tick == 10 ? random_.between(50, 90) : random_.between(80, 140);
    // Paying one half each is no surprise only if the fair value never left it.
    flow.fixed = series.shape == Shape::Half && !settings_.edge;
  }
  if (!running_) return;
  for (const MarketNo market : event.markets) {
    const auto flow = markets_.find(market);
    if (flow != markets_.end()) refresh_quotes(market, flow->second, turn);
  }
}

void OrderFlow::end_events(Turn& turn) {
  for (auto it = events_.begin(); it != events_.end();) {
    if (it->second.ends_at > turn.now) {
      ++it;
      continue;
    }
    decide(it->second, turn);
    for (const MarketNo market : it->second.markets) markets_.erase(market);
    it = events_.erase(it);
  }
}

void OrderFlow::decide(const EventState& event, Turn& turn) {
  constexpr Price kZero{};
  const domain::Payout yes{domain::kPriceOne, kZero};
  const domain::Payout no{kZero, domain::kPriceOne};
  const bool exclusive = event.shape == Shape::NegRisk || event.shape == Shape::Augmented;
  std::int64_t draw = random_.between(0, kOne - 1);
  for (const MarketNo number : event.markets) {
    if (event.shape == Shape::Half) return;  // the engine pays one half each when nobody decides
    const auto flow = markets_.find(number);
    // The unnamed outcome of an augmented event has what the named ones leave.
    const std::int64_t fair = flow == markets_.end() ? event.other_value : flow->second.fair;
    const bool wins = draw >= 0 && draw < fair;
    turn.engine.set_payout(number, wins ? yes : no);
    draw = exclusive ? draw - fair : random_.between(0, kOne - 1);
  }
}

std::optional<Timestamp> OrderFlow::next_due() const {
  if (!begun_) return std::nullopt;
  Timestamp due = Timestamp::max();
  if (running_) due = next_step_;
  for (const Series& series : series_) due = std::min(due, series.next_listing);
  for (const auto& [number, event] : events_) due = std::min(due, event.ends_at);
  for (const Jump& jump : jumps_) due = std::min(due, jump.back_at);
  return due;
}

void OrderFlow::run_due(Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out) {
  Turn turn{now, engine, faults, out};
  end_events(turn);
  for (Series& series : series_) {
    if (series.next_listing <= now) list_next(series, turn);
  }
  return_jumps(turn);
  if (running_ && next_step_ <= now) step(turn);
}

// ------------------------------------------------------------------------------------------- the crowd

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

// A step is taken only when its opposite could be taken as well: that keeps the walk inside its bounds
// and a martingale at the same time. What one outcome of a neg-risk event gains another one loses.
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

// Without an edge makers know the fair value as soon as it is true, and informed takers trade at once.
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

// --------------------------------------------------------------------------------------------- makers

Price OrderFlow::quote_price(const MarketFlow& market, BookSide side, int level) const {
  const std::int64_t middle = market.belief + market.skew;
  const std::int64_t away = market.half_spread + level * std::max<std::int64_t>(market.tick, 40);
  const std::int64_t price = side == BookSide::Bid ? floor_to(middle - away, market.tick)
                                                   : ceil_to(middle + away, market.tick);
  const bool possible = price >= market.tick && price <= kOne - market.tick;
  return price_of(possible ? price : 0);  // 0: no quote at this level
}

// All that is out of place goes first, so that makers never trade with themselves.
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

// Near the ends the venue lets prices be finer.
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

// ---------------------------------------------------------------------------------------------- takers

void OrderFlow::trade_noise(MarketNo number, const MarketFlow& market, Turn& turn) {
  // Those who trade for no reason follow a trend when there is one.
  int direction = random_.sign();
  if (market.drift != 0 && random_.chance(700'000)) direction = market.drift > 0 ? 1 : -1;
  const BookSide side = direction > 0 ? BookSide::Bid : BookSide::Ask;
  const auto best =
      turn.engine.best(number, side == BookSide::Bid ? BookSide::Ask : BookSide::Bid);
  if (!best) return;
  const Quantity size = shares(random_.between(5, 60));
  turn.engine.place_house(noise_, number, side, best->price, size, Rest::No, turn.now, turn.faults,
                          turn.out);
}

void OrderFlow::rest_noise(MarketNo number, MarketFlow& market, Turn& turn) {
  std::erase_if(market.noise, [&](std::uint64_t order) {
    return turn.engine.house_leaves(order).is_zero();
  });
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
                            std::min(size, ask->quantity), Rest::No, turn.now, turn.faults, turn.out);
  } else if (bid && bid->price.raw() >= market.fair + least) {
    turn.engine.place_house(informed_, number, BookSide::Ask, bid->price,
                            std::min(size, bid->quantity), Rest::No, turn.now, turn.faults, turn.out);
  }
}

// Whatever an outside account offers at a price that is wrong by more than the fee is taken at once.
void OrderFlow::pick_off_outside(MarketNo number, const MarketFlow& market, Turn& turn) {
  const std::int64_t fee = fee_per_share(market.fee_rate_ppm, market.fair);
  for (const BookSide side : {BookSide::Bid, BookSide::Ask}) {
    const auto offer = turn.engine.best_outside(number, side);
    if (!offer) continue;
    const std::int64_t wrong = side == BookSide::Bid ? offer->price.raw() - market.fair
                                                     : market.fair - offer->price.raw();
    if (wrong <= fee) continue;
    const BookSide taker = side == BookSide::Bid ? BookSide::Ask : BookSide::Bid;
    turn.engine.place_house(informed_, number, taker, offer->price, offer->quantity, Rest::No,
                            turn.now, turn.faults, turn.out);
  }
}

// -------------------------------------------------------------------------------------------- episodes

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

// The makers of the event agree on something impossible: all outcomes too cheap, or all too dear.
void OrderFlow::start_episode(EventState& event, Turn& turn) {
  const int direction = random_.sign();
  event.episode = {true, turn.now + random_.between(kEpisodeMin, kEpisodeMax),
                   turn.now + random_.between(kRacerDelayMin, kRacerDelayMax), direction};
  for (const MarketNo number : event.markets) {
    MarketFlow& market = markets_.at(number);
    market.belief = market.fair;
    market.skew = direction * (market.half_spread + market.tick * 3 / 4 +
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

// A competitor takes one leg of what everybody can see.
void OrderFlow::race(const EventState& event, Turn& turn) {
  const auto index = random_.between(0, static_cast<std::int64_t>(event.markets.size()) - 1);
  const MarketNo number = event.markets[static_cast<std::size_t>(index)];
  const bool buys = event.episode.direction < 0;
  const auto best = turn.engine.best(number, buys ? BookSide::Ask : BookSide::Bid);
  if (!best) return;
  const Quantity size = std::min(best->quantity, shares(random_.between(10, 60)));
  turn.engine.place_house(informed_, number, buys ? BookSide::Bid : BookSide::Ask, best->price, size,
                          Rest::No, turn.now, turn.faults, turn.out);
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
