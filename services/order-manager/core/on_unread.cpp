// What the venue tells of the account and nobody can read: what it may concern waits, until it can
// be read or a day is over.
#include <algorithm>
#include <utility>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::TokenId;
using domain::VenueAccount;

// Rows that could not be read, those of trades from earlier on included: they are sought until they
// can be, for a day, and then given up, so that balances are compared again. A row does not count
// as gone because this reading did not ask for its time.
void OrderManager::State::note_unread(const VenueAccount& account) {
  using Kind = VenueAccount::Unread::Kind;
  unread.orders.clear();
  unread.any_order = false;
  unread.open_orders = 0;
  std::erase_if(unread.missing, [&](const auto& entry) { return now >= entry.second.until; });
  const std::map<std::string, Unread::Trade> before = unread.trades;
  for (const auto& [id, trade] : before) {
    if (!trade.matched_at || *trade.matched_at >= account.trades_since) {
      unread.trades.erase(id);
    } else if (sought_long_enough(trade)) {
      give_up(id);
    }
  }
  for (const VenueAccount::Unread& row : account.unread) {
    if (row.kind == Kind::Trade) {
      const auto known = before.find(row.id);
      note_unread_trade(row, known == before.end() ? std::nullopt : std::optional(known->second),
                        account.trades_since);
      continue;
    }
    ++unread.open_orders;
    unread.orders.insert(row.orders.begin(), row.orders.end());
    unread.any_order = unread.any_order || !row.names_all;
  }
  for (const VenueAccount::Holding& holding : account.holdings)
    unread.balances.erase(holding.token);
  unread.balances.insert(account.unread_balances.begin(), account.unread_balances.end());
  std::erase_if(unread.balances, [&](const TokenId& token) { return !compared(token); });
}

void OrderManager::State::note_unread_trade(const VenueAccount::Unread& row,
                                            std::optional<Unread::Trade> known,
                                            Timestamp trades_since) {
  if (booked(row)) return;  // by an event that could be read
  Unread::Trade trade = known.value_or(Unread::Trade{.since = now});
  trade.matched_at = row.matched_at;
  std::vector<const OrderRecord*> ours;
  for (const domain::VenueOrderId& id : row.orders) {
    if (const OrderRecord* order = ledger.orders().find(id)) ours.push_back(order);
  }
  if (!ours.empty()) trade.market = ours.front()->order.instrument.market;
  // As one that can be read: of an order that was forgotten before, most likely booked then.
  const bool forgotten = !known && ours.empty() && row.names_all && row.matched_at &&
                         *row.matched_at < ledger.orders().forgotten_before();
  if (forgotten || unread.given_up.contains(row.id) || sought_long_enough(trade))
    return give_up(row.id);
  unread.orders.insert(row.orders.begin(), row.orders.end());
  unread.any_order = unread.any_order || !row.names_all;
  if (unread.trades.size() < kUnreadTradesMax) unread.trades.emplace(row.id, trade);
  for (const OrderRecord* order : ours) {
    if (order->fills.contains({row.id}) || unread.missing.size() >= kUnreadTradesMax) continue;
    Unread::Missing missing{.order = order->order, .until = now + kUnbookedSoughtFor};
    if (order->leaves().is_positive()) missing.order.quantity = order->leaves();
    unread.missing.try_emplace({{row.id}, order->order.venue_id}, std::move(missing));
  }
  // One that does not tell when it was matched is in what was asked for.
  const Timestamp matched = row.matched_at.value_or(trades_since + kTradesMargin);
  if (matched + kUnbookedSoughtFor > venue_time(now))
    unbooked_since = std::min(unbooked_since.value_or(matched), matched);
}

bool OrderManager::State::sought_long_enough(const Unread::Trade& trade) const {
  return trade.matched_at.value_or(venue_time(trade.since)) + kUnbookedSoughtFor <= venue_time(now);
}

void OrderManager::State::give_up(const std::string& trade) {
  unread.trades.erase(trade);
  std::erase_if(unread.missing,
                [&](const auto& entry) { return entry.first.first.value == trade; });
  if (unread.given_up.size() >= kUnreadTradesMax || !unread.given_up.insert(trade).second) return;
  ++unread_given_up;
  out->after_commit.given_up.push_back(trade);
}

bool OrderManager::State::any_unread() const {
  return !unread.trades.empty() || unread.open_orders > 0 || unread.any_order ||
         !unread.orders.empty();
}

bool OrderManager::State::may_be_unread(const domain::MarketId& market) const {
  return unread.trades.size() >= kUnreadTradesMax ||
         std::any_of(unread.trades.begin(), unread.trades.end(), [&](const auto& entry) {
           return !entry.second.market || *entry.second.market == market;
         });
}

// All of it that is ours, as far as it tells.
bool OrderManager::State::booked(const VenueAccount::Unread& trade) const {
  std::size_t fills = 0;
  for (const domain::VenueOrderId& id : trade.orders) {
    const OrderRecord* order = ledger.orders().find(id);
    if (order == nullptr) continue;
    if (!order->fills.contains({trade.id})) return false;
    ++fills;
  }
  return fills > 0 && trade.names_all;
}

bool OrderManager::State::compared(const TokenId& token) const {
  const auto instrument = ledger.instrument(token);
  if (!instrument) return false;
  if (ledger.portfolio().resolutions().contains(instrument->market))
    return ledger.portfolio().claim(instrument->market).is_positive();
  const auto& positions = ledger.portfolio().positions();
  return std::any_of(positions.begin(), positions.end(), [&](const auto& strategy) {
    return strategy.second.contains(instrument->market);
  });
}

bool OrderManager::State::may_be_unread(const OrderRecord& order) const {
  return unread.any_order || unread.orders.contains(order.order.venue_id);
}

}  // namespace polybot::order_manager
