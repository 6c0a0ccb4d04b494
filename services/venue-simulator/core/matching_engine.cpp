#include "services/venue-simulator/core/matching_engine.hpp"

#include <algorithm>

#include "common/domain/fees.hpp"
#include "services/venue-simulator/core/archive.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Level;
using domain::Money;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using domain::RejectReason;
using domain::Rounding;
using domain::Side;
using domain::TimeInForce;
using domain::Timestamp;
using domain::VenueOrderStatus;
using domain::VenueTradeStatus;

namespace {

constexpr domain::Duration kTidyEvery = std::chrono::minutes(1);
constexpr domain::Duration kRedeemRetry = std::chrono::seconds(1);
constexpr domain::Duration kFailAfterMin = std::chrono::seconds(1);
constexpr domain::Duration kFailAfterMax = std::chrono::seconds(4);
constexpr domain::Duration kLateFillDelay = std::chrono::seconds(2);

constexpr Quantity floor_to_lot(Quantity quantity) {
  return Quantity::from_raw(quantity.raw() - quantity.raw() % kLot.raw());
}

constexpr bool rests(TimeInForce time_in_force) {
  return time_in_force == TimeInForce::Gtc || time_in_force == TimeInForce::Gtd;
}

// Which side of the YES book an order stands on.
constexpr BookSide book_side_of(Outcome outcome, Side side) {
  return (outcome == Outcome::Yes) == (side == Side::Buy) ? BookSide::Bid : BookSide::Ask;
}

constexpr BookSide opposite(BookSide side) {
  return side == BookSide::Bid ? BookSide::Ask : BookSide::Bid;
}

constexpr Price in_terms_of(Outcome outcome, Price price) {
  return outcome == Outcome::Yes ? price : domain::complement(price);
}

// Lots and whole ticks make this exact.
Money exact_notional(Price price, Quantity quantity) {
  return domain::notional(price, quantity, Rounding::HalfAwayFromZero);
}

std::uint64_t short_id(const domain::VenueOrderId& id) {
  std::uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), sizeof word);
  return word;
}

}  // namespace

MatchingEngine::MatchingEngine(const EngineSettings& settings)
    : settings_(settings), random_(splitmix64(settings.seed ^ 0x656E67696E65ULL)) {}

void MatchingEngine::reconfigure(const EngineSettings& settings) {
  const std::uint64_t seed = settings_.seed;
  settings_ = settings;
  settings_.seed = seed;
}

// ------------------------------------------------------------------------------------------ accounts

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

std::optional<AccountId> MatchingEngine::find_account(const AccountAddress& address) const {
  const AccountId* id = accounts_.find(address);
  return id == nullptr ? std::nullopt : std::optional(*id);
}

// ------------------------------------------------------------------------------------------- markets

MarketNo MatchingEngine::list_market(Listing listing, Timestamp now, Outputs& out) {
  const MarketNo number{++market_count_};
  listing.listed_at = now;
  // Unnamed outcomes are listed but cannot be traded.
  listing.market.status =
      listing.market.placeholder ? domain::MarketStatus::Paused : domain::MarketStatus::Active;
  index_market(number, listing.market);
  if (listing.market.ends_at != Timestamp{}) {
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
  // Only to a finer grid: what rests stays valid.
  POLYBOT_ASSERT(definition.tick.raw() % tick.raw() == 0);
  out.market.emplace_back(TickSizeChanged{definition.id, definition.tick, tick, now});
  definition.tick = tick;
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

bool MatchingEngine::is_open(MarketNo market) const {
  const auto found = markets_.find(market);
  return found != markets_.end() &&
         found->second.listing.market.status == domain::MarketStatus::Active;
}

// ------------------------------------------------------------------------------------------ the book

std::vector<Level> MatchingEngine::levels(MarketNo market, BookSide side) const {
  std::vector<Level> levels;
  const auto found = markets_.find(market);
  if (found == markets_.end()) return levels;
  const MarketState& state = found->second;
  if (side == BookSide::Bid) {
    for (const auto& [price, level] : state.bids) levels.push_back({price, level.total});
  } else {
    for (auto it = state.asks.rbegin(); it != state.asks.rend(); ++it) {
      levels.push_back({it->first, it->second.total});
    }
  }
  return levels;
}

std::optional<Level> MatchingEngine::best(MarketNo market, BookSide side) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return std::nullopt;
  const Ladder& ladder = side == BookSide::Bid ? found->second.bids : found->second.asks;
  if (ladder.empty()) return std::nullopt;
  const auto top = side == BookSide::Bid ? std::prev(ladder.end()) : ladder.begin();
  return Level{top->first, top->second.total};
}

Quantity MatchingEngine::quantity_at(MarketNo market, BookSide side, Price price) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return {};
  const Ladder& ladder = side == BookSide::Bid ? found->second.bids : found->second.asks;
  const auto level = ladder.find(price);
  return level == ladder.end() ? Quantity{} : level->second.total;
}

std::optional<Level> MatchingEngine::best_outside(MarketNo market, BookSide side) const {
  const auto found = markets_.find(market);
  if (found == markets_.end()) return std::nullopt;
  const auto outside_at = [this](const auto& entry) {
    Quantity quantity;
    for (const std::uint64_t number : entry.second.queue) {
      const Order& order = orders_.at(number);
      if (!order.house) quantity += order.leaves();
    }
    return quantity.is_positive() ? std::optional(Level{entry.first, quantity}) : std::nullopt;
  };
  if (side == BookSide::Bid) {
    const Ladder& bids = found->second.bids;
    for (auto it = bids.rbegin(); it != bids.rend(); ++it) {
      if (auto level = outside_at(*it)) return level;
    }
  } else {
    for (const auto& entry : found->second.asks) {
      if (auto level = outside_at(entry)) return level;
    }
  }
  return std::nullopt;
}

void MatchingEngine::touch(MarketNo number, MarketState& market, BookSide side, Price price) {
  if (market.touched.empty()) touched_markets_.push_back(number);
  market.touched.emplace_back(side, price);
}

void MatchingEngine::report_changes(Timestamp now, Outputs& out) {
  for (const MarketNo number : touched_markets_) {
    const auto found = markets_.find(number);
    if (found == markets_.end()) continue;
    auto touched = std::exchange(found->second.touched, {});
    if (!is_open(number)) continue;
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    BookChanged changed;
    changed.market = found->second.listing.market.id;
    changed.at = now;
    for (const auto& [side, price] : touched) {
      changed.changes.push_back({side, price, quantity_at(number, side, price)});
    }
    if (const auto bid = best(number, BookSide::Bid)) changed.best_bid = bid->price;
    if (const auto ask = best(number, BookSide::Ask)) changed.best_ask = ask->price;
    out.market.emplace_back(std::move(changed));
  }
  touched_markets_.clear();
}

void MatchingEngine::rest(Order& order) {
  MarketState& market = markets_.at(order.truth.market);
  Ladder& ladder = order.book_side == BookSide::Bid ? market.bids : market.asks;
  BookLevel& level = ladder[order.yes_price];
  level.total += order.leaves();
  level.queue.push_back(order.truth.number);
  touch(order.truth.market, market, order.book_side, order.yes_price);
  if (order.house) return;
  if (order.truth.side == Side::Buy) {
    order.reserved_cash = exact_notional(order.truth.price, order.leaves());
    accounts_.reserve_cash(order.truth.account, order.reserved_cash);
  } else {
    order.reserved_shares = order.leaves();
    accounts_.reserve_shares(order.truth.account, order.truth.market, order.outcome,
                             order.reserved_shares);
  }
}

void MatchingEngine::remove_from_book(const Order& order) {
  MarketState& market = markets_.at(order.truth.market);
  Ladder& ladder = order.book_side == BookSide::Bid ? market.bids : market.asks;
  const auto level = ladder.find(order.yes_price);
  POLYBOT_ASSERT(level != ladder.end());
  level->second.total -= order.leaves();
  std::erase(level->second.queue, order.truth.number);
  if (level->second.queue.empty()) ladder.erase(level);
  touch(order.truth.market, market, order.book_side, order.yes_price);
}

void MatchingEngine::release(Order& order) {
  if (order.house) return;
  if (!order.reserved_cash.is_zero()) {
    accounts_.release_cash(order.truth.account, std::exchange(order.reserved_cash, {}));
  }
  if (!order.reserved_shares.is_zero()) {
    accounts_.release_shares(order.truth.account, order.truth.market, order.outcome,
                             std::exchange(order.reserved_shares, {}));
  }
}

// The order must be off the book already.
void MatchingEngine::finish(std::uint64_t number, VenueOrderStatus status, std::string reason,
                            Turn& turn) {
  const auto found = orders_.find(number);
  Order& order = found->second;
  release(order);
  held_.erase(number);
  if (!order.house) {
    order.truth.status = status;
    order.truth.finished_at = turn.now;
    count_finished(order.truth);
    const auto kind = status == VenueOrderStatus::Matched ? OrderEventKind::Update
                                                          : OrderEventKind::Cancellation;
    report_order(order, kind, status, std::move(reason), turn);
    living_ids_.erase(order.truth.id);
    finished_ids_[order.truth.id] = number;
    finished_[number] = order.truth;
  }
  orders_.erase(found);
}

// --------------------------------------------------------------------------------------- order entry

bool MatchingEngine::seen_before(const domain::VenueOrderId& id) const {
  return living_ids_.contains(id) || finished_ids_.contains(id) ||
         std::binary_search(forgotten_ids_.begin(), forgotten_ids_.end(), short_id(id));
}

std::optional<RejectReason> MatchingEngine::refusal(const NewOrder& order, Timestamp now) const {
  if (seen_before(order.id)) return RejectReason::Duplicated;
  const auto place = find_token(order.token);
  if (!place || !is_open(place->market)) return RejectReason::MarketNotReady;
  const domain::Market& market = markets_.at(place->market).listing.market;
  if (!domain::on_tick(order.limit, market.tick)) return RejectReason::TickSize;
  if (order.post_only && !rests(order.time_in_force)) return RejectReason::InvalidPayload;
  if (order.quantity < kLot || order.cash.is_negative()) return RejectReason::Amounts;
  if (rests(order.time_in_force)) {
    if (order.quantity.raw() % kLot.raw() != 0) return RejectReason::Amounts;
    if (order.quantity < market.min_size) return RejectReason::BelowMinimum;
  }
  if (order.time_in_force == TimeInForce::Gtd &&
      domain::from_unix_ms(order.expiration_s * 1000) - kGtdSecurity <= now) {
    return RejectReason::Expiration;
  }
  return std::nullopt;
}

MatchingEngine::Order MatchingEngine::make_order(AccountId account, const NewOrder& order,
                                                 Timestamp now) {
  const TokenPlace place = *find_token(order.token);
  Order made;
  made.truth = {.number = ++order_count_,
                .account = account,
                .market = place.market,
                .market_id = markets_.at(place.market).listing.market.id,
                .id = order.id,
                .token = order.token,
                .side = order.side,
                .price = order.limit,
                .quantity = order.quantity,
                .matched = {},
                .time_in_force = order.time_in_force,
                .post_only = order.post_only,
                .expiration_s = order.expiration_s,
                .salt = order.salt,
                .status = VenueOrderStatus::Live,
                .created_at = now,
                .finished_at = {}};
  made.outcome = place.outcome;
  made.book_side = book_side_of(place.outcome, order.side);
  made.yes_price = in_terms_of(place.outcome, order.limit);
  made.cash_bound = order.side == Side::Buy ? order.cash : Money{};
  return made;
}

bool MatchingEngine::affordable(const Order& order, const Plan& plan) const {
  if (order.truth.side == Side::Sell) {
    const Holding held =
        accounts_.holding(order.truth.account, order.truth.market, order.outcome);
    return floor_to_lot(order.truth.quantity) <= held.available();
  }
  Money need = plan.cash + plan.fee;
  if (rests(order.truth.time_in_force)) {
    need += exact_notional(order.truth.price, order.truth.quantity - plan.quantity);
  }
  return need <= accounts_[order.truth.account].available() && need <= settings_.allowance;
}

std::optional<RejectReason> MatchingEngine::entry_refusal(const Order& order,
                                                          const Plan& plan) const {
  const bool matches = plan.quantity.is_positive();
  if (order.truth.post_only && matches) return RejectReason::Crosses;
  const bool immediate = !rests(order.truth.time_in_force);
  if (matches || immediate) {
    Money worth = exact_notional(order.truth.price, order.truth.quantity);
    if (order.truth.side == Side::Sell && matches) {
      // A sell is worth what its best counterpart pays, not the least its owner would accept.
      const Price best = in_terms_of(order.outcome, plan.trades.front().yes_price);
      worth = std::max(worth, exact_notional(best, order.truth.quantity));
    }
    if (worth < kMarketableMin) return RejectReason::BelowMinimum;
  }
  if (!affordable(order, plan)) return RejectReason::Balance;
  if (order.truth.time_in_force == TimeInForce::Fok && !plan.complete) return RejectReason::NotFilled;
  if (immediate && !matches) return RejectReason::NotFilled;
  return std::nullopt;
}

SubmitAnswer MatchingEngine::submit(AccountId account, const NewOrder& request, Timestamp now,
                                    FaultBoard& faults, Outputs& out) {
  Turn turn{now, faults, out};
  SubmitAnswer answer{.order = request.id, .outcome = domain::SubmitRejected{}, .making = {}, .taking = {}};
  if (const auto reason = refusal(request, now)) {
    answer.outcome = domain::SubmitRejected{*reason, {}};
    return answer;
  }
  Order order = make_order(account, request, now);
  const Plan planned = plan(order);
  const bool delayed = markets_.at(order.truth.market).listing.market.taker_delay &&
                       !order.truth.post_only &&
                       (planned.quantity.is_positive() || !rests(request.time_in_force));
  if (delayed) return hold(std::move(order), turn);
  if (const auto reason = entry_refusal(order, planned)) {
    answer.outcome = domain::SubmitRejected{*reason, {}};
    return answer;
  }
  const std::uint64_t number = order.truth.number;
  living_ids_[request.id] = number;
  ++totals_[account].orders_accepted;
  const Order& living = orders_.emplace(number, std::move(order)).first->second;
  report_order(living, OrderEventKind::Placement, VenueOrderStatus::Live, {}, turn);
  domain::SubmitAccepted accepted;
  accepted.trades = execute(number, planned, turn);
  if (!accepted.trades.empty()) accepted.state = domain::SubmitAccepted::State::Matched;
  const Money shares = Money::from_raw(planned.quantity.raw());
  answer.making = request.side == Side::Buy ? planned.cash : shares;
  answer.taking = request.side == Side::Buy ? shares : planned.cash;
  answer.outcome = std::move(accepted);
  return answer;
}

// A marketable order in a market with a taker delay: all it could cost is reserved, and it can neither
// match nor be canceled until the delay is over.
SubmitAnswer MatchingEngine::hold(Order order, Turn& turn) {
  SubmitAnswer answer{.order = order.truth.id, .outcome = domain::SubmitRejected{}, .making = {}, .taking = {}};
  const domain::Market& market = markets_.at(order.truth.market).listing.market;
  const Quantity quantity = floor_to_lot(order.truth.quantity);
  const Money worth = exact_notional(order.truth.price, order.truth.quantity);
  if (order.truth.side == Side::Buy && worth < kMarketableMin) {
    answer.outcome = domain::SubmitRejected{RejectReason::BelowMinimum, {}};
    return answer;
  }
  const Price dearest_fee = std::min(order.truth.price, Price::from_raw(5'000));
  const Money need = domain::notional(order.truth.price, quantity, Rounding::Up) +
                     domain::taker_fee(market.fee, dearest_fee, quantity, Rounding::Up) +
                     Money::from_raw(1'000);  // a rounding step for each of up to a hundred trades
  const bool enough =
      order.truth.side == Side::Buy
          ? need <= std::min(accounts_[order.truth.account].available(), settings_.allowance)
          : quantity <= accounts_.holding(order.truth.account, order.truth.market, order.outcome)
                            .available();
  if (!enough) {
    answer.outcome = domain::SubmitRejected{RejectReason::Balance, {}};
    return answer;
  }
  if (order.truth.side == Side::Buy) {
    order.reserved_cash = need;
    accounts_.reserve_cash(order.truth.account, need);
  } else {
    order.reserved_shares = quantity;
    accounts_.reserve_shares(order.truth.account, order.truth.market, order.outcome, quantity);
  }
  order.state = OrderState::Delayed;
  order.truth.status = VenueOrderStatus::Delayed;
  const std::uint64_t number = order.truth.number;
  living_ids_[order.truth.id] = number;
  held_.insert(number);
  ++totals_[order.truth.account].orders_accepted;
  const Order& living = orders_.emplace(number, std::move(order)).first->second;
  report_order(living, OrderEventKind::Placement, VenueOrderStatus::Delayed, {}, turn);
  set_timer(turn.now + settings_.taker_delay, TimerKind::MatchDelayed, number);
  answer.outcome = domain::SubmitAccepted{domain::SubmitAccepted::State::Delayed, {}};
  return answer;
}

void MatchingEngine::match_delayed(std::uint64_t number, Turn& turn) {
  const auto found = orders_.find(number);
  if (found == orders_.end()) return;
  Order& order = found->second;
  release(order);
  held_.erase(number);
  order.state = OrderState::Resting;
  order.truth.status = VenueOrderStatus::Live;
  const Plan planned = plan(order);
  if (const auto reason = entry_refusal(order, planned)) {
    finish(number, VenueOrderStatus::Unmatched,
           order.truth.time_in_force == TimeInForce::Fok
               ? "order couldn't be fully filled. FOK orders are fully filled or killed."
               : "no orders found to match",
           turn);
    return;
  }
  execute(number, planned, turn);
}

std::vector<domain::TradeId> MatchingEngine::execute(std::uint64_t number, const Plan& plan,
                                                     Turn& turn) {
  Order& order = orders_.at(number);
  std::vector<domain::TradeId> trades;
  for (const PlannedTrade& planned : plan.trades) {
    domain::TradeId trade = match_level(order, planned, turn);
    if (!trade.value.empty()) trades.push_back(std::move(trade));
  }
  if (order.leaves().is_zero()) {
    finish(number, VenueOrderStatus::Matched, {}, turn);
    return trades;
  }
  if (!rests(order.truth.time_in_force)) {
    finish(number, VenueOrderStatus::Canceled, {}, turn);
    return trades;
  }
  if (!trades.empty()) {
    report_order(order, OrderEventKind::Update, VenueOrderStatus::Live, {}, turn);
  }
  rest(order);
  if (order.truth.time_in_force == TimeInForce::Gtd) {
    set_timer(domain::from_unix_ms(order.truth.expiration_s * 1000) - kGtdSecurity,
              TimerKind::ExpireOrder, number);
  }
  return trades;
}

void MatchingEngine::submit_later(const SubmitLater& late) {
  const std::uint64_t number = ++late_count_;
  late_.emplace(number, late);
  set_timer(late.due, TimerKind::SubmitLate, number);
}

void MatchingEngine::submit_late(std::uint64_t number, Turn& turn) {
  const auto found = late_.find(number);
  const SubmitLater late = std::move(found->second);
  late_.erase(found);
  for (const NewOrder& order : late.orders) {
    static_cast<void>(submit(late.account, order, turn.now, turn.faults, turn.out));
  }
}

// -------------------------------------------------------------------------------------------- cancels

domain::CancelAnswered MatchingEngine::cancel(AccountId account, const domain::VenueOrderId& id,
                                              Timestamp now, FaultBoard& faults, Outputs& out) {
  using Result = domain::CancelAnswered::Result;
  Turn turn{now, faults, out};
  const auto living = living_ids_.find(id);
  if (living == living_ids_.end()) {
    const auto finished = finished_ids_.find(id);
    if (finished != finished_ids_.end() && finished_.at(finished->second).account == account) {
      return {id, Result::NotCanceled, "order already canceled or matched"};
    }
    return {id, Result::NotFound, "order not found"};
  }
  Order& order = orders_.at(living->second);
  if (order.truth.account != account) return {id, Result::NotFound, "order not found"};
  switch (order.state) {
    case OrderState::Delayed:
      return {id, Result::NotCanceled, "order is delayed and cannot be canceled now"};
    case OrderState::LateFill:
      return {id, Result::NotCanceled, "order already canceled or matched"};
    case OrderState::Resting:
      break;
  }
  remove_from_book(order);
  const FaultSettings* late = faults.active(Fault::LateFill, now, order.truth.market_id);
  if (late != nullptr && random_.chance(late->probability_ppm)) {
    const domain::Duration delay = late->delay.count() > 0 ? late->delay : kLateFillDelay;
    order.state = OrderState::LateFill;
    order.truth.status = VenueOrderStatus::Canceled;
    held_.insert(order.truth.number);
    set_timer(now + delay, TimerKind::FillLate, order.truth.number);
    report_order(order, OrderEventKind::Cancellation, VenueOrderStatus::Canceled, {}, turn);
    faults.used(Fault::LateFill);
  } else {
    finish(order.truth.number, VenueOrderStatus::Canceled, {}, turn);
  }
  return {id, Result::Canceled, {}};
}

void MatchingEngine::cancel_resting(const CancelResting& request, Timestamp now, FaultBoard& faults,
                                    Outputs& out) {
  for (const OrderTruth& order : open_orders(request.account)) {
    if (request.market && order.market_id != *request.market) continue;
    if (request.token && order.token != *request.token) continue;
    if (order.status == VenueOrderStatus::Delayed) continue;
    out.cancels.push_back(cancel(request.account, order.id, now, faults, out));
  }
}

// ------------------------------------------------------------------------------------------- matching

MatchingEngine::Plan MatchingEngine::plan(const Order& taker) const {
  Plan plan;
  const MarketState& market = markets_.at(taker.truth.market);
  Quantity leaves = floor_to_lot(taker.leaves());
  const bool bounded = taker.cash_bound.is_positive();
  Money cash_left = taker.cash_bound;
  const auto take = [&](Price yes_price, const BookLevel& level) {
    const Price price = in_terms_of(taker.outcome, yes_price);
    Quantity quantity = std::min(leaves, level.total);
    if (bounded) {
      const Quantity payable = Quantity::from_raw(domain::mul_div(
          cash_left.raw(), Price::kScale, price.raw(), Rounding::Down));
      quantity = std::min(quantity, floor_to_lot(payable));
    }
    if (!quantity.is_positive()) return false;
    const Money cash = exact_notional(price, quantity);
    plan.trades.push_back({yes_price, quantity});
    plan.quantity += quantity;
    plan.cash += cash;
    plan.fee += domain::taker_fee(market.listing.market.fee, price, quantity,
                                  Rounding::HalfAwayFromZero);
    leaves -= quantity;
    cash_left -= cash;
    return leaves.is_positive();
  };
  if (taker.book_side == BookSide::Bid) {
    for (const auto& [price, level] : market.asks) {
      if (price > taker.yes_price || !take(price, level)) break;
    }
  } else {
    for (auto it = market.bids.rbegin(); it != market.bids.rend(); ++it) {
      if (it->first < taker.yes_price || !take(it->first, it->second)) break;
    }
  }
  const Money one_lot = domain::notional(taker.truth.price, kLot, Rounding::Up);
  plan.complete = leaves.is_zero() || (bounded && cash_left < one_lot);
  return plan;
}

TradeTruth::Party MatchingEngine::party(const Order& order, Quantity quantity) const {
  TradeTruth::Party party{.account = order.truth.account,
                          .order_number = order.truth.number,
                          .order = order.truth.id,
                          .outcome = order.outcome,
                          .side = order.truth.side,
                          .price = order.truth.price,
                          .quantity = quantity,
                          .cash = {}};
  if (order.house) {
    party.order = derived_id<domain::VenueOrderId>(settings_.seed, IdKind::Order, order.truth.number);
    // The crowd only buys; every other order is shown as the sale it amounts to, so that both kinds
    // of maker entry occur.
    if (order.truth.number % 2 == 0) {
      party.outcome = domain::other(party.outcome);
      party.side = domain::opposite(party.side);
      party.price = domain::complement(party.price);
    }
  }
  party.cash = exact_notional(party.price, quantity);
  return party;
}

FillSide MatchingEngine::fill_side(const TradeTruth::Party& party, Money fee) const {
  FillSide side{party.account, party.outcome, party.side, party.quantity, party.cash, fee};
  if (accounts_[party.account].house && side.side == Side::Sell) {
    side.outcome = domain::other(side.outcome);
    side.side = Side::Buy;
    side.cash = Money::from_raw(side.quantity.raw()) - side.cash;
  }
  return side;
}

TradeTruth::Party MatchingEngine::take_from(MarketState& market, Order& maker, Quantity quantity,
                                            Turn& turn) {
  static_cast<void>(turn);
  Ladder& ladder = maker.book_side == BookSide::Bid ? market.bids : market.asks;
  ladder.at(maker.yes_price).total -= quantity;
  maker.truth.matched += quantity;
  if (!maker.house) {
    if (maker.truth.side == Side::Buy) {
      const Money freed = exact_notional(maker.truth.price, quantity);
      maker.reserved_cash -= freed;
      accounts_.release_cash(maker.truth.account, freed);
    } else {
      maker.reserved_shares -= quantity;
      accounts_.release_shares(maker.truth.account, maker.truth.market, maker.outcome, quantity);
    }
  }
  return party(maker, quantity);
}

domain::TradeId MatchingEngine::match_level(Order& taker, const PlannedTrade& planned, Turn& turn) {
  MarketState& market = markets_.at(taker.truth.market);
  const BookSide maker_side = opposite(taker.book_side);
  Ladder& ladder = maker_side == BookSide::Bid ? market.bids : market.asks;
  const Price price = in_terms_of(taker.outcome, planned.yes_price);

  TradeTruth trade;
  trade.market = taker.truth.market;
  trade.market_id = market.listing.market.id;
  trade.taker = party(taker, planned.quantity);
  // The taker gets the makers' price, however its own side is shown.
  trade.taker.price = in_terms_of(trade.taker.outcome, planned.yes_price);
  trade.taker.cash = exact_notional(trade.taker.price, planned.quantity);
  trade.fee = domain::taker_fee(market.listing.market.fee, price, planned.quantity,
                                Rounding::HalfAwayFromZero);
  BookLevel& level = ladder.at(planned.yes_price);
  Quantity wanted = planned.quantity;
  std::vector<std::uint64_t> makers;
  for (const std::uint64_t number : level.queue) {
    Order& maker = orders_.at(number);
    const Quantity quantity = std::min(wanted, maker.leaves());
    trade.makers.push_back(take_from(market, maker, quantity, turn));
    makers.push_back(number);
    wanted -= quantity;
    if (wanted.is_zero()) break;
  }
  POLYBOT_ASSERT(wanted.is_zero());
  taker.truth.matched += planned.quantity;
  touch(taker.truth.market, market, maker_side, planned.yes_price);
  const domain::TradeId id = record_trade(market, std::move(trade), turn);
  for (const std::uint64_t number : makers) {
    const Order& maker = orders_.at(number);
    if (maker.leaves().is_zero()) {
      std::erase(level.queue, number);
      finish(number, VenueOrderStatus::Matched, {}, turn);
    } else if (!maker.house) {
      report_order(maker, OrderEventKind::Update, VenueOrderStatus::Live, {}, turn);
    }
  }
  if (level.queue.empty()) ladder.erase(planned.yes_price);
  return id;
}

bool MatchingEngine::is_outside(const TradeTruth& trade) const {
  return !accounts_[trade.taker.account].house ||
         std::any_of(trade.makers.begin(), trade.makers.end(), [this](const TradeTruth::Party& maker) {
           return !accounts_[maker.account].house;
         });
}

// Trades within the crowd settle at once and leave no record.
domain::TradeId MatchingEngine::record_trade(MarketState& market, TradeTruth trade, Turn& turn) {
  const domain::Market& definition = market.listing.market;
  const TradeTruth::Party& taker = trade.taker;
  const Price yes_price = in_terms_of(taker.outcome, taker.price);
  market.listing.last_trade = yes_price;
  const Side aggressor =
      book_side_of(taker.outcome, taker.side) == BookSide::Bid ? Side::Buy : Side::Sell;
  turn.out.market.emplace_back(TradePrinted{
      definition.id, domain::token_of(definition, taker.outcome), taker.side, taker.price,
      taker.quantity,
      domain::TradeTick{definition.id, aggressor, yes_price, taker.quantity, turn.now, turn.now}});
  if (!is_outside(trade)) {
    accounts_.settle(trade.market, fill_side(trade.taker, trade.fee));
    for (const auto& maker : trade.makers) accounts_.settle(trade.market, fill_side(maker, {}));
    return {};
  }
  trade.number = ++trade_count_;
  trade.id = derived_trade_id(settings_.seed, trade.number);
  trade.matched_at = turn.now;
  trade.updated_at = turn.now;
  const FaultSettings* failing = turn.faults.active(Fault::TradeFailed, turn.now, definition.id);
  trade.fails = failing != nullptr && random_.chance(failing->probability_ppm);
  if (trade.fails) turn.faults.used(Fault::TradeFailed);
  accounts_.lock(trade.market, fill_side(trade.taker, trade.fee));
  for (const auto& maker : trade.makers) accounts_.lock(trade.market, fill_side(maker, {}));
  ++market.unsettled;
  ++unsettled_;
  for_each_fill(trade, [](Totals& totals, const TradeTruth::Party&, Money) { ++totals.fills; });
  const domain::Duration delay =
      trade.fails ? random_.between(kFailAfterMin, kFailAfterMax)
                  : random_.between(settings_.mined_after_min, settings_.mined_after_max);
  set_timer(turn.now + delay, TimerKind::AdvanceTrade, trade.number);
  report_trade(trade, turn);
  domain::TradeId id = trade.id;
  trades_.emplace(trade.number, std::move(trade));
  return id;
}

void MatchingEngine::advance_trade(std::uint64_t number, Turn& turn) {
  TradeTruth& trade = trades_.at(number);
  trade.updated_at = turn.now;
  switch (trade.status) {
    case VenueTradeStatus::Matched:
      fail_or_mine(trade, turn);
      break;
    case VenueTradeStatus::Retrying: {
      accounts_.unlock(trade.market, fill_side(trade.taker, trade.fee));
      for (const auto& maker : trade.makers) accounts_.unlock(trade.market, fill_side(maker, {}));
      trade.status = VenueTradeStatus::Failed;
      for_each_fill(trade, [](Totals& totals, const TradeTruth::Party&, Money) {
        --totals.fills;
        ++totals.fills_failed;
      });
      --markets_.at(trade.market).unsettled;
      --unsettled_;
      break;
    }
    case VenueTradeStatus::Mined:
      trade.status = VenueTradeStatus::Confirmed;
      for_each_fill(trade, [](Totals& totals, const TradeTruth::Party& party, Money fee) {
        ++totals.fills_confirmed;
        (party.side == Side::Buy ? totals.bought : totals.sold) += party.cash;
        totals.fees += fee;
      });
      break;
    case VenueTradeStatus::Confirmed:
    case VenueTradeStatus::Failed:
      return;
  }
  report_trade(trade, turn);
}

template <class Count>
void MatchingEngine::for_each_fill(const TradeTruth& trade, Count count) {
  const auto of = [&](const TradeTruth::Party& party, Money fee) {
    if (!accounts_[party.account].house) count(totals_[party.account], party, fee);
  };
  of(trade.taker, trade.fee);
  for (const TradeTruth::Party& maker : trade.makers) of(maker, {});
}

void MatchingEngine::count_finished(const OrderTruth& order) {
  Totals& totals = totals_[order.account];
  switch (order.status) {
    case VenueOrderStatus::Matched: ++totals.orders_matched; break;
    case VenueOrderStatus::Expired: ++totals.orders_expired; break;
    case VenueOrderStatus::Live:
    case VenueOrderStatus::Delayed:
    case VenueOrderStatus::Unmatched:
    case VenueOrderStatus::Canceled:
    case VenueOrderStatus::Invalid: ++totals.orders_canceled; break;
  }
}

MatchingEngine::Totals MatchingEngine::totals(AccountId account) const {
  const auto found = totals_.find(account);
  return found == totals_.end() ? Totals{} : found->second;
}

void MatchingEngine::fail_or_mine(TradeTruth& trade, Turn& turn) {
  if (trade.fails) {
    trade.status = VenueTradeStatus::Retrying;
    set_timer(turn.now + random_.between(kFailAfterMin, kFailAfterMax), TimerKind::AdvanceTrade,
              trade.number);
    return;
  }
  accounts_.settle(trade.market, fill_side(trade.taker, trade.fee));
  for (const auto& maker : trade.makers) accounts_.settle(trade.market, fill_side(maker, {}));
  trade.status = VenueTradeStatus::Mined;
  --markets_.at(trade.market).unsettled;
  --unsettled_;
  set_timer(
      turn.now + random_.between(settings_.confirmed_after_min, settings_.confirmed_after_max),
      TimerKind::AdvanceTrade, trade.number);
}

// The fill of an order that its owner believes canceled: somebody took it just before.
void MatchingEngine::fill_late(std::uint64_t number, Turn& turn) {
  const auto found = orders_.find(number);
  if (found == orders_.end()) return;
  Order& order = found->second;
  MarketState& market = markets_.at(order.truth.market);
  if (!first_house_) static_cast<void>(open_house_account());
  const Quantity quantity = order.leaves();
  release(order);
  held_.erase(number);
  order.truth.matched += quantity;

  TradeTruth trade;
  trade.market = order.truth.market;
  trade.market_id = order.truth.market_id;
  trade.makers.push_back(party(order, quantity));
  Order taker = order;
  taker.house = true;
  taker.truth.account = *first_house_;
  taker.truth.number = ++order_count_ | 1U;  // shown as the purchase it is
  order_count_ = taker.truth.number;
  taker.outcome = order.truth.side == Side::Buy ? domain::other(order.outcome) : order.outcome;
  taker.truth.side = Side::Buy;
  taker.truth.price = in_terms_of(taker.outcome, order.yes_price);
  trade.taker = party(taker, quantity);
  trade.fee = domain::taker_fee(market.listing.market.fee, taker.truth.price, quantity,
                                Rounding::HalfAwayFromZero);
  record_trade(market, std::move(trade), turn);
  finish(number, VenueOrderStatus::Matched, {}, turn);
}

// -------------------------------------------------------------------------------------- house orders

std::uint64_t MatchingEngine::place_house(AccountId account, MarketNo market, BookSide side,
                                          Price price, Quantity quantity, Rest rest_remainder,
                                          Timestamp now, FaultBoard& faults, Outputs& out) {
  if (!is_open(market)) return 0;
  Turn turn{now, faults, out};
  Order order;
  order.house = true;
  order.book_side = side;
  order.yes_price = price;
  order.outcome = side == BookSide::Bid ? Outcome::Yes : Outcome::No;
  order.truth.number = ++order_count_;
  order.truth.account = account;
  order.truth.market = market;
  order.truth.side = Side::Buy;
  order.truth.price = in_terms_of(order.outcome, price);
  order.truth.quantity = floor_to_lot(quantity);
  if (!order.truth.quantity.is_positive()) return 0;
  const Plan planned = plan(order);
  const std::uint64_t number = order.truth.number;
  Order& living = orders_.emplace(number, std::move(order)).first->second;
  for (const PlannedTrade& trade : planned.trades) static_cast<void>(match_level(living, trade, turn));
  if (living.leaves().is_zero() || rest_remainder == Rest::No) {
    orders_.erase(number);
    return 0;
  }
  rest(living);
  return number;
}

void MatchingEngine::cancel_house(std::uint64_t number) {
  const auto found = orders_.find(number);
  if (found == orders_.end()) return;
  POLYBOT_ASSERT(found->second.house);
  remove_from_book(found->second);
  orders_.erase(found);
}

Quantity MatchingEngine::house_leaves(std::uint64_t number) const {
  const auto found = orders_.find(number);
  return found == orders_.end() ? Quantity{} : found->second.leaves();
}

Quantity MatchingEngine::reduce_house_level(MarketNo market, BookSide side, Price price,
                                            Quantity quantity) {
  Quantity behind;
  const auto state = markets_.find(market);
  if (state == markets_.end()) return behind;
  Ladder& ladder = side == BookSide::Bid ? state->second.bids : state->second.asks;
  const auto level = ladder.find(price);
  if (level == ladder.end()) return behind;
  Quantity left = quantity;
  bool outside_ahead = false;
  const std::vector<std::uint64_t> queue = level->second.queue;
  for (const std::uint64_t number : queue) {
    if (!left.is_positive()) break;
    Order& order = orders_.at(number);
    if (!order.house) {
      outside_ahead = true;
      continue;
    }
    const Quantity taken = std::min(left, order.leaves());
    left -= taken;
    if (outside_ahead) behind += taken;
    if (taken == order.leaves()) {
      cancel_house(number);
      continue;
    }
    order.truth.quantity -= taken;
    ladder.at(price).total -= taken;
    touch(market, state->second, side, price);
  }
  return behind;
}

// ---------------------------------------------------------------------------------------------- time

void MatchingEngine::set_timer(Timestamp due, TimerKind kind, std::uint64_t subject) {
  timers_.push_back({due, ++timer_count_, kind, subject});
  std::push_heap(timers_.begin(), timers_.end());
}

std::optional<Timestamp> MatchingEngine::next_due() const {
  return timers_.empty() ? std::nullopt : std::optional(timers_.front().due);
}

void MatchingEngine::run_due(Timestamp now, FaultBoard& faults, Outputs& out) {
  std::pop_heap(timers_.begin(), timers_.end());
  const Timer timer = timers_.back();
  timers_.pop_back();
  POLYBOT_ASSERT(timer.due <= now);
  Turn turn{now, faults, out};
  const MarketNo market{static_cast<std::uint32_t>(timer.subject)};
  switch (timer.kind) {
    case TimerKind::ExpireOrder: {
      const auto found = orders_.find(timer.subject);
      if (found == orders_.end() || found->second.state != OrderState::Resting) break;
      remove_from_book(found->second);
      finish(timer.subject, VenueOrderStatus::Expired, {}, turn);
      break;
    }
    case TimerKind::MatchDelayed: match_delayed(timer.subject, turn); break;
    case TimerKind::AdvanceTrade: advance_trade(timer.subject, turn); break;
    case TimerKind::CloseMarket: close_market(market, turn); break;
    case TimerKind::ResolveMarket: resolve_market(market, turn); break;
    case TimerKind::RedeemMarket: redeem_market(market, turn); break;
    case TimerKind::FillLate: fill_late(timer.subject, turn); break;
    case TimerKind::SubmitLate: submit_late(timer.subject, turn); break;
    case TimerKind::Tidy:
      tidy(now);
      set_timer(now + kTidyEvery, TimerKind::Tidy, 0);
      break;
  }
}

void MatchingEngine::close_market(MarketNo market, Turn& turn) {
  MarketState& state = markets_.at(market);
  state.listing.market.status = domain::MarketStatus::Closed;
  std::vector<std::uint64_t> numbers;
  for (const Ladder* ladder : {&state.bids, &state.asks}) {
    for (const auto& [price, level] : *ladder) {
      numbers.insert(numbers.end(), level.queue.begin(), level.queue.end());
    }
  }
  for (const std::uint64_t number : held_) {
    if (orders_.at(number).truth.market == market) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  state.bids.clear();
  state.asks.clear();
  for (const std::uint64_t number : numbers) {
    const Order& order = orders_.at(number);
    const bool told = order.state == OrderState::LateFill;  // it was canceled before
    if (told) {
      release(orders_.at(number));
      held_.erase(number);
      living_ids_.erase(order.truth.id);
      finished_ids_[order.truth.id] = number;
      finished_[number] = order.truth;
      finished_[number].finished_at = turn.now;
      count_finished(order.truth);
      orders_.erase(number);
    } else {
      finish(number, VenueOrderStatus::Canceled, std::string(kMarketClosedReason), turn);
    }
  }
  turn.out.market.emplace_back(MarketClosed{state.listing.market.id, turn.now});
}

void MatchingEngine::resolve_market(MarketNo market, Turn& turn) {
  MarketState& state = markets_.at(market);
  constexpr Price kHalf = Price::from_raw(5'000);
  domain::Market& definition = state.listing.market;
  definition.payout = state.payout.value_or(domain::Payout{kHalf, kHalf});
  definition.status = domain::MarketStatus::Resolved;
  state.listing.resolved_at = turn.now;
  turn.out.market.emplace_back(MarketResolved{definition.id, definition.payout, turn.now});
  set_timer(turn.now + random_.between(settings_.redeem_after_min, settings_.redeem_after_max),
            TimerKind::RedeemMarket, market.value);
}

void MatchingEngine::redeem_market(MarketNo market, Turn& turn) {
  const auto found = markets_.find(market);
  if (found->second.unsettled > 0) {
    set_timer(turn.now + kRedeemRetry, TimerKind::RedeemMarket, market.value);
    return;
  }
  accounts_.redeem(market, found->second.listing.market.payout);
  resolved_.emplace(market, std::move(found->second.listing));
  markets_.erase(found);
  forget_markets();
}

void MatchingEngine::forget_markets() {
  while (resolved_.size() > settings_.resolved_markets_kept) {
    const domain::Market& oldest = resolved_.begin()->second.market;
    market_ids_.erase(oldest.id);
    tokens_.erase(oldest.yes_token);
    tokens_.erase(oldest.no_token);
    resolved_.erase(resolved_.begin());
  }
}

void MatchingEngine::tidy(Timestamp now) {
  const Timestamp before = now - settings_.retention;
  const std::size_t known = forgotten_ids_.size();
  for (auto it = finished_.begin(); it != finished_.end();) {
    if (it->second.finished_at >= before) {
      ++it;
      continue;
    }
    forgotten_ids_.push_back(short_id(it->second.id));
    finished_ids_.erase(it->second.id);
    ++forgotten_.orders;
    archived_.orders.push_back(it->second);
    it = finished_.erase(it);
  }
  const auto middle = forgotten_ids_.begin() + static_cast<std::ptrdiff_t>(known);
  std::sort(middle, forgotten_ids_.end());
  std::inplace_merge(forgotten_ids_.begin(), middle, forgotten_ids_.end());
  for (auto it = trades_.begin(); it != trades_.end();) {
    const TradeTruth& trade = it->second;
    const bool final = trade.status == VenueTradeStatus::Failed ||
                       trade.status == VenueTradeStatus::Confirmed;
    if (!final || trade.updated_at >= before) {
      ++it;
      continue;
    }
    ++forgotten_.trades;
    archived_.trades.push_back(trade);
    it = trades_.erase(it);
  }
}

MatchingEngine::Archived MatchingEngine::take_archived() { return std::exchange(archived_, {}); }

// ------------------------------------------------------------------------------------------- reports

void MatchingEngine::report_order(const Order& order, OrderEventKind kind, VenueOrderStatus status,
                                  std::string reason, Turn& turn) const {
  if (order.house) return;
  const OrderTruth& truth = order.truth;
  OrderOutput output;
  output.account = truth.account;
  output.kind = kind;
  output.time_in_force = truth.time_in_force;
  output.expiration_s = truth.expiration_s;
  output.created_at = truth.created_at;
  output.update = {.order = truth.id,
                   .market = truth.market_id,
                   .token = truth.token,
                   .side = truth.side,
                   .status = status,
                   .price = truth.price,
                   .original_quantity = truth.quantity,
                   .matched_quantity = truth.matched,
                   .reason = std::move(reason),
                   .at = turn.now};
  turn.out.account.emplace_back(std::move(output));
}

void MatchingEngine::report_trade(const TradeTruth& trade, Turn& turn) const {
  std::set<AccountId> told;
  const auto tell = [&](AccountId account) {
    if (accounts_[account].house || !told.insert(account).second) return;
    turn.out.account.emplace_back(TradeOutput{account, trade.number, view(trade, account)});
  };
  tell(trade.taker.account);
  for (const TradeTruth::Party& maker : trade.makers) tell(maker.account);
}

domain::VenueTrade MatchingEngine::view(const TradeTruth& trade, AccountId account) const {
  const Listing* known = listing(trade.market);
  const auto token = [known](Outcome outcome) {
    return known == nullptr ? domain::TokenId{} : domain::token_of(known->market, outcome);
  };
  domain::VenueTrade seen;
  seen.id = trade.id;
  seen.status = trade.status;
  seen.taker_order = trade.taker.order;
  seen.market = trade.market_id;
  seen.token = token(trade.taker.outcome);
  seen.side = trade.taker.side;
  seen.quantity = trade.taker.quantity;
  seen.price = trade.taker.price;
  seen.we_are_taker = trade.taker.account == account;
  seen.matched_at = trade.matched_at;
  seen.updated_at = trade.updated_at;
  for (const TradeTruth::Party& maker : trade.makers) {
    seen.makers.push_back({.order = maker.order,
                           .token = token(maker.outcome),
                           .side = maker.side,
                           .quantity = maker.quantity,
                           .price = maker.price,
                           .ours = maker.account == account});
  }
  return seen;
}

std::vector<OrderTruth> MatchingEngine::open_orders(AccountId account) const {
  std::vector<OrderTruth> open;
  for (const auto& [id, number] : living_ids_) {
    const Order& order = orders_.at(number);
    if (order.truth.account == account && order.state != OrderState::LateFill) {
      open.push_back(order.truth);
    }
  }
  std::sort(open.begin(), open.end(),
            [](const OrderTruth& a, const OrderTruth& b) { return a.number < b.number; });
  return open;
}

std::optional<OrderTruth> MatchingEngine::open_order(const domain::VenueOrderId& id) const {
  const auto found = living_ids_.find(id);
  if (found == living_ids_.end()) return std::nullopt;
  const Order& order = orders_.at(found->second);
  if (order.state == OrderState::LateFill) return std::nullopt;
  return order.truth;
}

std::vector<OrderTruth> MatchingEngine::orders(std::uint64_t after_number, std::size_t limit) const {
  std::vector<OrderTruth> page;
  for (const auto& [id, number] : living_ids_) {
    if (number > after_number) page.push_back(orders_.at(number).truth);
  }
  auto finished = finished_.upper_bound(after_number);
  for (std::size_t i = 0; i < limit && finished != finished_.end(); ++i, ++finished) {
    page.push_back(finished->second);
  }
  std::sort(page.begin(), page.end(),
            [](const OrderTruth& a, const OrderTruth& b) { return a.number < b.number; });
  if (page.size() > limit) page.resize(limit);
  return page;
}

const TradeTruth* MatchingEngine::trade(std::uint64_t number) const {
  const auto found = trades_.find(number);
  return found == trades_.end() ? nullptr : &found->second;
}

std::vector<TradeTruth> MatchingEngine::trades(std::uint64_t after_number, std::size_t limit) const {
  std::vector<TradeTruth> page;
  for (auto it = trades_.upper_bound(after_number); it != trades_.end() && page.size() < limit; ++it) {
    page.push_back(it->second);
  }
  return page;
}

// --------------------------------------------------------------------------------------------- state

template <class Archive>
void MatchingEngine::fields(Archive& archive) {
  std::map<std::uint64_t, Order> living(orders_.begin(), orders_.end());
  archive(random_, accounts_, markets_, resolved_, living, finished_, trades_, late_, timers_);
  archive(order_count_, trade_count_, timer_count_, late_count_, market_count_, unsettled_,
          first_house_, forgotten_, totals_, forgotten_ids_, settings_);
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
