// How outside orders enter the matching engine and leave it again.
#include <algorithm>

#include "common/domain/fees.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

using domain::Money;
using domain::Price;
using domain::Quantity;
using domain::RejectReason;
using domain::Rounding;
using domain::Side;
using domain::TimeInForce;
using domain::Timestamp;
using domain::VenueOrderStatus;

namespace {

constexpr domain::Duration kLateFillDelay = std::chrono::seconds(2);

SubmitAnswer refused(const domain::VenueOrderId& order, RejectReason reason) {
  return {
      .order = order, .outcome = domain::SubmitRejected{reason, {}}, .making = {}, .taking = {}};
}

}  // namespace

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
    const Holding held = accounts_.holding(order.truth.account, order.truth.market, order.outcome);
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
      // A sell is worth what its best counterpart pays, not the least that its owner would accept.
      const Price best = in_terms_of(order.outcome, plan.trades.front().yes_price);
      worth = std::max(worth, exact_notional(best, order.truth.quantity));
    }
    if (worth < kMarketableMin) return RejectReason::BelowMinimum;
  }
  if (!affordable(order, plan)) return RejectReason::Balance;
  if (order.truth.time_in_force == TimeInForce::Fok && !plan.complete)
    return RejectReason::NotFilled;
  if (immediate && !matches) return RejectReason::NotFilled;
  return std::nullopt;
}

SubmitAnswer MatchingEngine::submit(AccountId account, const NewOrder& request, Timestamp now,
                                    FaultBoard& faults, Outputs& out) {
  Turn turn{now, faults, out};
  if (const auto reason = refusal(request, now)) return refused(request.id, *reason);
  const Order order = make_order(account, request, now);
  const FaultSettings* surplus = faults.active(Fault::SurplusShares, now, order.truth.market_id);
  const bool undercuts = surplus != nullptr && order.cash_bound.is_positive() &&
                         random_.chance(surplus->probability_ppm);
  const std::uint64_t offer = undercuts ? undercut(order, turn) : 0;
  SubmitAnswer answer = enter(order, turn);
  cancel_house(offer);
  return answer;
}

SubmitAnswer MatchingEngine::enter(const Order& order, Turn& turn) {
  const domain::VenueOrderId id = order.truth.id;
  const Plan planned = plan(order);
  const bool delayed = markets_.at(order.truth.market).listing.market.taker_delay &&
                       !order.truth.post_only &&
                       (planned.quantity.is_positive() || !rests(order.truth.time_in_force));
  if (delayed) return hold(order, turn);
  if (const auto reason = entry_refusal(order, planned)) return refused(id, *reason);
  const std::uint64_t number = order.truth.number;
  living_ids_[id] = number;
  ++totals_[order.truth.account].orders_accepted;
  const Order& living = orders_.emplace(number, order).first->second;
  report_order(living, OrderEventKind::Placement, VenueOrderStatus::Live, {}, turn);
  domain::SubmitAccepted accepted;
  accepted.trades = execute(number, planned, turn);
  if (!accepted.trades.empty()) accepted.state = domain::SubmitAccepted::State::Matched;
  SubmitAnswer answer{.order = id, .outcome = std::move(accepted), .making = {}, .taking = {}};
  const Money shares = Money::from_raw(planned.quantity.raw());
  answer.making = order.truth.side == Side::Buy ? planned.cash : shares;
  answer.taking = order.truth.side == Side::Buy ? shares : planned.cash;
  return answer;
}

// A marketable order in a market with a taker delay: all that it could cost is reserved, and it can
// neither match nor be canceled until the delay is over.
SubmitAnswer MatchingEngine::hold(Order order, Turn& turn) {
  const domain::VenueOrderId id = order.truth.id;
  const domain::Market& market = markets_.at(order.truth.market).listing.market;
  const Quantity quantity = floor_to_lot(order.truth.quantity);
  const Money worth = exact_notional(order.truth.price, order.truth.quantity);
  if (order.truth.side == Side::Buy && worth < kMarketableMin)
    return refused(id, RejectReason::BelowMinimum);
  const Price dearest_fee = std::min(order.truth.price, Price::from_raw(5'000));
  const Money cash = order.cash_bound.is_positive()
                         ? order.cash_bound
                         : domain::notional(order.truth.price, quantity, Rounding::Up);
  const Money fee = order.cash_bound.is_positive()
                        ? domain::most_taker_fee(market.fee, order.truth.price, cash)
                        : domain::taker_fee(market.fee, dearest_fee, quantity, Rounding::Up);
  // A rounding step for each of up to a hundred trades.
  const Money need = cash + fee + Money::from_raw(1'000);
  const bool enough =
      order.truth.side == Side::Buy
          ? need <= std::min(accounts_[order.truth.account].available(), settings_.allowance)
          : quantity <= accounts_.holding(order.truth.account, order.truth.market, order.outcome)
                            .available();
  if (!enough) return refused(id, RejectReason::Balance);
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
  const Order& living = orders_.emplace(number, order).first->second;
  report_order(living, OrderEventKind::Placement, VenueOrderStatus::Delayed, {}, turn);
  set_timer(turn.now + settings_.taker_delay, TimerKind::MatchDelayed, number);
  return {.order = id,
          .outcome = domain::SubmitAccepted{domain::SubmitAccepted::State::Delayed, {}},
          .making = {},
          .taking = {}};
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
  // A market that was paused meanwhile matches nothing.
  if (!is_open(order.truth.market)) {
    finish(number, VenueOrderStatus::Unmatched, "the market takes no orders now", turn);
    return;
  }
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

// ---- cancels ------------------------------------------------------------------------------------

domain::CancelAnswered MatchingEngine::cancel(AccountId account, const domain::VenueOrderId& id,
                                              Timestamp now, FaultBoard& faults, Outputs& out) {
  using Result = domain::CancelAnswered::Result;
  Turn turn{now, faults, out};
  const auto living = living_ids_.find(id);
  if (living == living_ids_.end()) return {id, Result::NotFound, {}};
  Order& order = orders_.at(living->second);
  if (order.truth.account != account) return {id, Result::NotFound, {}};
  switch (order.state) {
    case OrderState::Delayed:
      return {id, Result::NotCanceled, {}};
    case OrderState::LateFill:
      return {id, Result::NotFound, {}};
    case OrderState::Resting:
      break;
  }
  withdraw(order, {}, turn);
  return {id, Result::Canceled, {}};
}

// Takes a resting order off the book for good, unless a fault fills it all the same.
void MatchingEngine::withdraw(Order& order, std::string reason, Turn& turn) {
  remove_from_book(order);
  const FaultSettings* late = turn.faults.active(Fault::LateFill, turn.now, order.truth.market_id);
  if (late == nullptr || !random_.chance(late->probability_ppm)) {
    finish(order.truth.number, VenueOrderStatus::Canceled, std::move(reason), turn);
    return;
  }
  const domain::Duration delay = late->delay.count() > 0 ? late->delay : kLateFillDelay;
  order.state = OrderState::LateFill;
  order.truth.status = VenueOrderStatus::Canceled;
  held_.insert(order.truth.number);
  set_timer(turn.now + delay, TimerKind::FillLate, order.truth.number);
  report_order(order, OrderEventKind::Cancellation, VenueOrderStatus::Canceled, std::move(reason),
               turn);
  turn.faults.used(Fault::LateFill);
}

void MatchingEngine::cancel_open(AccountId account, std::string_view reason, Timestamp now,
                                 FaultBoard& faults, Outputs& out) {
  Turn turn{now, faults, out};
  for (const OrderTruth& open : open_orders(account)) {
    Order& order = orders_.at(open.number);
    if (order.state == OrderState::Resting) withdraw(order, std::string(reason), turn);
  }
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

}  // namespace polybot::venue_simulator
