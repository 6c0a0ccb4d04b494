// Reconciliation: the venue's account read by REST against the book. Start-up, reconnect, the
// minute's comparison, ambiguous and missing orders, and claims all end here. There is one reading
// at a time, and it takes as long as the venue answers: the shell always reports its end.
#include <algorithm>
#include <utility>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::ClientOrderId;
using domain::OrderStatus;
using domain::TokenId;
using domain::VenueAccount;

namespace {

// The venue takes a request per token and 200 of them in ten seconds.
constexpr std::size_t kClaimsPerReading = 10;
constexpr std::size_t kHeldPerReading = 60;
// Known to differ from the book: read with every comparison, to see whether they still do.
constexpr std::size_t kDifferingPerReading = 20;
// Where nothing is held, only what others sent to the account can differ.
constexpr std::size_t kFlatPerReading = 16;

// The next of `ids` after `last`, going round; `last` becomes the last one taken.
template <class Id>
std::vector<Id> take_in_turn(const std::set<Id>& ids, Id& last, std::size_t max) {
  std::vector<Id> taken;
  auto next = ids.upper_bound(last);
  while (taken.size() < std::min(max, ids.size())) {
    if (next == ids.end()) next = ids.begin();
    taken.push_back(*next++);
  }
  if (!taken.empty()) last = taken.back();
  return taken;
}

}  // namespace

void OrderManager::State::want_account() {
  account_wanted = true;
}

void OrderManager::State::on(const AccountReadFailed&) {
  if (account_reading) ++reconciliations_failed;
  account_reading = false;
  // The balances may be what the venue would not tell: what else a reading is for goes before.
  if (std::exchange(account_compares, false)) drift_due = false;
  account_wanted = true;
}

void OrderManager::State::drive_account() {
  if (now >= next_drift_at) {
    drift_due = true;
    next_drift_at = now + settings.drift_every;
  }
  for (const ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.status == OrderStatus::Ambiguous && now >= held_until(order)) account_wanted = true;
  }
  for (const auto& [id, watch] : watches) {
    if (watch.missing_since && now >= *watch.missing_since + settings.missing_hold)
      account_wanted = true;
    const OrderRecord* order = ledger.orders().find(id);
    const bool untold = order != nullptr && watch.told_matched > order->filled;
    if (untold && now >= watch.told_at + kTradeDue && account_read_at < watch.told_at)
      account_wanted = true;
  }
  const auto& resolutions = ledger.portfolio().resolutions();
  const bool claims = std::any_of(resolutions.begin(), resolutions.end(), [&](const auto& entry) {
    return ledger.portfolio().claim(entry.first).is_positive();
  });
  if (claims && now >= account_asked_at + kClaimReadPause) account_wanted = true;
  if (any_unread() && now >= account_asked_at + kUnreadPause) account_wanted = true;
  // Balances are compared once orders and trades are known to be right: trading need not wait.
  const bool compares = drift_due && reconciled && !account_compares && unread.trades.empty();
  if (compares) account_wanted = true;
  const bool too_soon =
      account_asked_at != Timestamp{} && now < account_asked_at + settings.account_read_pause;
  // Without the venue's clock nobody knows which of its trades are ours to ask for.
  const bool possible = rest_up && user_up && clock_offset;
  if (!account_wanted || account_reading || too_soon || !possible) return;
  account_wanted = false;
  account_reading = true;
  account_compares = compares;
  account_asked_at = now;
  std::vector<TokenId> tokens = tokens_of_claims();
  if (compares) append_tokens_to_compare(tokens);
  out->after_commit.reads.push_back(ReadAccount{trades_since(), std::move(tokens)});
}

// Until when an order in doubt may still appear at the venue. The stamp of an earlier process says
// nothing here: the clock may have been put right in between, and that process wrote until it died.
Timestamp OrderManager::State::held_until(const OrderRecord& order) const {
  if (mutated(Mutation::StampsBelieved)) return order.last_byte_at + settings.ambiguous_hold;
  const auto watch = watches.find(order.order.id);
  const bool ours = watch != watches.end() && watch->second.last_byte_at;
  return (ours ? *watch->second.last_byte_at : started_at) + settings.ambiguous_hold;
}

// As far as is known: before the first answer the two are taken to agree.
Timestamp OrderManager::State::venue_time(Timestamp ours) const {
  if (mutated(Mutation::ClockUnchecked)) return ours;
  return ours + clock_offset.value_or(domain::Duration{});
}

// Far enough back to find every fill that may have been missed, by the venue's clock. Orders are
// only submitted while ours agrees with it.
Timestamp OrderManager::State::trades_since() const {
  Timestamp since = venue_time(account_read_at);
  if (account_read_at == Timestamp{}) {
    // Where the processes before left off. One of the future says nothing.
    since =
        ledger.reconciled_until() != Timestamp{} ? ledger.reconciled_until() : ledger.opened_at();
    if (since > venue_time(started_at)) since = {};
  }
  if (unbooked_since) since = std::min(since, *unbooked_since);
  // An order that rests for weeks must not make each reading tell of weeks.
  const Timestamp known_until = since - kRestingTradesMargin;
  for (const ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    const bool answered =
        order.status == OrderStatus::Accepted || order.status == OrderStatus::PartiallyFilled;
    const Timestamp submitted = order.order.submitted_at;
    since = std::min(since, answered ? std::max(submitted, known_until) : submitted);
  }
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      for (const TokenPosition* token : {&position.yes, &position.no}) {
        for (const TokenPosition::Entry& entry : token->entries()) {
          const FillRecord* fill = ledger.orders().find_fill(entry.id);
          if (fill != nullptr) since = std::min(since, fill->fill.matched_at);
        }
      }
    }
  }
  return std::max(since - kTradesMargin, Timestamp{});
}

// Both outcomes of each: what was lost is gone from the account, too.
std::vector<TokenId> OrderManager::State::tokens_of_claims() {
  std::set<domain::MarketId> owing;
  for (const auto& [market, resolution] : ledger.portfolio().resolutions()) {
    const bool owes = ledger.portfolio().claim(market).is_positive();
    if (owes && ledger.market(market) != nullptr) owing.insert(market);
  }
  std::vector<TokenId> tokens;
  for (const domain::MarketId& id : take_in_turn(owing, claims_read_to, kClaimsPerReading)) {
    tokens.push_back(ledger.market(id)->yes_token);
    tokens.push_back(ledger.market(id)->no_token);
  }
  return tokens;
}

// Markets that are traded stay in the book until they end, most of them flat: these are compared a
// few at a time.
void OrderManager::State::append_tokens_to_compare(std::vector<TokenId>& tokens) {
  std::set<TokenId> differing;
  std::set<TokenId> held;
  std::set<TokenId> flat;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [id, position] : positions) {
      const domain::Market* market = ledger.market(id);
      if (market == nullptr || ledger.portfolio().resolutions().contains(id)) continue;
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const TokenPosition& token = position.token(outcome);
        const bool moves = !token.holding().quantity.is_zero() || !token.final();
        const bool differs = token_differences.contains({id, outcome});
        auto& kind = differs ? differing : moves ? held : flat;
        kind.insert(domain::token_of(*market, outcome));
      }
    }
  }
  for (const TokenId& token : held) flat.erase(token);  // of another strategy
  if (!never_compared) {
    never_compared = held;
    never_compared->insert(flat.begin(), flat.end());
  }
  std::erase_if(*never_compared, [&](const TokenId& token) {
    return !held.contains(token) && !flat.contains(token);
  });
  const auto append = [&](const std::vector<TokenId>& more) {
    tokens.insert(tokens.end(), more.begin(), more.end());
  };
  append(take_in_turn(differing, differing_read_to, kDifferingPerReading));
  append(take_in_turn(held, held_read_to, kHeldPerReading));
  append(take_in_turn(flat, flat_read_to, kFlatPerReading));
}

void OrderManager::State::on(const VenueAccount& account) {
  account_reading = false;
  if (!ledger.deposited() && account.collateral_told) {
    // A new journal begins with what the account has.
    record({}, {}, domain::CashMoved{account.collateral, account.collateral});
  }
  // What this reading tells again is remembered again, should it still be impossible to book.
  if (unbooked_since && account.trades_since <= *unbooked_since) unbooked_since.reset();
  note_unread(account);
  // Before their trades: a fill does not tell how large its order is.
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    if (ledger.orders().find(update.order) == nullptr) on(update);
  }
  for (const domain::VenueTrade& trade : account.trades) on(trade);
  reconcile_open_orders(account);
  cancel_lost_orders(account);
  std::set<domain::VenueOrderId> open;
  for (const domain::VenueOrderUpdate& order : account.open_orders) open.insert(order.order);
  // What could not be read may be the trace of any order it can concern: none of these is gone.
  open.insert(unread.orders.begin(), unread.orders.end());
  if (!unread.any_order) {
    settle_ambiguous(account, open);
    settle_missing(account, open);
  }
  account_read_at = std::max(account_read_at, account.read_at);
  std::vector<ClientOrderId> closing;
  for (const auto& [id, watch] : watches) {
    if (watch.closing_since || watch.matched_at_once) closing.push_back(id);
  }
  for (const ClientOrderId& id : closing) finish_if_closed(id);
  remember_reconciled();
  settle_claims(account);
  measure_drift(account);
  ++reconciliations_ok;
  // Only a reading that began with the user channel up has missed nothing.
  if (user_up && account.read_at >= user_up_at) {
    reconciled = true;
  } else {
    want_account();
    drive_account();
  }
}

// So that a successor looks for what nobody has seen, however long ago it was matched.
void OrderManager::State::remember_reconciled() {
  Timestamp until = venue_time(account_read_at);
  if (unbooked_since) until = std::min(until, *unbooked_since);
  if (until < ledger.reconciled_until() + settings.drift_every) return;
  record({}, {}, domain::AccountReconciled{until});
}

void OrderManager::State::reconcile_open_orders(const VenueAccount& account) {
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    const OrderRecord* order = ledger.orders().find(update.order);
    const bool ended_here =
        order != nullptr && order->terminal() && order->status != OrderStatus::Rejected;
    if (!ended_here) {
      on(update);
      continue;
    }
    // It rests though the book has it ended: the venue must not keep what nobody watches. Orders of
    // others are theirs to cancel.
    if (order->order.strategy.value == domain::kExternalStrategy) continue;
    if (believed(order->changed_at) + settings.missing_hold < account.read_at) {
      out->at_once.cancels.push_back(update.order);
    }
  }
}

// What was placed between a backup and its restore was most likely placed by us, and nobody knows
// any more why: it must not rest unwatched. One that a trade told of first looks filled in the
// book, for a trade does not tell how large its order is.
void OrderManager::State::cancel_lost_orders(const VenueAccount& account) {
  for (const domain::VenueOrderUpdate& update : account.open_orders) {
    const OrderRecord* order = ledger.orders().find(update.order);
    if (order == nullptr || order->order.strategy.value != domain::kExternalStrategy) continue;
    const Timestamp at = update.created_at.value_or(order->order.submitted_at);
    const bool lost = std::any_of(
        ledger.restores().begin(), ledger.restores().end(), [&](const Ledger::Restore& restore) {
          return restore.backup_at - kRestoreMargin <= at && at <= restore.at + kRestoreMargin;
        });
    if (!lost) continue;
    if (order->terminal()) {
      out->at_once.cancels.push_back(update.order);
    } else {
      request_cancel(order->order.id, domain::CancelReason::Restored);
    }
  }
}

// No trace of it in open orders and trades read after the hold: it never arrived.
void OrderManager::State::settle_ambiguous(const VenueAccount& account,
                                           const std::set<domain::VenueOrderId>& open) {
  const std::set<ClientOrderId> candidates = ledger.orders().open();
  for (const ClientOrderId& id : candidates) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.status != OrderStatus::Ambiguous || open.contains(order.order.venue_id)) continue;
    const bool held =
        mutated(Mutation::NotFoundBelievedAtOnce) || account.read_at >= held_until(order);
    if (!held || account.trades_since > order.order.submitted_at) continue;
    record_order(order, domain::OrderRejected{id, domain::RejectReason::NotFoundAtVenue, {}});
  }
}

// The venue knew it and does not list it any more: its fills are in this reading's trades, and it
// ends once a second reading agrees. A single one may have been taken in the middle of a change.
void OrderManager::State::settle_missing(const VenueAccount& account,
                                         const std::set<domain::VenueOrderId>& open) {
  const std::set<ClientOrderId> candidates = ledger.orders().open();
  for (const ClientOrderId& id : candidates) {
    const OrderRecord& order = *ledger.orders().find(id);
    const bool known =
        order.status == OrderStatus::Accepted || order.status == OrderStatus::PartiallyFilled;
    if (!known || open.contains(order.order.venue_id)) continue;
    OrderWatch& watch = watches[id];
    if (std::max(believed(order.changed_at), watch.seen_at) >= account.read_at) continue;
    if (!watch.missing_since) {
      watch.missing_since = account.read_at;
      continue;
    }
    const domain::Duration hold = watch.delayed ? settings.delayed_hold : settings.missing_hold;
    if (account.read_at < *watch.missing_since + hold) continue;
    const auto reason = order.cancel_requested ? order.cancel_reason : domain::CancelReason::Venue;
    record_order(order, domain::OrderCanceled{id, reason});
  }
}

}  // namespace polybot::order_manager
