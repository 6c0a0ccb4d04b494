// The account as the venue reports it: orders, trades, balances. A reading of it is compared with
// the book, and what is missing on either side is settled.
#pragma once

#include <set>

#include "services/order-manager/core/account/trades.hpp"

namespace polybot::order_manager {

class Account {
 public:
  Account(const Settings& settings, Readiness& readiness, const QuoteBoard& quotes,
          MarketWatches& markets, OrderDesk& desk, Exits& exits, OrderWatches& watches);

  // A reading has come.
  void reconcile(Turn& turn, const domain::VenueAccount& account);

  UnreadRows unread;
  Settlements settlements;
  Claims claims;
  Balances balances;
  AccountReadings readings;
  OrderProgress progress;
  Trades trades;

 private:
  using Listed = std::set<domain::VenueOrderId>;
  [[nodiscard]] bool traced(const OrderRecord& order, const Listed& listed) const;
  void take_first_balance(Turn& turn, const domain::VenueAccount& account);
  void remember_reconciled(Turn& turn) const;
  void compare_open_orders(Turn& turn, const domain::VenueAccount& account);
  void cancel_lost_orders(Turn& turn, const domain::VenueAccount& account);
  void settle_ambiguous(Turn& turn, const domain::VenueAccount& account, const Listed& listed);
  void settle_missing(Turn& turn, const domain::VenueAccount& account, const Listed& listed);

  const Settings& settings_;
  Readiness& readiness_;
  OrderDesk& desk_;
  OrderWatches& watches_;
};

}  // namespace polybot::order_manager
