#include "services/venue-simulator/core/crowd/broad_flow.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "services/venue-simulator/core/crowd/flow_terms.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Duration;
using domain::Money;
using domain::Price;
using domain::Timestamp;
using Rest = MatchingEngine::Rest;

namespace {

constexpr std::array<std::uint32_t, 9> kFamilySizes = {2, 3, 4, 5, 8, 12, 20, 50, 100};
// Outcomes this small or smaller are priced on the fine grid.
constexpr std::uint32_t kCoarseOutcomesMax = 8;
constexpr std::uint64_t kIdsPerEvent = 128;
// Of the markets that others look at, and of all others.
constexpr std::uint32_t kDeepMarkets = 10'000;
constexpr std::size_t kDeepLevels = 20;
constexpr std::size_t kThinLevels = 4;
constexpr std::int64_t kTradesPpm = 20'000;      // of all steps
constexpr std::int64_t kBestMovesPpm = 120'000;  // of the changes
constexpr std::array<std::string_view, 6> kCategories = {"politics", "sports",  "crypto",
                                                         "economy",  "culture", "weather"};

std::string_view category_of(std::uint64_t event) {
  return kCategories[static_cast<std::size_t>(splitmix64(event) % kCategories.size())];
}

}  // namespace

// ---- the world

void BroadFlow::begin(const FlowSettings& settings, std::uint32_t markets, MatchingEngine& engine,
                      FaultBoard& faults, Timestamp now, Outputs& out) {
  settings_ = settings;
  random_ = Random(splitmix64(settings.seed ^ 0x62726F6164ULL));
  Turn turn{now, engine, faults, out};
  maker_ = engine.open_house_account();
  taker_ = engine.open_house_account();
  plan(markets, now);
  find_again();
  for (std::uint32_t i = 0; i < events_.size(); ++i) list(i, turn);
  next_step_ = now;
}

// After each family as many markets that stand alone. The last family is as large as there is room.
void BroadFlow::plan(std::uint32_t markets, Timestamp now) {
  std::size_t next_size = 0;
  std::uint32_t planned = 0;
  const auto add = [&](std::uint32_t outcomes) {
    events_.push_back(
        {.first = planned,
         .outcomes = outcomes,
         .generation = 0,
         .ends_at = now + random_.between(settings_.long_life, 2 * settings_.long_life)});
    planned += outcomes;
  };
  while (planned < markets) {
    const std::uint32_t size =
        std::min(kFamilySizes[next_size++ % kFamilySizes.size()], markets - planned);
    add(size);
    for (std::uint32_t i = 0; i < size && planned < markets; ++i) add(1);
  }
  places_.resize(planned);
  for (std::uint32_t i = 0; i < events_.size(); ++i) {
    for (std::uint32_t j = 0; j < events_[i].outcomes; ++j) places_[events_[i].first + j].event = i;
  }
}

void BroadFlow::find_again() {
  by_rank_.resize(places_.size());
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    by_rank_.at(rank_of(i)) = i;
    if (places_[i].market.value != 0) place_of_market_[places_[i].market.value] = i;
  }
  for (std::uint32_t i = 0; i < events_.size(); ++i) ends_.emplace(events_[i].ends_at, i);
}

bool BroadFlow::restore() {
  const auto whole = [&](const Event& event) {
    return event.first <= places_.size() && event.outcomes <= places_.size() - event.first;
  };
  const auto sound = [&](const Place& place) {
    return place.event < events_.size() && !place.bids.empty() && !place.asks.empty();
  };
  if (events_.empty() || places_.empty() || !std::ranges::all_of(events_, whole) ||
      !std::ranges::all_of(places_, sound))
    return false;
  ends_.clear();
  place_of_market_.clear();
  find_again();
  return true;
}

// A permutation: neighbours are far apart in rank, as the outcomes of one event are.
std::uint32_t BroadFlow::rank_of(std::uint32_t place) const {
  const auto count = static_cast<std::uint64_t>(places_.size());
  std::uint64_t factor = 7'919;
  while (std::gcd(factor, count) != 1) ++factor;
  return static_cast<std::uint32_t>((place * factor + settings_.seed % count) % count);
}

std::size_t BroadFlow::depth_of(std::uint32_t place) const {
  return rank_of(place) < kDeepMarkets ? kDeepLevels : kThinLevels;
}

void BroadFlow::list(std::uint32_t number, Turn& turn) {
  Event& event = events_[number];
  ++event.generation;
  ++listed_;
  const Timestamp resolves_at =
      event.ends_at + random_.between(settings_.resolve_after_min, settings_.resolve_after_max);
  std::int64_t left = kOne;
  for (std::uint32_t i = 0; i < event.outcomes; ++i) {
    Place& place = places_[event.first + i];
    place.tick = event.outcomes > kCoarseOutcomesMax ? 10 : 100;
    // The outcomes of an event share what is sure. Half of each part is even, half is drawn.
    const std::int64_t even = left / (event.outcomes - i);
    const bool last = i + 1 == event.outcomes;
    place.fair = event.outcomes == 1 ? random_.between(1'000, 9'000)
                 : last              ? left
                                     : random_.between(even / 2, even * 3 / 2);
    left -= place.fair;
    Listing listing = describe(number, i);
    listing.resolves_at = resolves_at;
    listing.market.tick = Price::from_raw(place.tick);
    place.market = turn.engine.list_market(std::move(listing), turn.now, turn.out);
    place_of_market_[place.market.value] = event.first + i;
    const std::size_t depth = depth_of(event.first + i);
    place.bids.assign(depth, 0);
    place.asks.assign(depth, 0);
    for (std::size_t level = 0; level < depth; ++level) {
      quote(place, BookSide::Bid, level, turn);
      quote(place, BookSide::Ask, level, turn);
    }
  }
}

Listing BroadFlow::describe(std::uint32_t number, std::uint32_t index) const {
  const Event& event = events_[number];
  const std::string again = event.generation > 1 ? "-" + std::to_string(event.generation) : "";
  const bool alone = event.outcomes == 1;
  Listing listing;
  domain::Market& market = listing.market;
  listing.event_title =
      (alone ? "Will it happen? No. " : "Which one will it be? No. ") + std::to_string(number + 1);
  market.event_slug = (alone ? "question-" : "contest-") + std::to_string(number + 1) + again;
  market.slug =
      alone ? market.event_slug : market.event_slug + "-outcome-" + std::to_string(index + 1);
  market.question =
      alone ? listing.event_title : listing.event_title + ": outcome " + std::to_string(index + 1);
  const std::uint64_t id = listed_ * kIdsPerEvent + index;
  market.id = derived_id<domain::MarketId>(settings_.seed, IdKind::Market, id);
  market.yes_token = derived_id<domain::TokenId>(settings_.seed, IdKind::YesToken, id);
  market.no_token = derived_id<domain::TokenId>(settings_.seed, IdKind::NoToken, id);
  market.event = derived_id<domain::EventGroupId>(settings_.seed, IdKind::Event, listed_);
  market.event_market_count = static_cast<std::uint16_t>(event.outcomes);
  market.fee = {category_of(number) == "crypto" ? 70'000 : 0, 1};
  market.neg_risk = !alone;
  market.exchange =
      market.neg_risk ? domain::ExchangeVersion::V2NegRisk : domain::ExchangeVersion::V2;
  market.ends_at = event.ends_at;
  return listing;
}

std::optional<BroadFlow::Facts> BroadFlow::facts(MarketNo market) const {
  const auto found = place_of_market_.find(market.value);
  if (found == place_of_market_.end()) return std::nullopt;
  const std::uint32_t event = places_[found->second].event;
  Facts facts;
  facts.rank = rank_of(found->second);
  // The next rank always has less.
  const std::int64_t tail = BroadFlow::kMarketsMax - std::int64_t{facts.rank};
  facts.volume_24h = Money::from_units(5'000'000 / (std::int64_t{facts.rank} + 1) + tail);
  facts.liquidity = Money::from_units(1'000'000 / (std::int64_t{facts.rank} + 10) + tail / 10);
  facts.category = category_of(event);
  facts.tags = {facts.category, events_[event].outcomes > 1 ? "contest" : "question"};
  return facts;
}

void BroadFlow::read_by_rank(std::uint32_t rank, const std::function<bool(MarketNo)>& use) const {
  for (; rank < by_rank_.size(); ++rank) {
    if (!use(places_[by_rank_[rank]].market)) return;
  }
}

void BroadFlow::end_events(Turn& turn) {
  while (!ends_.empty() && ends_.begin()->first <= turn.now) {
    const std::uint32_t number = ends_.begin()->second;
    ends_.erase(ends_.begin());
    Event& event = events_[number];
    decide(event, turn);
    event.ends_at = turn.now + random_.between(settings_.long_life, 2 * settings_.long_life);
    ends_.emplace(event.ends_at, number);
    list(number, turn);
  }
}

void BroadFlow::decide(const Event& event, Turn& turn) {
  constexpr domain::Payout kYes{domain::kPriceOne, {}};
  constexpr domain::Payout kNo{{}, domain::kPriceOne};
  std::int64_t draw = random_.between(0, kOne - 1);
  for (std::uint32_t i = 0; i < event.outcomes; ++i) {
    const Place& place = places_[event.first + i];
    const bool wins = draw >= 0 && draw < place.fair;
    turn.engine.set_payout(place.market, wins ? kYes : kNo);
    draw -= place.fair;
    place_of_market_.erase(place.market.value);
  }
}

// ---- the crowd

void BroadFlow::set_running(bool running, Timestamp now) {
  if (running && !running_) next_step_ = now;
  running_ = running;
}

void BroadFlow::reconfigure(const FlowSettings& settings, Timestamp now) {
  const std::uint64_t seed = settings_.seed;
  settings_ = settings;
  settings_.seed = seed;
  next_step_ = now;
}

std::optional<Timestamp> BroadFlow::next_due() const {
  if (places_.empty()) return std::nullopt;
  const Timestamp ends = ends_.begin()->first;
  const bool moves = running_ && settings_.book_changes_per_second > 0;
  return moves ? std::min(next_step_, ends) : ends;
}

void BroadFlow::run_due(Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out) {
  Turn turn{now, engine, faults, out};
  end_events(turn);
  if (running_ && settings_.book_changes_per_second > 0 && next_step_ <= now) step(turn);
}

// The busiest market changes most: the rank is the cube of a uniform draw.
void BroadFlow::step(Turn& turn) {
  const std::int64_t mean_ns = 1'000'000'000 / settings_.book_changes_per_second;
  next_step_ = turn.now + Duration(random_.between(mean_ns / 2, mean_ns * 3 / 2));
  constexpr std::int64_t kUnit = 1'000;
  const std::int64_t draw = random_.between(0, kUnit - 1);
  const auto count = static_cast<std::int64_t>(by_rank_.size());
  const std::int64_t from = count * (draw * draw * draw) / (kUnit * kUnit * kUnit);
  const std::int64_t to = count * ((draw + 1) * (draw + 1) * (draw + 1)) / (kUnit * kUnit * kUnit);
  const std::int64_t rank = random_.between(from, std::max(from, std::min(to, count) - 1));
  Place& place = places_[by_rank_[static_cast<std::size_t>(rank)]];
  if (random_.chance(kTradesPpm)) {
    trade(place, turn);
  } else {
    change_level(place, turn);
  }
}

void BroadFlow::quote(Place& place, BookSide side, std::size_t level, Turn& turn) {
  const bool bids = side == BookSide::Bid;
  std::uint64_t& order = (bids ? place.bids : place.asks)[level];
  turn.engine.cancel_house(order);
  order = 0;
  const std::int64_t away = place.tick * (static_cast<std::int64_t>(level) + 1);
  const std::int64_t price =
      bids ? floor_to(place.fair - away, place.tick) : ceil_to(place.fair + away, place.tick);
  if (price < place.tick || price > kOne - place.tick) return;
  order = turn.engine.place_house(maker_, place.market, side, price_of(price),
                                  shares(random_.between(20, 500)), Rest::Yes, turn.now,
                                  turn.faults, turn.out);
}

// Another size at a price; now and then the best price goes, and comes back.
void BroadFlow::change_level(Place& place, Turn& turn) {
  const BookSide side = random_.sign() > 0 ? BookSide::Bid : BookSide::Ask;
  auto& orders = side == BookSide::Bid ? place.bids : place.asks;
  if (random_.chance(kBestMovesPpm)) {
    if (orders.front() == 0) return quote(place, side, 0, turn);
    turn.engine.cancel_house(orders.front());
    orders.front() = 0;
    return;
  }
  const auto last = static_cast<std::int64_t>(orders.size()) - 1;
  quote(place, side, static_cast<std::size_t>(random_.between(0, last)), turn);
}

void BroadFlow::trade(const Place& place, Turn& turn) {
  const BookSide side = random_.sign() > 0 ? BookSide::Bid : BookSide::Ask;
  const auto best =
      turn.engine.best(place.market, side == BookSide::Bid ? BookSide::Ask : BookSide::Bid);
  if (!best) return;
  turn.engine.place_house(taker_, place.market, side, best->price, shares(random_.between(1, 15)),
                          Rest::No, turn.now, turn.faults, turn.out);
}

}  // namespace polybot::venue_simulator
