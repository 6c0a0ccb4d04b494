#include "services/order-manager/core/orders/risk_engine.hpp"

#include <algorithm>

#include "common/domain/mutation.hpp"

namespace polybot::order_manager {

using domain::DenyReason;
using domain::Market;
using domain::Money;
using domain::Order;
using domain::OrderPurpose;
using domain::Price;
using domain::Quantity;
using domain::Rounding;
using domain::Side;
using domain::StrategyName;
using domain::Timestamp;
using std::optional;
using std::span;

namespace {

// Sold by order-manager itself to get out: the band around the mid does not apply.
bool forced_exit(const Order& order) {
  return order.purpose == OrderPurpose::Unwind || order.purpose == OrderPurpose::Flatten;
}

Money worst_cost(const Ledger& ledger, const Order& order) {
  if (order.side == Side::Sell) return {};
  const Market* market = ledger.market(order.instrument.market);
  return cash_worst(order) + (market == nullptr ? Money{} : fee_worst(order, market->fee));
}

domain::BookSide side_of(const Order& order) {
  return book_side(order.instrument.outcome, order.side);
}

Price price_of(const Order& order) {
  return yes_price(order.instrument.outcome, order.limit);
}

bool would_trade(const Order& a, const Order& b) {
  if (a.instrument.market != b.instrument.market || side_of(a) == side_of(b)) return false;
  return side_of(a) == domain::BookSide::Bid ? price_of(a) >= price_of(b)
                                             : price_of(a) <= price_of(b);
}

bool would_trade(const Order& order, const Commitments::OpenOrders& open) {
  return side_of(order) == domain::BookSide::Bid
             ? !open.asks.empty() && price_of(order) >= open.asks.begin()->first
             : !open.bids.empty() && price_of(order) <= open.bids.rbegin()->first;
}

}  // namespace

RiskEngine::RiskEngine(const Settings& settings)
    : account_(settings.account_limits),
      opening_stops_before_end_(settings.opening_stops_before_end),
      account_rate_(account_.order_rate_max, account_.order_burst_max) {
  for (const ConfiguredStrategy& strategy : settings.strategies) {
    strategies_.emplace(strategy.name, strategy.limits);
    strategy_rates_.emplace(strategy.name, TokenBucket(strategy.limits.order_rate_max,
                                                       strategy.limits.order_burst_max));
  }
}

const domain::RiskLimits& RiskEngine::limits(const optional<StrategyName>& strategy) const {
  if (!strategy) return account_;
  const auto it = strategies_.find(*strategy);
  return it == strategies_.end() ? account_ : it->second;
}

DenyReason RiskEngine::check_one(const Ledger& ledger, const QuoteBoard& quotes, const Order& order,
                                 span<const Order> earlier, Timestamp now) const {
  DenyReason reason = check_market(ledger, quotes, order, now);
  if (reason == DenyReason::None) reason = check_own_orders(ledger, order, earlier);
  if (reason != DenyReason::None) return reason;
  return order.side == Side::Sell ? check_sell(ledger, order, earlier)
                                  : check_buy(ledger, order, earlier);
}

DenyReason RiskEngine::check_market(const Ledger& ledger, const QuoteBoard& quotes,
                                    const Order& order, Timestamp now) const {
  const Market* market = ledger.market(order.instrument.market);
  if (market == nullptr) return DenyReason::UnknownMarket;
  if (market->status != domain::MarketStatus::Active || market->placeholder) {
    return DenyReason::MarketNotAccepting;
  }
  // The end is a hint of the venue: many markets trade on. It is reason enough to open nothing.
  const bool ends = market->ends_at != Timestamp{};
  if (order.side == Side::Buy && ends && now >= market->ends_at - opening_stops_before_end_)
    return DenyReason::MarketAboutToEnd;
  if (!domain::on_tick(order.limit, market->tick)) return DenyReason::OffTick;
  if (!order.quantity.is_positive()) return DenyReason::QuantityBelowMinimum;
  if (!immediate(order.time_in_force) && order.quantity < market->min_size)
    return DenyReason::QuantityBelowMinimum;
  const Money value = domain::notional(order.limit, order.quantity, Rounding::Down);
  if (immediate(order.time_in_force) && order.side == Side::Buy &&
      value < domain::kMarketableNotionalMin) {
    return DenyReason::NotionalBelowMinimum;
  }
  const domain::QuoteTick* quote = quotes.fresh(order.instrument.market, now);
  if (quote == nullptr) return DenyReason::QuoteStale;
  const auto mid = quotes.mid(order.instrument.market, now);
  if (!mid || forced_exit(order)) return DenyReason::None;
  const Price own_mid = yes_price(order.instrument.outcome, *mid);
  const Price band = std::min(account_.price_band, limits(order.strategy).price_band);
  const bool outside =
      order.side == Side::Buy ? order.limit > own_mid + band : order.limit < own_mid - band;
  return outside ? DenyReason::PriceOutsideBand : DenyReason::None;
}

DenyReason RiskEngine::check_own_orders(const Ledger& ledger, const Order& order,
                                        span<const Order> earlier) const {
  const bool resting = would_trade(order, ledger.commitments().open_in(order.instrument.market));
  const bool beside = std::any_of(earlier.begin(), earlier.end(),
                                  [&](const Order& other) { return would_trade(order, other); });
  return resting || beside ? DenyReason::WouldSelfTrade : DenyReason::None;
}

DenyReason RiskEngine::check_sell(const Ledger& ledger, const Order& order,
                                  span<const Order> earlier) const {
  Quantity needed = order.quantity;
  for (const Order& other : earlier) {
    if (other.side == Side::Sell && other.instrument == order.instrument) needed += other.quantity;
  }
  if (needed > sellable(ledger, order.strategy, order.instrument)) return DenyReason::NotSettled;
  // Levelling legs trades one risk for a smaller one.
  if (order.purpose == OrderPurpose::Unwind) return DenyReason::None;
  const Quantity whole = unpaired(ledger, order.strategy, order.instrument);
  if (needed <= whole || mutated(Mutation::PairsBroken)) return DenyReason::None;
  if (ledger.trading_state(order.strategy) != domain::TradingState::Active)
    return DenyReason::PairWouldBreak;
  // The other half is exposed from then on, as if it had been bought; that of open sells, too.
  if (exits_position(order.purpose)) return DenyReason::None;
  const Money naked =
      domain::notional(domain::complement(order.limit), needed - whole, Rounding::Up);
  for (const optional<StrategyName>& scope :
       {optional<StrategyName>(order.strategy), optional<StrategyName>()}) {
    const DenyReason reason = beyond(limits(scope), usage(ledger, scope, order, earlier), naked);
    if (reason != DenyReason::None) return reason;
  }
  return DenyReason::None;
}

DenyReason RiskEngine::beyond(const domain::RiskLimits& limit, const Usage& used, Money more) {
  if (used.market + more > limit.position_max) return DenyReason::PositionExceedsMaximum;
  if (used.event + more > limit.event_exposure_max) return DenyReason::EventExposureExceedsMaximum;
  if (used.total + more > limit.exposure_max) return DenyReason::ExposureExceedsMaximum;
  return DenyReason::None;
}

DenyReason RiskEngine::check_legs(const Ledger& ledger, const Order& order) const {
  const LegGroup* group = ledger.legs().unlevel(order.strategy, order.event);
  if (group == nullptr) return DenyReason::None;
  // The only buy allowed is one that completes what is missing.
  const auto quantities = ledger.leg_quantities(*group);
  Quantity most;
  for (const LegQuantity& leg : quantities) most = std::max(most, leg.quantity);
  for (const LegQuantity& leg : quantities) {
    if (leg.instrument != order.instrument) continue;
    Quantity under_way;
    for (const domain::ClientOrderId& id : group->correctors) {
      const OrderRecord* record = ledger.orders().find(id);
      const bool open_buy =
          record != nullptr && !record->terminal() && record->order.side == Side::Buy;
      if (open_buy && record->order.instrument == order.instrument) under_way += record->leaves();
    }
    if (leg.quantity + under_way + order.quantity <= most) return DenyReason::None;
  }
  return DenyReason::LegsUnhedged;
}

RiskEngine::Usage RiskEngine::usage(const Ledger& ledger, const optional<StrategyName>& strategy,
                                    const Order& order, span<const Order> earlier) const {
  const Commitments::Sums& sums = ledger.commitments().of(strategy);
  Usage usage{.market = sums.in(order.instrument.market).used(),
              .event = sums.in(order.event),
              .total = sums.used,
              .open_orders = sums.open_orders};
  for (const Order& other : earlier) {
    const Money cost = worst_cost(ledger, other);
    if (other.instrument.market == order.instrument.market) usage.market += cost;
    if (other.event == order.event) usage.event += cost;
    usage.total += cost;
    ++usage.open_orders;
  }
  return usage;
}

DenyReason RiskEngine::check_buy(const Ledger& ledger, const Order& order,
                                 span<const Order> earlier) const {
  if (const DenyReason reason = check_legs(ledger, order); reason != DenyReason::None)
    return reason;
  const Money cost = worst_cost(ledger, order);
  for (const optional<StrategyName>& scope :
       {optional<StrategyName>(order.strategy), optional<StrategyName>()}) {
    const domain::RiskLimits& limit = limits(scope);
    const Usage used = usage(ledger, scope, order, earlier);
    if (cost > limit.order_notional_max) return DenyReason::NotionalExceedsMaximum;
    if (const DenyReason reason = beyond(limit, used, cost); reason != DenyReason::None)
      return reason;
    if (used.open_orders >= limit.open_orders_max) return DenyReason::OpenOrdersExceedMaximum;
  }
  Money free = free_collateral(ledger) - account_.balance_min;
  for (const Order& other : earlier) free -= worst_cost(ledger, other);
  return cost > free ? DenyReason::InsufficientBalance : DenyReason::None;
}

DenyReason RiskEngine::take_rate(span<const Order> orders, Timestamp now) {
  if (orders.empty()) return DenyReason::None;
  const auto count = static_cast<std::uint32_t>(orders.size());
  const auto strategy = strategy_rates_.find(orders.front().strategy);
  const std::uint32_t own =
      strategy == strategy_rates_.end() ? count : strategy->second.available(now);
  const std::uint32_t available = std::min(account_rate_.available(now), own);
  const bool opens = std::any_of(orders.begin(), orders.end(),
                                 [](const Order& order) { return order.side == Side::Buy; });
  if (opens && available < count) return DenyReason::OrderRateExceedsMaximum;
  const std::uint32_t taken = std::min(count, available);
  const bool from_account = account_rate_.take(taken, now);
  const bool from_strategy = strategy == strategy_rates_.end() || strategy->second.take(taken, now);
  POLYBOT_ASSERT(from_account && from_strategy);
  return DenyReason::None;
}

optional<domain::StateReason> RiskEngine::breach(const Ledger& ledger,
                                                 const optional<StrategyName>& strategy) const {
  const Portfolio::Losses losses = ledger.portfolio().unacknowledged_losses(strategy);
  const domain::RiskLimits& limit = limits(strategy);
  if (losses.daily >= limit.daily_loss_max) return domain::StateReason::DailyLossExceeded;
  if (losses.drawdown >= limit.drawdown_max) return domain::StateReason::DrawdownExceeded;
  return std::nullopt;
}

Money RiskEngine::free_collateral(const Ledger& ledger) {
  const Commitments::Sums& account = ledger.commitments().of(std::nullopt);
  // Deposits and withdrawals show as drift at the next reading. Whether they are ever booked or
  // not, an order can only spend what is there.
  const Money there = mutated(Mutation::DepositsNotFollowed)
                          ? ledger.portfolio().cash()
                          : ledger.portfolio().cash() + ledger.drift().cash;
  return there - account.unsettled - account.reserved;
}

Money RiskEngine::exposure(const Ledger& ledger, const StrategyName& strategy) {
  return ledger.commitments().of(strategy).used;
}

Quantity RiskEngine::sellable(const Ledger& ledger, const StrategyName& strategy,
                              const domain::Instrument& instrument) {
  const auto free = [&](Quantity settled, const optional<StrategyName>& whose) {
    const Commitments::InMarket& in = ledger.commitments().of(whose).in(instrument.market);
    return settled - in.promised_of(instrument.outcome);
  };
  const Quantity own = free(ledger.portfolio().settled(strategy, instrument), strategy);
  const Quantity account = free(ledger.portfolio().account_settled(instrument), std::nullopt);
  return std::max(Quantity{}, std::min(own, account));
}

Quantity RiskEngine::unpaired(const Ledger& ledger, const StrategyName& strategy,
                              const domain::Instrument& instrument) {
  const MarketPosition* position = ledger.portfolio().find(strategy, instrument.market);
  if (position == nullptr) return {};
  const Quantity held = position->token(instrument.outcome).holding().quantity;
  const Quantity other = position->token(domain::other(instrument.outcome)).holding().quantity;
  const Quantity promised =
      ledger.commitments().of(strategy).in(instrument.market).promised_of(instrument.outcome);
  return held - promised - std::max(Quantity{}, other);
}

}  // namespace polybot::order_manager
