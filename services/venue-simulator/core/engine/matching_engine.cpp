#include "services/venue-simulator/core/engine/matching_engine.hpp"

#include <algorithm>

#include "services/venue-simulator/core/archive.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::Money;
using domain::Outcome;
using domain::Price;
using domain::Timestamp;

MatchingEngine::MatchingEngine(const EngineSettings& settings)
    : settings_(settings), random_(splitmix64(settings.seed ^ 0x656E67696E65ULL)) {}

void MatchingEngine::reconfigure(const EngineSettings& settings) {
  const std::uint64_t seed = settings_.seed;
  settings_ = settings;
  settings_.seed = seed;
}

// ---- accounts -----------------------------------------------------------------------------------

AccountId MatchingEngine::open_account(const AccountAddress& address, Money deposit) {
  if (const AccountId* known = accounts_.find(address)) return *known;
  return accounts_.open(address, deposit, false);
}

AccountId MatchingEngine::open_house_account() {
  AccountAddress address{};
  const std::uint64_t mixed = splitmix64(settings_.seed ^ accounts_.size() ^ 0x686F757365ULL);
  std::memcpy(address.data(), &mixed, sizeof mixed);
  const AccountId id = accounts_.open(address, Money::from_units(1'000'000'000), true);
  if (!first_house_) first_house_ = id;
  return id;
}

// ---- markets ------------------------------------------------------------------------------------

MarketNo MatchingEngine::list_market(Listing listing, Timestamp now, Outputs& out) {
  const MarketNo number{++market_count_};
  listing.listed_at = now;
  // Unnamed outcomes are listed but cannot be traded.
  listing.market.status =
      listing.market.placeholder ? domain::MarketStatus::Paused : domain::MarketStatus::Active;
  index_market(number, listing.market);
  if (listing.resolves_at != Timestamp{}) {
    POLYBOT_ASSERT(listing.resolves_at > listing.market.ends_at);
    set_timer(listing.market.ends_at, TimerKind::CloseMarket, number.value);
    set_timer(listing.resolves_at, TimerKind::ResolveMarket, number.value);
  }
  out.market.emplace_back(MarketListed{listing.market, now});
  markets_[number].listing = std::move(listing);
  if (market_count_ == 1) set_timer(now + kTidyEvery, TimerKind::Tidy, 0);
  return number;
}

void MatchingEngine::index_market(MarketNo number, const domain::Market& market) {
  market_ids_[market.id] = number;
  tokens_[market.yes_token] = {number, Outcome::Yes};
  tokens_[market.no_token] = {number, Outcome::No};
}

void MatchingEngine::set_payout(MarketNo market, const domain::Payout& payout) {
  const auto found = markets_.find(market);
  if (found != markets_.end()) found->second.payout = payout;
}

void MatchingEngine::change_tick(MarketNo market, Price tick, Timestamp now, Outputs& out) {
  MarketState& state = markets_.at(market);
  domain::Market& definition = state.listing.market;
  if (definition.tick == tick) return;
  // The grid only becomes finer, so resting orders stay valid.
  POLYBOT_ASSERT(definition.tick.raw() % tick.raw() == 0);
  out.market.emplace_back(TickSizeChanged{definition.id, definition.tick, tick, now});
  definition.tick = tick;
}

void MatchingEngine::change_fee(const std::optional<domain::MarketId>& market,
                                std::int64_t rate_ppm) {
  for (auto& [number, state] : markets_) {
    domain::Market& definition = state.listing.market;
    if (market ? definition.id == *market : is_open(number)) definition.fee.rate_ppm = rate_ppm;
  }
}

const Listing* MatchingEngine::listing(MarketNo market) const {
  if (const auto living = markets_.find(market); living != markets_.end()) {
    return &living->second.listing;
  }
  const auto kept = resolved_.find(market);
  return kept == resolved_.end() ? nullptr : &kept->second;
}

std::optional<MarketNo> MatchingEngine::find_market(const domain::MarketId& id) const {
  const auto found = market_ids_.find(id);
  return found == market_ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MatchingEngine::TokenPlace> MatchingEngine::find_token(
    const domain::TokenId& token) const {
  const auto found = tokens_.find(token);
  return found == tokens_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<MarketNo> MatchingEngine::markets() const {
  std::vector<MarketNo> numbers;
  numbers.reserve(resolved_.size() + markets_.size());
  for (const auto& [number, kept] : resolved_) numbers.push_back(number);
  for (const auto& [number, state] : markets_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void MatchingEngine::read_markets(std::uint32_t after,
                                  const std::function<bool(MarketNo)>& use) const {
  auto kept = resolved_.upper_bound(MarketNo{after});
  auto living = markets_.upper_bound(MarketNo{after});
  while (kept != resolved_.end() || living != markets_.end()) {
    const bool is_kept =
        living == markets_.end() || (kept != resolved_.end() && kept->first < living->first);
    if (!use(is_kept ? (kept++)->first : (living++)->first)) return;
  }
}

bool MatchingEngine::is_open(MarketNo market) const {
  const auto found = markets_.find(market);
  return found != markets_.end() &&
         found->second.listing.market.status == domain::MarketStatus::Active;
}

// ---- state --------------------------------------------------------------------------------------

template <class Archive>
void MatchingEngine::fields(Archive& archive) {
  std::map<std::uint64_t, Order> living(orders_.begin(), orders_.end());
  archive(random_, accounts_, markets_, resolved_, living, finished_, trades_, late_, timers_);
  archive(order_count_, trade_count_, timer_count_, late_count_, market_count_, unsettled_,
          first_house_, forgotten_, totals_, rebates_, forgotten_ids_, settings_);
  if constexpr (std::is_same_v<Archive, Loader>) {
    orders_ = {living.begin(), living.end()};
    rebuild_indexes();
  }
}
template void MatchingEngine::fields<Saver>(Saver&);
template void MatchingEngine::fields<Loader>(Loader&);

void MatchingEngine::rebuild_indexes() {
  held_.clear();
  living_ids_.clear();
  finished_ids_.clear();
  market_ids_.clear();
  tokens_.clear();
  touched_markets_.clear();
  for (const auto& [number, order] : orders_) {
    if (!order.house) living_ids_[order.truth.id] = number;
    if (order.state != OrderState::Resting) held_.insert(number);
  }
  for (const auto& [number, order] : finished_) finished_ids_[order.id] = number;
  for (const auto& [number, kept] : resolved_) index_market(number, kept.market);
  for (const auto& [number, state] : markets_) index_market(number, state.listing.market);
}

}  // namespace polybot::venue_simulator
