#include "tests/simulation/loss_watch.hpp"

#include <algorithm>

namespace polybot::simulation {

namespace {

constexpr Duration kToNotice = seconds(2);

}  // namespace

void LossWatch::on(const domain::EventBody& body) {
  if (const auto* drift = std::get_if<domain::DriftMeasured>(&body)) {
    const domain::Money found = std::max(missing_ - drift->missing, domain::Money{});
    accepted_ = std::max(accepted_ - found, domain::Money{});
    missing_ = drift->missing;
    missing_before_ = std::min(missing_before_, missing_);
  } else if (std::holds_alternative<domain::DayOpened>(body)) {
    missing_before_ = missing_;
    accepted_ = {};
  } else if (const auto* change = std::get_if<domain::TradingStateChanged>(&body)) {
    if (!change->strategy && change->state == domain::TradingState::Active) accepts_ = true;
  }
}

domain::Money LossWatch::lost(const order_manager::Ledger& ledger) const {
  return std::max(missing_ - missing_before_ - ledger.portfolio().account_daily_pnl(),
                  domain::Money{});
}

void LossWatch::check(const order_manager::Ledger& ledger, bool bought, Timestamp now) {
  const domain::Money lost_today = lost(ledger);
  // At some moment of the turn.
  if (std::exchange(accepts_, false)) accepted_ = std::max(lost_before_, lost_today);
  lost_before_ = lost_today;
  const bool is_missing = missing_ > missing_before_;
  if (!is_missing || lost_today - accepted_ < limit_) return beyond_since_.reset();
  if (!beyond_since_) beyond_since_ = now;
  require(!bought || now < *beyond_since_ + kToNotice,
          "an order opens though " + lost_today.to_string() + " was lost today, of which " +
              (missing_ - missing_before_).to_string() + " is missing at the venue");
}

}  // namespace polybot::simulation
