// Claims on resolved markets. A claim is paid when the winning shares are gone from the account and
// its cash shows the payout. Where money is missing for another reason the payout never shows;
// shares that stay gone have been redeemed all the same, and the missing money is drift.
#pragma once

#include <map>
#include <vector>

#include "services/order-manager/core/account/settlements.hpp"
#include "services/order-manager/core/account/unread_rows.hpp"

namespace polybot::order_manager {

class Claims {
 public:
  [[nodiscard]] static bool any(const Portfolio& portfolio);
  // Both outcomes of the claims that are next, because the losing shares leave the account too.
  [[nodiscard]] std::vector<domain::TokenId> next_tokens(const Ledger& ledger);
  // Records the claims that a reading shows to be paid.
  void settle(Turn& turn, const domain::VenueAccount& account, const UnreadRows& unread,
              const Settlements& settlements);

 private:
  domain::MarketId read_to_;  // where the turn stands
  std::map<domain::MarketId, domain::Timestamp> shares_gone_since_;
};

}  // namespace polybot::order_manager
