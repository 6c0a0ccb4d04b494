// When the venue's account is read, and what is asked for. Start-up, reconnect, the comparison of
// every minute, orders in doubt or missing, and claims all need a reading. There is one at a time,
// and it takes as long as the venue takes to answer: the shell always reports its end.
#pragma once

#include <algorithm>
#include <set>

#include "services/order-manager/core/account/balances.hpp"
#include "services/order-manager/core/account/claims.hpp"
#include "services/order-manager/core/orders/order_watch.hpp"

namespace polybot::order_manager {

// Until when an order in doubt may still appear at the venue. The stamp of an earlier process does
// not count: the clock may have been put right in between, and that process wrote until it died.
[[nodiscard]] domain::Timestamp held_until(const OrderRecord& order, const OrderWatches& watches,
                                           domain::Timestamp started_at, domain::Duration hold);

class AccountReadings {
 public:
  AccountReadings(const Settings& settings, const Readiness& readiness, const OrderWatches& watches,
                  const UnreadRows& unread, Claims& claims, Balances& balances)
      : settings_(settings),
        readiness_(readiness),
        watches_(watches),
        unread_(unread),
        claims_(claims),
        balances_(balances) {}

  // ---- what happens
  void want() { wanted_ = true; }
  // The venue sees another balance than the book.
  void want_balances() { wanted_ = drift_due_ = true; }
  // A reading under way began before the user channel was up. The one that counts comes after it.
  void reconnected();
  void failed();
  // The venue wants no readings before then.
  void throttled(domain::Timestamp until) { not_before_ = std::max(not_before_, until); }
  void answered(domain::Timestamp read_at);
  // Balances were compared as far as the reading under way allowed; some may be left for the next.
  void compared(domain::Timestamp now, bool balances_left);
  // Asks for a reading when one is due and the venue can be asked.
  void drive(Turn& turn);

  // ---- what is so
  // The beginning of the newest complete reading.
  [[nodiscard]] domain::Timestamp read_at() const { return read_at_; }
  [[nodiscard]] std::uint64_t ok() const { return ok_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  [[nodiscard]] bool due(const Turn& turn) const;
  // A trade that is not final is read until it is: with the others at first, and by its id once it
  // is old, so that one that never becomes final does not make each reading cover days.
  struct Unfinal {
    domain::Timestamp since{};        // the oldest of the recent ones
    std::set<domain::TradeId> stuck;  // the others
  };
  [[nodiscard]] Unfinal unfinal(const Ledger& ledger, domain::Timestamp otherwise) const;
  [[nodiscard]] domain::Timestamp trades_since(const Ledger& ledger) const;

  const Settings& settings_;
  const Readiness& readiness_;
  const OrderWatches& watches_;
  const UnreadRows& unread_;
  Claims& claims_;
  Balances& balances_;
  bool wanted_ = true;
  bool reading_ = false;
  bool compares_ = false;  // the reading under way
  bool drift_due_ = true;
  domain::Timestamp next_drift_at_{};
  domain::Timestamp asked_at_{};
  domain::Timestamp not_before_{};
  domain::Timestamp read_at_{};
  domain::TradeId stuck_read_to_;  // where the turn stands
  std::uint64_t ok_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace polybot::order_manager
