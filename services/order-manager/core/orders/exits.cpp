#include "services/order-manager/core/orders/exits.hpp"

#include <algorithm>

#include "common/domain/amounts.hpp"

namespace polybot::order_manager {

using domain::Quantity;

namespace {

constexpr int kPaceDoublingsMax = 5;
// Remembered this long after its pause; a wanted exit is tried again long before.
constexpr domain::Duration kPaceRemembered = std::chrono::minutes(2);

}  // namespace

bool worth_too_little(Price bid, Quantity quantity) {
  return domain::notional(bid, quantity, domain::Rounding::Down) < domain::kMarketableNotionalMin;
}

bool Exits::sell(Turn& turn, const domain::ClientOrderId& id, const Held& holding,
                 domain::OrderPurpose purpose, domain::TraceId trace) {
  const auto& [strategy, instrument, quantity] = holding;
  if (!tradable(turn.ledger, instrument.market)) return false;
  Pace& pace = paces_[instrument];
  if (turn.now < pace.next) return true;
  // Resting quotes reserve the shares, or would meet this order.
  desk_.cancel_where(turn, domain::CancelReason::Requested, [&](const OrderRecord& order) {
    return order.order.purpose == domain::OrderPurpose::Quote &&
           order.order.strategy == holding.strategy &&
           order.order.instrument.market == holding.instrument.market;
  });
  const Quantity free = RiskEngine::sellable(turn.ledger, strategy, instrument);
  const auto bid = quotes_.best_bid(instrument, turn.now);
  if (!bid) return true;
  const Quantity at_best = std::min({quantity, free, bid->quantity});
  // The venue refuses a slice worth less than the minimum. It is better to sell all, at the prices
  // it finds.
  const Quantity slice = worth_too_little(bid->price, at_best) ? std::min(quantity, free) : at_best;
  const Quantity size = domain::floor_to_step(slice, domain::kShareStep);
  if (!size.is_positive()) return quantity >= domain::kShareStep;
  const std::int64_t tick = turn.ledger.market(instrument.market)->tick.raw();
  const std::int64_t limit =
      std::max(tick, (bid->price.raw() - settings_.exit_slippage.raw()) / tick * tick);
  pace.next = turn.now + settings_.unwind_pause;
  const OrderDraft draft{.id = id,
                         .strategy = strategy,
                         .instrument = instrument,
                         .side = domain::Side::Sell,
                         .limit = Price::from_raw(limit),
                         .quantity = size,
                         .time_in_force = domain::TimeInForce::Fak,
                         .purpose = purpose,
                         .trace = trace};
  if (turn.ledger.trading_state(strategy) != domain::TradingState::Halted) {
    // An order that is refused now is tried again after the pause.
    static_cast<void>(desk_.submit(turn, {draft}));
  }
  return true;
}

void Exits::refused(const domain::Instrument& instrument, domain::Timestamp now) {
  Pace& pace = paces_[instrument];
  pace.refused = std::min(pace.refused + 1, kPaceDoublingsMax);
  pace.next = now + settings_.unwind_pause * (1 << pace.refused);
}

void Exits::filled(const domain::Instrument& instrument) {
  if (const auto pace = paces_.find(instrument); pace != paces_.end()) pace->second.refused = 0;
}

void Exits::forget_old(domain::Timestamp now) {
  std::erase_if(paces_,
                [&](const auto& entry) { return now >= entry.second.next + kPaceRemembered; });
}

}  // namespace polybot::order_manager
