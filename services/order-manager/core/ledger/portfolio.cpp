#include "services/order-manager/core/ledger/portfolio.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::MarketId;
using domain::Money;
using domain::StrategyName;

// ---- the fold ----------------------------------------------------------------------------------

void Portfolio::filled(const StrategyName& strategy, const domain::OrderFilled& fill,
                       std::uint64_t seq) {
  MarketPosition& position = positions_[strategy][fill.instrument.market];
  position.token(fill.instrument.outcome).add(fill);
  position.last_fill_seq = seq;
  cash_ += cash_flow(fill);
  drop_mark_if_flat(fill.instrument.market);
}

void Portfolio::advanced(const StrategyName& strategy, const domain::OrderFilled& fill,
                         domain::FillStatus status) {
  positions_[strategy][fill.instrument.market]
      .token(fill.instrument.outcome)
      .advance(fill.fill, status);
}

void Portfolio::reversed(const StrategyName& strategy, const domain::OrderFilled& fill,
                         std::uint64_t seq) {
  MarketPosition& position = positions_[strategy][fill.instrument.market];
  position.token(fill.instrument.outcome).remove(fill.fill);
  position.last_fill_seq = seq;
  cash_ -= cash_flow(fill);
  drop_mark_if_flat(fill.instrument.market);
}

void Portfolio::opened(const StrategyName& strategy, const domain::HoldingOpened& event,
                       std::uint64_t seq) {
  MarketPosition& position = positions_[strategy][event.instrument.market];
  position.token(event.instrument.outcome).open(event.quantity, event.value);
  position.last_fill_seq = seq;
  moved_in_ += event.value;  // in kind
}

void Portfolio::drop_mark_if_flat(const MarketId& market) {
  const auto holds_shares = [&](const auto& entry) {
    const auto it = entry.second.find(market);
    return it != entry.second.end() && !it->second.flat();
  };
  if (std::none_of(positions_.begin(), positions_.end(), holds_shares)) marks_.erase(market);
}

void Portfolio::marked(const domain::MarksTaken& marks) {
  for (const auto& mark : marks.marks) marks_[mark.market] = mark.yes;
  raise_peaks();
}

void Portfolio::resolved(const domain::MarketResolved& event, domain::Timestamp at) {
  Resolution& resolution = resolutions_[event.market];
  resolution.payout = event.payout;
  // There is one record per holder, and more when the result is corrected.
  if (resolution.at == domain::Timestamp{}) resolution.at = at;
  raise_peaks();
}

void Portfolio::claim_paid(const domain::ClaimPaid& event) {
  resolutions_[event.market].paid += event.cash;
  cash_ += event.cash;
}

void Portfolio::cash_moved(Money amount) {
  cash_ += amount;
  moved_in_ += amount;
}

void Portfolio::income_booked(const StrategyName& strategy, const domain::IncomeBooked& event) {
  constexpr std::size_t kDaysKept = 7;
  cash_ += event.amount;
  past_realized_[strategy] += event.amount;
  income_[event.date].at(static_cast<std::size_t>(event.kind)) += event.amount;
  if (income_.size() > kDaysKept) income_.erase(income_.begin());
}

// What has been explained is neither a loss of an earlier day nor one that an operator has
// accepted: as much may be lost again before it counts, and no more.
void Portfolio::missing(Money amount) {
  const Money explained = missing_ - amount;
  missing_ = amount;
  missing_at_day_open_ = std::min(missing_at_day_open_, amount);
  if (explained.is_positive())
    account_.daily_acknowledged = std::max(Money{}, account_.daily_acknowledged - explained);
}

void Portfolio::day_opened(const domain::DayOpened& event) {
  day_ = event.date;
  missing_at_day_open_ = missing_;
  for (auto& [strategy, baseline] : baselines_) {
    baseline.day_open = results(strategy).equity();
    baseline.daily_acknowledged = {};
  }
  account_.day_open = {};
  account_.daily_acknowledged = {};
  for (const auto& [strategy, equity] : event.equity) {
    baselines_[strategy].day_open = equity;
    account_.day_open += equity;
  }
  raise_peaks();
}

void Portfolio::raise_peaks() {
  Money account;
  for (const auto& [strategy, equity] : equities()) {
    baselines_[strategy].raise_peak(equity);
    account += equity;
  }
  account_.raise_peak(account);
}

// An operator has accepted a fall from the old peak, not from the new one.
void Portfolio::Baseline::raise_peak(Money equity) {
  if (equity <= peak) return;
  peak = equity;
  drawdown_acknowledged = {};
}

void Portfolio::forget(const MarketId& market) {
  for (auto& [strategy, positions] : positions_) {
    const auto it = positions.find(market);
    if (it == positions.end()) continue;
    Results results;
    add_results(market, it->second, results);
    past_realized_[strategy] += results.realized;
    positions.erase(it);
  }
  marks_.erase(market);
  const auto resolution = resolutions_.find(market);
  if (resolution == resolutions_.end()) return;
  resolution->second.paid = {};  // that account is closed; a late fill opens a new one
  past_resolutions_.push_back(market);
  if (past_resolutions_.size() <= kResolvedMarketsMax) return;
  const MarketId oldest = past_resolutions_.front();
  past_resolutions_.pop_front();
  const bool held_again = std::any_of(positions_.begin(), positions_.end(), [&](const auto& entry) {
    return entry.second.contains(oldest);
  });
  if (!held_again) resolutions_.erase(oldest);
}

bool Portfolio::forgettable(const MarketId& market) const {
  bool flat = true;
  bool held = false;
  for (const auto& [strategy, positions] : positions_) {
    const auto it = positions.find(market);
    if (it == positions.end()) continue;
    held = true;
    if (!it->second.yes.final() || !it->second.no.final()) return false;
    flat = flat && it->second.flat();
  }
  if (!held) return false;
  return resolutions_.contains(market) ? claim(market).is_zero() : flat;
}

std::optional<StrategyName> Portfolio::last_holder(const MarketId& market) const {
  for (auto it = positions_.rbegin(); it != positions_.rend(); ++it) {
    if (it->second.contains(market)) return it->first;
  }
  return std::nullopt;
}

bool Portfolio::holds(const MarketId& market) const {
  return std::any_of(positions_.begin(), positions_.end(),
                     [&](const auto& entry) { return entry.second.contains(market); });
}

void Portfolio::acknowledge_losses(const std::optional<StrategyName>& strategy) {
  Baseline& baseline = strategy ? baselines_[*strategy] : account_;
  baseline.daily_acknowledged = loss(strategy ? daily_pnl(*strategy) : account_daily_result());
  baseline.drawdown_acknowledged = strategy ? drawdown(*strategy) : account_drawdown();
}

}  // namespace polybot::order_manager
