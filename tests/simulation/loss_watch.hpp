// Cash that is missing at the venue without a reason is a loss of the day: once it exceeds what may
// be lost in a day, beyond what an operator has accepted and what was won meanwhile, nothing is
// bought any more.
#pragma once

#include <optional>

#include "services/order-manager/core/ledger/ledger.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class LossWatch {
 public:
  explicit LossWatch(domain::Money daily_loss_max) : limit_(daily_loss_max) {}

  // A record that is durable.
  void on(const domain::EventBody& body);
  // The state after a turn in which strategies bought, or did not. Throws Violation.
  void check(const order_manager::Ledger& ledger, bool bought, Timestamp now);

 private:
  [[nodiscard]] domain::Money lost(const order_manager::Ledger& ledger) const;

  domain::Money limit_;
  domain::Money missing_;
  domain::Money missing_before_;  // when the day began, unless it was found since
  domain::Money accepted_;        // loss of the day that an operator has seen
  domain::Money lost_before_;     // after the last turn
  bool accepts_ = false;          // in this turn
  std::optional<Timestamp> beyond_since_;
};

}  // namespace polybot::simulation
