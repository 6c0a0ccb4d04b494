#include "services/venue-simulator/core/crowd/order_flow.hpp"

#include <algorithm>
#include <string>

#include "services/venue-simulator/core/crowd/flow_terms.hpp"
#include "services/venue-simulator/core/crowd/world.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::Duration;
using domain::Price;
using domain::Timestamp;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Duration kFirstEpisode = seconds(8);
constexpr Duration kFirstDrift = seconds(4);
constexpr Duration kSuccessorPause = seconds(5);
constexpr Duration kHalfFirstLife = minutes(3);
constexpr Duration kHalfLife = minutes(10);

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

void OrderFlow::reconfigure(const FlowSettings& settings, MatchingEngine& engine,
                            FaultBoard& faults, Timestamp now, Outputs& out) {
  const std::uint64_t seed = settings_.seed;
  settings_ = settings;
  settings_.seed = seed;
  Turn turn{now, engine, faults, out};
  // The old regime ends whole: no mispricing, no drift, no noise order stays.
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

// ---- the world ----------------------------------------------------------------------------------

void OrderFlow::build_series(Timestamp now) {
  const auto add = [this](Shape shape, std::uint32_t theme, std::uint32_t outcomes,
                          std::int64_t fee_rate_ppm, Timestamp first_end) {
    series_.push_back({shape, theme, outcomes, fee_rate_ppm, 0, first_end, first_end});
  };
  // Staggered by minutes. Events of a short life are staggered by less, or they would still be in
  // their first life when others are in their tenth.
  const Duration step = std::min<Duration>(minutes(1), settings_.long_life / 60);
  const Timestamp far = now + settings_.long_life;
  for (std::uint32_t i = 0; i < world::kBinary.size(); ++i) {
    add(Shape::Binary, i, 1, world::kBinary[i].fee_rate_ppm, far + step * 7 * i);
  }
  for (std::uint32_t i = 0; i < world::kNegRisk.size(); ++i) {
    add(Shape::NegRisk, i, world::kNegRisk[i].outcomes, world::kNegRisk[i].fee_rate_ppm,
        far + step * (11 * i + 3));
  }
  add(Shape::Augmented, 0, world::kAugmented.outcomes, world::kAugmented.fee_rate_ppm,
      far + step * 5);
  add(Shape::NonExclusive, 0, world::kNonExclusive.outcomes, world::kNonExclusive.fee_rate_ppm,
      far + step * 6);
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
      for (std::uint32_t i = 0; i < series.outcomes; ++i)
        values.push_back(random_.between(1'000, 2'200));
      break;
    case Shape::NegRisk:
    case Shape::Augmented: {
      // What the listed outcomes leave to the unlisted ones of an augmented event comes first.
      std::int64_t left =
          series.shape == Shape::Augmented ? kOne - random_.between(1'200, 2'000) : kOne;
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
    case Shape::Binary:
      single(world::kBinary[series.theme]);
      break;
    case Shape::Half:
      single(world::kHalf);
      break;
    case Shape::NegRisk:
      family(world::kNegRisk[series.theme]);
      break;
    case Shape::Augmented:
      family(world::kAugmented);
      break;
    case Shape::NonExclusive:
      family(world::kNonExclusive);
      break;
    case Shape::UpDown: {
      const world::UpDownTheme& theme = world::kUpDown[series.theme];
      const auto ends_s = domain::to_unix_ms(ends_at) / 1000;
      market.event_slug = std::string(theme.slug) + "-updown-" +
                          period_name(settings_.rotate_period) + "-" + std::to_string(ends_s) +
                          again;
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
    if (i >= series.outcomes) continue;  // an unnamed outcome has no quotes
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
    if (event.shape == Shape::Half) return;  // the engine pays one half each by default
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

}  // namespace polybot::venue_simulator
