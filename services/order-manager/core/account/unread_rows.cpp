#include "services/order-manager/core/account/unread_rows.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::Timestamp;
using domain::TokenId;

namespace {

constexpr domain::Duration kSoughtFor = std::chrono::hours(24);
constexpr std::size_t kTradesMax = 1'000;
// A trade that is being settled gets its numbers within seconds, so one that has none by then is
// reported.
constexpr domain::Duration kTold = std::chrono::seconds(30);

// All parts of the row that are ours are booked, as far as the row shows.
bool is_booked(const Orders& orders, const domain::VenueAccount::Unread& trade) {
  std::size_t fills = 0;
  for (const domain::VenueOrderId& id : trade.orders) {
    const OrderRecord* order = orders.find(id);
    if (order == nullptr) continue;
    if (!order->fills.contains({trade.id})) return false;
    ++fills;
  }
  return fills > 0 && trade.names_all;
}

// Readings still ask for balances of the token.
bool compared(const Ledger& ledger, const TokenId& token) {
  const auto instrument = ledger.instrument(token);
  if (!instrument) return false;
  if (ledger.portfolio().resolutions().contains(instrument->market))
    return ledger.portfolio().claim(instrument->market).is_positive();
  return ledger.portfolio().holds(instrument->market);
}

}  // namespace

void UnreadRows::note(Turn& turn, const domain::VenueAccount& account) {
  orders_.clear();
  any_order_ = false;
  open_orders_ = 0;
  std::erase_if(missing_, [&](const auto& entry) { return turn.now >= entry.second.until; });
  const std::map<std::string, Trade> before = trades_;
  for (const auto& [id, trade] : before) {
    if (!trade.matched_at || *trade.matched_at >= account.trades_since) {
      trades_.erase(id);
    } else if (sought_long_enough(trade, turn.now)) {
      give_up(turn, id);
    }
  }
  for (const Row& row : account.unread) {
    if (row.kind == Row::Kind::Trade) {
      const auto known = before.find(row.id);
      note_trade(turn, row, known == before.end() ? std::nullopt : std::optional(known->second),
                 account.trades_since);
      continue;
    }
    ++open_orders_;
    orders_.insert(row.orders.begin(), row.orders.end());
    any_order_ = any_order_ || !row.names_all;
  }
  for (const auto& holding : account.holdings) balances_.erase(holding.token);
  balances_.insert(account.unread_balances.begin(), account.unread_balances.end());
  std::erase_if(balances_, [&](const TokenId& token) { return !compared(turn.ledger, token); });
}

void UnreadRows::note_trade(Turn& turn, const Row& row, std::optional<Trade> known,
                            Timestamp trades_since) {
  const Orders& orders = turn.ledger.orders();
  if (is_booked(orders, row)) return;  // by an event that could be read
  Trade trade = known.value_or(Trade{.since = turn.now});
  trade.matched_at = row.matched_at;
  std::vector<const OrderRecord*> ours;
  for (const domain::VenueOrderId& id : row.orders) {
    if (const OrderRecord* order = orders.find(id)) ours.push_back(order);
  }
  if (!ours.empty()) trade.market = ours.front()->order.instrument.market;
  // The same rule holds for readable trades: if its order was forgotten before, it was most likely
  // booked then.
  const bool forgotten = !known && ours.empty() && row.names_all && row.matched_at &&
                         *row.matched_at < orders.forgotten_before();
  if (forgotten || given_up_.contains(row.id) || sought_long_enough(trade, turn.now))
    return give_up(turn, row.id);
  orders_.insert(row.orders.begin(), row.orders.end());
  any_order_ = any_order_ || !row.names_all;
  if (trades_.size() < kTradesMax) trades_.emplace(row.id, trade);
  for (const OrderRecord* order : ours) {
    if (order->fills.contains({row.id}) || missing_.size() >= kTradesMax) continue;
    Missing missing{.order = order->order, .until = turn.now + kSoughtFor};
    if (order->leaves().is_positive()) missing.order.quantity = order->leaves();
    missing_.try_emplace({{row.id}, order->order.venue_id}, std::move(missing));
  }
  // A trade without a time of its match lies within the time that was asked for.
  unbooked(row.matched_at.value_or(trades_since + kTradesMargin), turn.now);
}

bool UnreadRows::sought_long_enough(const Trade& trade, Timestamp now) const {
  const Timestamp from = trade.matched_at.value_or(readiness_.venue_time(trade.since));
  return from + kSoughtFor <= readiness_.venue_time(now);
}

void UnreadRows::give_up(Turn& turn, const std::string& trade) {
  trades_.erase(trade);
  std::erase_if(missing_, [&](const auto& entry) { return entry.first.first.value == trade; });
  if (given_up_.size() >= kTradesMax || !given_up_.insert(trade).second) return;
  turn.after_commit.given_up.push_back(trade);
}

void UnreadRows::unbooked(Timestamp matched_at, Timestamp now) {
  if (matched_at + kSoughtFor > readiness_.venue_time(now))
    unbooked_since_ = std::min(unbooked_since_.value_or(matched_at), matched_at);
}

void UnreadRows::read_again(Timestamp trades_since) {
  if (unbooked_since_ && trades_since <= *unbooked_since_) unbooked_since_.reset();
}

bool UnreadRows::any() const {
  return any_trade() || open_orders_ > 0 || any_order_ || !orders_.empty();
}

bool UnreadRows::may_concern(const domain::MarketId& market) const {
  return trades_.size() >= kTradesMax ||
         std::any_of(trades_.begin(), trades_.end(), [&](const auto& entry) {
           return !entry.second.market || *entry.second.market == market;
         });
}

const domain::Order* UnreadRows::missing(const domain::TradeId& trade,
                                         const domain::VenueOrderId& order) const {
  const auto found = missing_.find({trade, order});
  return found == missing_.end() ? nullptr : &found->second.order;
}

std::uint64_t UnreadRows::trades_told(Timestamp now) const {
  return static_cast<std::uint64_t>(
      std::count_if(trades_.begin(), trades_.end(),
                    [&](const auto& entry) { return now >= entry.second.since + kTold; }));
}

}  // namespace polybot::order_manager
