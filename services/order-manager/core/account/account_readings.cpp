#include "services/order-manager/core/account/account_readings.hpp"

#include <algorithm>
#include <utility>

#include "services/order-manager/core/account/in_turn.hpp"

namespace polybot::order_manager {

using domain::OrderStatus;
using domain::Timestamp;

namespace {

constexpr domain::Duration kClaimPause = std::chrono::seconds(3);
// What could not be read, or not be taken yet, is read again this soon.
constexpr domain::Duration kUnreadPause = std::chrono::seconds(5);
// For how long after its order's event a trade may come before a reading asks for it.
constexpr domain::Duration kTradeDue = std::chrono::seconds(1);
// Trades become final within seconds; from this age on one is read by its id, a few per reading.
constexpr domain::Duration kStuckAfter = std::chrono::minutes(15);
constexpr std::size_t kStuckPerReading = 5;
// Trades of resting orders are read this much farther back, because the venue may report them late.
constexpr domain::Duration kRestingTradesMargin = std::chrono::hours(1);

}  // namespace

Timestamp held_until(const OrderRecord& order, const OrderWatches& watches, Timestamp started_at,
                     domain::Duration hold) {
  if (mutated(Mutation::StampsBelieved)) return order.last_byte_at + hold;
  const auto watch = watches.find(order.order.id);
  const bool ours = watch != watches.end() && watch->second.last_byte_at;
  return (ours ? *watch->second.last_byte_at : started_at) + hold;
}

void AccountReadings::reconnected() {
  drift_due_ = true;
  compares_ = false;
  wanted_ = true;
}

void AccountReadings::failed() {
  if (reading_) ++failures_;
  reading_ = false;
  // The balances may be what the venue did not answer, so the other purposes of a reading go first.
  if (std::exchange(compares_, false)) drift_due_ = false;
  wanted_ = true;
}

void AccountReadings::answered(Timestamp read_at) {
  reading_ = false;
  read_at_ = std::max(read_at_, read_at);
  ++ok_;
}

// An unreadable trade has moved what is compared, by an unknown amount.
void AccountReadings::compared(Timestamp now, bool balances_left) {
  if (!std::exchange(compares_, false) || unread_.any_trade()) return;
  drift_due_ = false;
  if (balances_left) next_drift_at_ = std::min(next_drift_at_, now + kClaimPause);
}

bool AccountReadings::due(const Turn& turn) const {
  const Timestamp now = turn.now;
  const Orders& orders = turn.ledger.orders();
  for (const domain::ClientOrderId& id : orders.open()) {
    const OrderRecord& order = *orders.find(id);
    const bool held =
        now < held_until(order, watches_, readiness_.started_at(), settings_.ambiguous_hold);
    if (order.status == OrderStatus::Ambiguous && !held) return true;
  }
  for (const auto& [id, watch] : watches_) {
    if (watch.missing_since && now >= *watch.missing_since + settings_.missing_hold) return true;
    const OrderRecord* order = orders.find(id);
    const bool untold = order != nullptr && watch.told_matched > order->filled;
    if (untold && now >= watch.told_at + kTradeDue && read_at_ < watch.told_at) return true;
  }
  return (now >= asked_at_ + kClaimPause && Claims::any(turn.ledger.portfolio())) ||
         (now >= asked_at_ + kUnreadPause && (unread_.any() || !turn.ledger.deposited()));
}

void AccountReadings::drive(Turn& turn) {
  if (turn.now >= next_drift_at_) {
    drift_due_ = true;
    next_drift_at_ = turn.now + settings_.drift_every;
  }
  // Balances are compared once orders and trades are known to be right, because trading need not
  // wait for them.
  const bool compares = drift_due_ && readiness_.reconciled() && !compares_ && !unread_.any_trade();
  wanted_ = wanted_ || compares || due(turn);
  const bool too_soon =
      turn.now < not_before_ ||
      (asked_at_ != Timestamp{} && turn.now < asked_at_ + settings_.account_read_pause);
  // Without the venue's clock it is unknown which of its trades to ask for.
  const bool possible = readiness_.rest_up() && readiness_.user_up() && readiness_.clock_known();
  if (!wanted_ || reading_ || too_soon || !possible) return;
  wanted_ = false;
  reading_ = true;
  compares_ = compares;
  asked_at_ = turn.now;
  std::vector<domain::TokenId> tokens = claims_.next_tokens(turn.ledger);
  std::vector<domain::UtcDate> income;
  if (compares) {
    const auto more = balances_.next_tokens(turn.ledger);
    tokens.insert(tokens.end(), more.begin(), more.end());
    income = balances_.next_income_days(turn.now);
  }
  const Timestamp since = trades_since(turn.ledger);
  const Unfinal fills = unfinal(turn.ledger, since);
  turn.after_commit.reads.push_back(ReadAccount{
      std::max(std::min(since, fills.since) - kTradesMargin, Timestamp{}), std::move(tokens),
      take_in_turn(fills.stuck, stuck_read_to_, kStuckPerReading), std::move(income)});
}

// Far enough back to find every fill that may have been missed, by the venue's clock. Orders are
// only submitted while our clock agrees with it.
Timestamp AccountReadings::trades_since(const Ledger& ledger) const {
  Timestamp since = readiness_.venue_time(read_at_);
  if (read_at_ == Timestamp{}) {
    // The trades that earlier processes have read end here. A stamp in the future says nothing.
    since =
        ledger.reconciled_until() != Timestamp{} ? ledger.reconciled_until() : ledger.opened_at();
    if (since > readiness_.venue_time(readiness_.started_at())) since = {};
  }
  since = std::min(since, unread_.unbooked_since().value_or(since));
  // An order that rests for weeks must not make each reading cover weeks.
  const Timestamp known_until = since - kRestingTradesMargin;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    const bool answered =
        order.status == OrderStatus::Accepted || order.status == OrderStatus::PartiallyFilled;
    const Timestamp submitted = order.order.submitted_at;
    since = std::min(since, answered ? std::max(submitted, known_until) : submitted);
  }
  return since;
}

AccountReadings::Unfinal AccountReadings::unfinal(const Ledger& ledger, Timestamp otherwise) const {
  Unfinal found{.since = otherwise, .stuck = {}};
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      for (const TokenPosition* token : {&position.yes, &position.no}) {
        for (const TokenPosition::Entry& entry : token->entries()) {
          const FillRecord* fill = ledger.orders().find_fill(entry.id);
          if (fill == nullptr || entry.status == domain::FillStatus::Confirmed) continue;
          const Timestamp matched_at = fill->fill.matched_at;
          const bool stuck = matched_at < otherwise - kStuckAfter;
          if (stuck && !mutated(Mutation::StuckTradesHoldReadings)) {
            found.stuck.insert(entry.id.trade);
          } else {
            found.since = std::min(found.since, matched_at);
          }
        }
      }
    }
  }
  return found;
}

}  // namespace polybot::order_manager
