#include <algorithm>

#include "common/domain/mutation.hpp"
#include "services/order-manager/core/ledger/portfolio.hpp"

namespace polybot::order_manager {

using domain::MarketId;
using domain::Money;
using domain::Price;
using domain::Quantity;
using domain::StrategyName;

namespace {

Money payout_value(const MarketPosition& position, const domain::Payout& payout) {
  return domain::value_at(position.yes.holding(), payout.yes) +
         domain::value_at(position.no.holding(), payout.no);
}

// What the part of a holding that is no pair has cost, never less than its share.
Money unpaired_cost(const domain::Holding& holding, Quantity pairs) {
  if (holding.quantity.is_zero()) return {};
  const Quantity unpaired = holding.quantity - pairs;
  return Money::from_raw(domain::mul_div(std::abs(holding.cost.raw()), std::abs(unpaired.raw()),
                                         std::abs(holding.quantity.raw()), domain::Rounding::Up));
}

Money beyond(Money lost, Money acknowledged) {
  return lost > acknowledged ? lost - acknowledged : Money{};
}

}  // namespace

const MarketPosition* Portfolio::find(const StrategyName& strategy, const MarketId& market) const {
  const auto positions = positions_.find(strategy);
  if (positions == positions_.end()) return nullptr;
  const auto it = positions->second.find(market);
  return it == positions->second.end() ? nullptr : &it->second;
}

domain::PositionState Portfolio::state(const StrategyName& strategy, const MarketId& market) const {
  domain::PositionState state;
  state.market = market;
  const MarketPosition* position = find(strategy, market);
  if (position == nullptr) return state;
  const domain::Holding& yes = position->yes.holding();
  const domain::Holding& no = position->no.holding();
  state.realized = yes.realized + no.realized;
  if (const auto it = resolutions_.find(market); it != resolutions_.end()) {
    state.realized += payout_value(*position, it->second.payout) - yes.cost - no.cost;
    return state;
  }
  state.yes = yes.quantity;
  state.no = no.quantity;
  state.yes_cost = yes.cost;
  state.no_cost = no.cost;
  return state;
}

Quantity Portfolio::settled(const StrategyName& strategy,
                            const domain::Instrument& instrument) const {
  const MarketPosition* position = find(strategy, instrument.market);
  return position == nullptr ? Quantity{} : position->token(instrument.outcome).settled();
}

Quantity Portfolio::account_settled(const domain::Instrument& instrument) const {
  Quantity total;
  for (const auto& [strategy, positions] : positions_) total += settled(strategy, instrument);
  return total;
}

Quantity Portfolio::account_quantity(const domain::Instrument& instrument) const {
  Quantity total;
  for (const auto& [strategy, positions] : positions_) {
    const auto it = positions.find(instrument.market);
    if (it != positions.end()) total += it->second.token(instrument.outcome).holding().quantity;
  }
  return total;
}

Money Portfolio::unsettled_proceeds() const {
  Money total;
  for (const auto& [strategy, positions] : positions_) {
    for (const auto& [market, position] : positions) {
      total += position.yes.unsettled_proceeds() + position.no.unsettled_proceeds();
    }
  }
  return total;
}

std::optional<Price> Portfolio::mark(const MarketId& market) const {
  const auto it = marks_.find(market);
  return it == marks_.end() ? std::nullopt : std::optional<Price>(it->second);
}

Money Portfolio::value(const StrategyName& strategy, const MarketId& market) const {
  const MarketPosition* position = find(strategy, market);
  if (position == nullptr || resolutions_.contains(market)) return {};
  const auto at = mark(market);
  if (!at) return position->yes.holding().cost + position->no.holding().cost;
  return domain::value_at(position->yes.holding(), *at) +
         domain::value_at(position->no.holding(), domain::complement(*at));
}

Money Portfolio::exposure(const StrategyName& strategy, const MarketId& market) const {
  const MarketPosition* position = find(strategy, market);
  if (position == nullptr || resolutions_.contains(market)) return {};
  domain::Holding yes = position->yes.holding();
  domain::Holding no = position->no.holding();
  const Quantity pairs = std::max(Quantity{}, std::min(yes.quantity, no.quantity));
  const auto at = mark(market);
  if (!at) return unpaired_cost(yes, pairs) + unpaired_cost(no, pairs);
  yes.quantity -= pairs;
  no.quantity -= pairs;
  const Money yes_value = domain::value_at(yes, *at);
  const Money no_value = domain::value_at(no, domain::complement(*at));
  return Money::from_raw(std::abs(yes_value.raw())) + Money::from_raw(std::abs(no_value.raw()));
}

void Portfolio::add_results(const MarketId& market, const MarketPosition& position,
                            Results& results) const {
  const domain::Holding& yes = position.yes.holding();
  const domain::Holding& no = position.no.holding();
  results.realized += yes.realized + no.realized;
  const Money cost = yes.cost + no.cost;
  if (const auto it = resolutions_.find(market); it != resolutions_.end()) {
    results.realized += payout_value(position, it->second.payout) - cost;
    return;
  }
  const auto at = mark(market);
  if (!at) return;
  results.unrealized +=
      domain::value_at(yes, *at) + domain::value_at(no, domain::complement(*at)) - cost;
}

Results Portfolio::results(const StrategyName& strategy) const {
  Results results;
  if (const auto past = past_realized_.find(strategy); past != past_realized_.end()) {
    results.realized = past->second;
  }
  const auto positions = positions_.find(strategy);
  if (positions == positions_.end()) return results;
  for (const auto& [market, position] : positions->second) add_results(market, position, results);
  return results;
}

const Portfolio::Baseline& Portfolio::baseline(const StrategyName& strategy) const {
  static constexpr Baseline kFresh{};
  const auto it = baselines_.find(strategy);
  return it == baselines_.end() ? kFresh : it->second;
}

Money Portfolio::daily_pnl(const StrategyName& strategy) const {
  return results(strategy).equity() - baseline(strategy).day_open;
}

Money Portfolio::drawdown(const StrategyName& strategy) const {
  return std::max(Money{}, baseline(strategy).peak - results(strategy).equity());
}

Money Portfolio::account_equity() const {
  Money total;
  for (const auto& [strategy, equity] : equities()) total += equity;
  return total;
}

Money Portfolio::account_daily_pnl() const {
  return account_equity() - account_.day_open;
}

Money Portfolio::account_daily_result() const {
  if (mutated(Mutation::MissingCashIsNoLoss)) return account_daily_pnl();
  return account_daily_pnl() - std::max(Money{}, missing_ - missing_at_day_open_);
}

Money Portfolio::income(domain::IncomeKind kind, domain::UtcDate date) const {
  const auto found = income_.find(date);
  return found == income_.end() ? Money{} : found->second.at(static_cast<std::size_t>(kind));
}

Money Portfolio::account_drawdown() const {
  return std::max(Money{}, account_.peak - account_equity());
}

Portfolio::Losses Portfolio::unacknowledged_losses(
    const std::optional<StrategyName>& strategy) const {
  const Baseline& base = strategy ? baseline(*strategy) : account_;
  const Money daily = loss(strategy ? daily_pnl(*strategy) : account_daily_result());
  const Money fall = strategy ? drawdown(*strategy) : account_drawdown();
  return {beyond(daily, base.daily_acknowledged), beyond(fall, base.drawdown_acknowledged)};
}

Money Portfolio::unconserved() const {
  Money explained = moved_in_;
  for (const auto& [strategy, realized] : past_realized_) explained += realized;
  for (const auto& [strategy, positions] : positions_) {
    for (const auto& [market, position] : positions) {
      for (const TokenPosition* token : {&position.yes, &position.no}) {
        explained += token->holding().realized - token->holding().cost;
      }
    }
  }
  for (const auto& [market, resolution] : resolutions_) {
    if (holds(market)) explained += resolution.paid;
  }
  return cash_ - explained;
}

std::map<StrategyName, Money> Portfolio::equities() const {
  std::map<StrategyName, Money> equities;
  for (const auto& [strategy, realized] : past_realized_) equities[strategy] = {};
  for (const auto& [strategy, positions] : positions_) equities[strategy] = {};
  for (auto& [strategy, equity] : equities) equity = results(strategy).equity();
  return equities;
}

Money Portfolio::claim(const MarketId& market) const {
  const auto resolution = resolutions_.find(market);
  if (resolution == resolutions_.end()) return {};
  Money owed;
  bool held = false;
  for (const auto& [strategy, positions] : positions_) {
    const auto it = positions.find(market);
    if (it == positions.end()) continue;
    held = true;
    owed += payout_value(it->second, resolution->second.payout);
  }
  return held ? owed - resolution->second.paid : Money{};
}

Money Portfolio::unredeemed() const {
  Money total;
  for (const auto& [market, resolution] : resolutions_) total += claim(market);
  return total;
}

std::optional<domain::Timestamp> Portfolio::oldest_claim() const {
  std::optional<domain::Timestamp> oldest;
  for (const auto& [market, resolution] : resolutions_) {
    if ((!oldest || resolution.at < *oldest) && claim(market).is_positive()) oldest = resolution.at;
  }
  return oldest;
}

std::uint64_t Portfolio::fills_provisional(const StrategyName& strategy) const {
  std::uint64_t count = 0;
  const auto positions = positions_.find(strategy);
  if (positions == positions_.end()) return 0;
  for (const auto& [market, position] : positions->second) {
    count += position.yes.provisional() + position.no.provisional();
  }
  return count;
}

void Portfolio::digest(Digest& digest) const {
  digest.add(cash_).add(moved_in_).add(missing_).add(missing_at_day_open_);
  for (const auto& [date, amounts] : income_) {
    digest.add(date.days);
    for (const Money amount : amounts) digest.add(amount);
  }
  for (const auto& [strategy, positions] : positions_) {
    digest.add(strategy).add(positions.size());
    for (const auto& [market, position] : positions) {
      digest.add(market).add(position.last_fill_seq);
      position.yes.digest(digest);
      position.no.digest(digest);
    }
  }
  for (const auto& [strategy, realized] : past_realized_) digest.add(strategy).add(realized);
  for (const auto& [market, mark] : marks_) digest.add(market).add(mark);
  for (const auto& [market, resolution] : resolutions_) {
    digest.add(market).add(resolution.payout.yes).add(resolution.payout.no).add(resolution.paid);
    digest.add(resolution.at);
  }
  for (const MarketId& market : past_resolutions_) digest.add(market);
  const auto add_baseline = [&](const Baseline& baseline) {
    digest.add(baseline.day_open).add(baseline.peak);
    digest.add(baseline.daily_acknowledged).add(baseline.drawdown_acknowledged);
  };
  for (const auto& [strategy, baseline] : baselines_) {
    digest.add(strategy);
    add_baseline(baseline);
  }
  add_baseline(account_);
  digest.add(day_ ? day_->days : -1);
}

}  // namespace polybot::order_manager
