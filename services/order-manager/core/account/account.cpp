#include "services/order-manager/core/account/account.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::ClientOrderId;
using domain::OrderStatus;
using domain::Timestamp;
using domain::VenueAccount;

namespace {

// Margin for the time in which a lost history placed orders, because the venue has another clock.
constexpr domain::Duration kRestoreMargin = std::chrono::seconds(2);

}  // namespace

Account::Account(const Settings& settings, Readiness& readiness, const QuoteBoard& quotes,
                 MarketWatches& markets, OrderDesk& desk, Exits& exits, OrderWatches& watches)
    : unread(readiness),
      balances(settings, quotes),
      readings(settings, readiness, watches, unread, claims, balances),
      progress(readiness, unread, readings, markets, desk, watches),
      trades(unread, settlements, markets, progress, exits, watches),
      settings_(settings),
      readiness_(readiness),
      desk_(desk),
      watches_(watches) {}

void Account::reconcile(Turn& turn, const VenueAccount& account) {
  if (mutated(Mutation::AllBalancesNeeded) && !account.unread_balances.empty())
    return readings.failed();
  const Ledger& ledger = turn.ledger;
  unread.read_again(account.trades_since);
  unread.note(turn, account);
  // Orders come before their trades, because a fill does not tell how large its order is.
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    if (ledger.orders().find(update.order) == nullptr) progress.updated(turn, update);
  }
  for (const domain::VenueTrade& trade : account.trades) trades.told(turn, trade);
  take_first_balance(turn, account);
  compare_open_orders(turn, account);
  cancel_lost_orders(turn, account);
  Listed listed;
  for (const domain::VenueOrderUpdate& order : account.open_orders) listed.insert(order.order);
  settle_ambiguous(turn, account, listed);
  settle_missing(turn, account, listed);
  readings.answered(account.read_at);
  progress.finish_closed(turn);
  remember_reconciled(turn);
  claims.settle(turn, account, unread, settlements);
  readings.compared(turn.now, account.balances_left);
  const auto booked = unread.unbooked_since() ? Balances::Booked::NotAll : Balances::Booked::All;
  if (!unread.any_trade()) balances.measure(turn, account, settlements, booked);
  if (balances.asks_for_income()) readings.want_balances();
  if (readiness_.reconcile(account.read_at)) return;
  readings.want();
  readings.drive(turn);
}

// A new journal begins with what the account has. What others have traded since it was opened is in
// that balance, and must be in the book before.
void Account::take_first_balance(Turn& turn, const VenueAccount& account) {
  if (turn.ledger.deposited() || !account.collateral_told) return;
  if (unread.any_trade() || unread.unbooked_since()) return;
  const ExpectedRange traded = settlements.cash(turn.ledger, account.read_at);
  if (!traded.exact()) return;  // it is read again soon
  const domain::Money before = account.collateral - domain::Money::from_raw(traded.low);
  turn.record(domain::CashMoved{before, account.collateral});
}

// A successor then looks for trades that no process has seen, however long ago they were matched.
void Account::remember_reconciled(Turn& turn) const {
  Timestamp until = readiness_.venue_time(readings.read_at());
  until = std::min(until, unread.unbooked_since().value_or(until));
  if (until >= turn.ledger.reconciled_until() + settings_.drift_every)
    turn.record(domain::AccountReconciled{until});
}

void Account::compare_open_orders(Turn& turn, const VenueAccount& account) {
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    const OrderRecord* order = turn.ledger.orders().find(update.order);
    const bool ended_here =
        order != nullptr && order->terminal() && order->status != OrderStatus::Rejected;
    if (!ended_here) {
      progress.updated(turn, update);
      continue;
    }
    // The order rests though the book has it ended: no order may stay at the venue unwatched.
    if (order->order.strategy.value == domain::kExternalStrategy) continue;
    const Timestamp ended_at = readiness_.believed(order->changed_at, turn.now);
    if (ended_at + settings_.missing_hold < account.read_at)
      turn.at_once.cancels.push_back(update.order);
  }
}

// Orders placed between a backup and its restore were most likely ours, and their reason is lost:
// they must not rest unwatched. The last of them may have been executed after the restore. An order
// that a trade named first looks filled in the book, because a trade does not tell how large its
// order is.
void Account::cancel_lost_orders(Turn& turn, const VenueAccount& account) {
  const auto& restores = turn.ledger.restores();
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    const OrderRecord* order = turn.ledger.orders().find(update.order);
    if (order == nullptr || order->order.strategy.value != domain::kExternalStrategy) continue;
    const Timestamp at = update.created_at.value_or(order->order.submitted_at);
    const bool lost =
        std::any_of(restores.begin(), restores.end(), [&](const Ledger::Restore& restore) {
          return restore.backup_at - kRestoreMargin <= at &&
                 at <= restore.at + settings_.ambiguous_hold + kRestoreMargin;
        });
    if (!lost) continue;
    if (order->terminal()) {
      turn.at_once.cancels.push_back(update.order);
    } else {
      desk_.cancel(turn, order->order.id, domain::CancelReason::Restored);
    }
  }
}

// A row that could not be read may be the trace of any order that it can concern.
bool Account::traced(const OrderRecord& order, const Listed& listed) const {
  return listed.contains(order.order.venue_id) || unread.may_concern(order.order.venue_id);
}

// Open orders and trades read after the hold show no trace of the order: it never arrived.
void Account::settle_ambiguous(Turn& turn, const VenueAccount& account, const Listed& listed) {
  const std::set<ClientOrderId> candidates = turn.ledger.orders().open();
  for (const ClientOrderId& id : candidates) {
    const OrderRecord& order = *turn.ledger.orders().find(id);
    if (order.status != OrderStatus::Ambiguous || traced(order, listed)) continue;
    const Timestamp until =
        held_until(order, watches_, readiness_.started_at(), settings_.ambiguous_hold);
    const bool held = !mutated(Mutation::NotFoundBelievedAtOnce) && account.read_at < until;
    if (held || account.trades_since > order.order.submitted_at) continue;
    turn.record(order, domain::OrderRejected{id, domain::RejectReason::NotFoundAtVenue, {}});
  }
}

// The venue knew the order and does not list it any more: its fills are in this reading's trades.
// The order ends once a second reading agrees, because a single one may have been taken in the
// middle of a change.
void Account::settle_missing(Turn& turn, const VenueAccount& account, const Listed& listed) {
  const std::set<ClientOrderId> candidates = turn.ledger.orders().open();
  for (const ClientOrderId& id : candidates) {
    const OrderRecord& order = *turn.ledger.orders().find(id);
    const bool known =
        order.status == OrderStatus::Accepted || order.status == OrderStatus::PartiallyFilled;
    if (!known || traced(order, listed)) continue;
    OrderWatch& watch = watches_[id];
    const Timestamp changed_at = readiness_.believed(order.changed_at, turn.now);
    if (std::max(changed_at, watch.seen_at) >= account.read_at) continue;
    if (!watch.missing_since) {
      watch.missing_since = account.read_at;
      continue;
    }
    const domain::Duration hold = watch.delayed ? settings_.delayed_hold : settings_.missing_hold;
    if (account.read_at < *watch.missing_since + hold) continue;
    turn.record(order, domain::OrderCanceled{id, order.end_reason()});
  }
}

}  // namespace polybot::order_manager
