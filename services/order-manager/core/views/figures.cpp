#include "services/order-manager/core/views/figures.hpp"

#include <algorithm>
#include <set>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::OrderStatus;
using domain::Quantity;
using domain::Timestamp;

namespace {

void add_orders(const Ledger& ledger, StrategySnapshot& snapshot) {
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.order.strategy != snapshot.strategy) continue;
    // By first entry: a resurrected order has been counted as ended.
    if (!order.ended()) ++snapshot.orders_live[static_cast<std::size_t>(order.order.side)];
    if (order.status == OrderStatus::Ambiguous) ++snapshot.orders_ambiguous;
    const bool unanswered =
        order.status == OrderStatus::Submitted || order.status == OrderStatus::Ambiguous;
    if (!unanswered) continue;
    const Timestamp at = order.order.submitted_at;
    snapshot.oldest_pending = std::min(snapshot.oldest_pending.value_or(at), at);
  }
}

std::optional<Timestamp> oldest_provisional(const Ledger& ledger, const StrategyName& strategy) {
  std::optional<Timestamp> oldest;
  const auto positions = ledger.portfolio().positions().find(strategy);
  if (positions == ledger.portfolio().positions().end()) return oldest;
  for (const auto& [market, position] : positions->second) {
    for (const TokenPosition* token : {&position.yes, &position.no}) {
      for (const TokenPosition::Entry& entry : token->entries()) {
        const FillRecord* fill = ledger.orders().find_fill(entry.id);
        if (fill == nullptr || entry.status == domain::FillStatus::Confirmed) continue;
        oldest = std::min(oldest.value_or(fill->fill.matched_at), fill->fill.matched_at);
      }
    }
  }
  return oldest;
}

Money unhedged(const Ledger& ledger, const StrategyName& strategy) {
  Money total;
  for (const domain::SignalId& signal : ledger.legs().unlevel()) {
    const LegGroup& group = ledger.legs().all().at(signal);
    if (group.strategy != strategy) continue;
    const auto quantities = ledger.leg_quantities(group);
    Quantity least = quantities.front().quantity;
    for (const LegQuantity& leg : quantities) least = std::min(least, leg.quantity);
    for (const LegQuantity& leg : quantities) {
      const auto mark = ledger.portfolio().mark(leg.instrument.market);
      const OrderRecord* order = nullptr;
      for (const LegGroup::Leg& of : group.legs) {
        if (of.instrument == leg.instrument) order = ledger.orders().find(of.order);
      }
      // Before the first mark, the most that was paid for it.
      Price price = mark ? yes_price(leg.instrument.outcome, *mark) : Price{};
      if (!mark && order != nullptr) price = order->order.limit;
      total += domain::notional(price, leg.quantity - least, domain::Rounding::Down);
    }
  }
  return total;
}

void add_counts(domain::OrderCounts& counts, const StrategyCounters& counters) {
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t status = 0; status < counts.orders.size(); ++status) {
      counts.orders[status] += counters.orders[side][status];
    }
    counts.denied += counters.orders_denied[side];
    counts.fills += counters.fills[side][0] + counters.fills[side][1];
  }
  for (std::size_t reason = 0; reason < counts.denials.size(); ++reason) {
    counts.denials[reason] += counters.denials[reason];
  }
  counts.fills_reversed += counters.fills_reversed;
  for (std::size_t state = 0; state < counts.state_changes.size(); ++state) {
    for (std::size_t reason = 0; reason < counts.state_changes[state].size(); ++reason) {
      counts.state_changes[state][reason] += counters.state_changes[state][reason];
    }
  }
}

}  // namespace

domain::OrderCounts counts_of(const Ledger& ledger, const std::optional<StrategyName>& strategy) {
  domain::OrderCounts counts;
  for (const auto& [name, counters] : ledger.counters()) {
    if (!strategy || *strategy == name) add_counts(counts, counters);
  }
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    // By first entry: a resurrected order has been counted as ended.
    const bool in_scope = !strategy || *strategy == order.order.strategy;
    if (in_scope && !order.ended()) ++counts.live;
  }
  return counts;
}

Figures OrderManager::figures(Timestamp now) const {
  const State& state = *state_;
  const Ledger& ledger = state.ledger;
  const Portfolio& portfolio = ledger.portfolio();
  const UnreadRows& unread = state.account.unread;
  std::set<StrategyName> names = {{std::string(domain::kUnknownStrategy)},
                                  {std::string(domain::kExternalStrategy)}};
  for (const ConfiguredStrategy& strategy : state.settings.strategies) names.insert(strategy.name);
  for (const auto& [strategy, counters] : ledger.counters()) {
    if (!strategy.value.empty()) names.insert(strategy);
  }
  Figures figures{.journal_id = ledger.journal_id(),
                  .fold_version = kFoldVersion,
                  .sequence = ledger.last_seq(),
                  .trading_state = ledger.trading_state(std::nullopt),
                  .acknowledged_until = ledger.own_trading_status(std::nullopt).acknowledged_until,
                  .account_drawdown = portfolio.account_drawdown(),
                  .account_utilization = state.desk.risk().utilization(ledger, std::nullopt),
                  .cash = portfolio.cash(),
                  .free_collateral = RiskEngine::free_collateral(ledger),
                  .headroom = state.desk.risk().headroom(ledger),
                  .unredeemed = portfolio.unredeemed(),
                  .oldest_claim = portfolio.oldest_claim(),
                  .drift_cash = Money::from_raw(std::abs(ledger.drift().cash.raw())),
                  .drift_positions = ledger.drift().positions,
                  .journal_events = ledger.event_counts(),
                  .reconciliations_ok = state.account.readings.ok(),
                  .reconciliations_failed = state.account.readings.failures(),
                  .unread_trades = unread.trades_told(now),
                  .unread_open_orders = unread.open_orders(),
                  .unread_balances = unread.balances(),
                  .unread_given_up = unread.given_up(),
                  .submissions_paused = state.readiness.pause.cause(now),
                  .mode = state.settings.mode,
                  .fills_beyond_order = state.account.trades.beyond_order()};
  if (const auto account = ledger.counters().find(StrategyName{});
      account != ledger.counters().end()) {
    figures.account_state_changes = account->second.state_changes;
  }
  for (const StrategyName& name : names) figures.strategies.push_back(state.snapshot(name, now));
  return figures;
}

StrategySnapshot OrderManager::State::snapshot(const StrategyName& name, Timestamp at) const {
  const Portfolio& portfolio = ledger.portfolio();
  StrategySnapshot snapshot{.strategy = name};
  if (const auto it = ledger.counters().find(name); it != ledger.counters().end()) {
    snapshot.counters = it->second;
  }
  add_orders(ledger, snapshot);
  const Results results = portfolio.results(name);
  snapshot.pnl_total = results.equity();
  snapshot.realized = results.realized;
  snapshot.unrealized = results.unrealized;
  snapshot.daily_pnl = portfolio.daily_pnl(name);
  snapshot.drawdown = portfolio.drawdown(name);
  snapshot.exposure = RiskEngine::exposure(ledger, name);
  snapshot.unhedged_exposure = unhedged(ledger, name);
  snapshot.fills_provisional = portfolio.fills_provisional(name);
  snapshot.oldest_provisional = oldest_provisional(ledger, name);
  if (const auto it = portfolio.positions().find(name); it != portfolio.positions().end()) {
    for (const auto& [id, position] : it->second) {
      if (position.flat() || portfolio.resolutions().contains(id)) continue;
      ++snapshot.positions_open;
      if (quotes.fresh(id, at) == nullptr) ++snapshot.marks_stale;
      const domain::Market* market = ledger.market(id);
      snapshot.position_values.push_back(
          {id, market == nullptr ? std::string() : market->slug, portfolio.value(name, id)});
    }
  }
  const domain::TradingStatus trading = ledger.trading_status(name);
  snapshot.trading_state = trading.state;
  snapshot.acknowledged_until = trading.acknowledged_until;
  snapshot.enabled = ledger.enabled(name).value_or(false);
  snapshot.utilization = desk.risk().utilization(ledger, name);
  snapshot.shards_leased = leases.table().shards_leased(name, at);
  const Intake::Counts signals = intake.counts(name);
  snapshot.signals_duplicate = signals.duplicate;
  snapshot.signals_shed = signals.shed;
  return snapshot;
}

std::vector<domain::StrategyState> OrderManager::strategy_states(Timestamp now) const {
  const State& state = *state_;
  std::vector<domain::StrategyState> states;
  for (const ConfiguredStrategy& strategy : state.settings.strategies) {
    const StrategySnapshot snapshot = state.snapshot(strategy.name, now);
    const auto live = snapshot.orders_live[0] + snapshot.orders_live[1];
    states.push_back(
        {.strategy = strategy.name,
         .enabled = snapshot.enabled,
         .enabled_at_first = strategy.enabled_at_first,
         .trading_state = snapshot.trading_state,
         .own = state.ledger.own_trading_status(strategy.name),
         .parameters = {},
         .last_seq = state.ledger.last_seq(strategy.name),
         .figures = {.realized = snapshot.realized,
                     .unrealized = snapshot.unrealized,
                     .daily_pnl = snapshot.daily_pnl,
                     .drawdown = snapshot.drawdown,
                     .exposure = snapshot.exposure,
                     .orders_live = static_cast<std::uint32_t>(live),
                     .positions_open = static_cast<std::uint32_t>(snapshot.positions_open)},
         .counts = counts_of(state.ledger, strategy.name)});
  }
  return states;
}

domain::AccountState OrderManager::account_state(Timestamp now) const {
  // Only the newest flattens are shown, and the first holdings that each has left: the journal has
  // all.
  constexpr std::size_t kFlattensTold = 20;
  constexpr std::size_t kLeftTold = 50;
  const Ledger& ledger = state_->ledger;
  domain::AccountState account{.own = ledger.own_trading_status(std::nullopt),
                               .counts = counts_of(ledger, std::nullopt)};
  const Portfolio& portfolio = ledger.portfolio();
  for (const auto& [strategy, equity] : portfolio.equities()) {
    const Results results = portfolio.results(strategy);
    account.figures.realized += results.realized;
    account.figures.unrealized += results.unrealized;
  }
  account.figures.daily_pnl = portfolio.account_daily_pnl();
  account.figures.drawdown = portfolio.account_drawdown();
  account.figures.exposure = ledger.commitments().of(std::nullopt).used;
  account.figures.orders_live = static_cast<std::uint32_t>(account.counts.live);
  for (const auto& [strategy, positions] : portfolio.positions()) {
    account.figures.positions_open += static_cast<std::uint32_t>(
        std::count_if(positions.begin(), positions.end(), [&](const auto& entry) {
          return !entry.second.flat() && !portfolio.resolutions().contains(entry.first);
        }));
  }
  const auto& under_way = ledger.flattens();
  const std::size_t told = std::min(under_way.size(), kFlattensTold);
  account.flattens.assign(under_way.end() - static_cast<std::ptrdiff_t>(told), under_way.end());
  if (ledger.last_flatten()) account.flattens.push_back(*ledger.last_flatten());
  for (domain::FlattenState& flatten : account.flattens) {
    if (flatten.left.size() > kLeftTold) flatten.left.resize(kLeftTold);
  }
  if (!ledger.restores().empty()) {
    const Ledger::Restore& restore = ledger.restores().back();
    account.restored_seq = restore.seq;
    account.restored_at = restore.at;
    account.backup_at = restore.backup_at;
  }
  if (const auto cause = state_->readiness.pause.cause(now))
    account.submissions_paused = domain::name_of(*cause);
  account.mode = state_->settings.mode;
  const UnreadRows& unread = state_->account.unread;
  account.rows_unread = unread.trades_told(now) + unread.open_orders() + unread.balances();
  return account;
}

}  // namespace polybot::order_manager
