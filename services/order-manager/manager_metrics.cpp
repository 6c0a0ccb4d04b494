#include "services/order-manager/manager_metrics.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace polybot::order_manager {
namespace {

using domain::DenyReason;
using domain::kEnumerators;
using domain::LiquiditySide;
using domain::name_of;
using domain::OrderStatus;
using domain::place_of;
using domain::Side;
using domain::StateReason;
using domain::TradingState;
using metrics::Sink;

// A slug as label is shorter than the 64 digits of an id, so that no slug looks like an id.
constexpr std::size_t kSlugLabelBytesMax = 63;
constexpr std::size_t kSlugLabelPrefix = 55;

// The one place where exact money becomes a binary fraction: for display in a monitoring system.
double usd(domain::Money money) {
  return static_cast<double>(money.raw()) / 1e6;
}
double ratio(std::int64_t ppm) {
  return static_cast<double>(ppm) / 1e6;
}
double count(std::uint64_t number) {
  return static_cast<double>(number);
}
// It may lie in the future, which no age can say.
double unix_seconds(domain::Timestamp at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

double state_number(domain::TradingState state) {
  return static_cast<double>(static_cast<int>(state));
}

void write_orders(Sink& sink, const Figures& figures) {
  auto orders = sink.counter("polybot_orders_total");
  auto live = sink.gauge("polybot_orders_live");
  auto ambiguous = sink.gauge("polybot_orders_ambiguous");
  auto corrected = sink.counter("polybot_orders_corrected_total");
  auto resurrected = sink.counter("polybot_orders_resurrected_total");
  auto oldest = sink.gauge("polybot_oldest_pending_order_timestamp_seconds");
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    for (const Side of : kEnumerators<Side>) {
      const std::string_view side = name_of(of);
      for (const OrderStatus status : kEnumerators<OrderStatus>) {
        orders.set({name, side, name_of(status)},
                   count(strategy.counters.orders[place_of(of)][place_of(status)]));
      }
      orders.set({name, side, "denied"}, count(strategy.counters.orders_denied[place_of(of)]));
      live.set({name, side}, count(strategy.orders_live[place_of(of)]));
    }
    ambiguous.set({name}, count(strategy.orders_ambiguous));
    corrected.set({name}, count(strategy.counters.orders_corrected));
    resurrected.set({name}, count(strategy.counters.orders_resurrected));
    if (strategy.oldest_pending) {
      oldest.set_timestamp({name}, *strategy.oldest_pending);
    } else {
      oldest.set_no_timestamp({name});
    }
  }
}

void write_fills(Sink& sink, const Figures& figures) {
  auto fills = sink.counter("polybot_fills_total");
  auto reversed = sink.counter("polybot_fills_reversed_total");
  auto provisional = sink.gauge("polybot_fills_provisional");
  auto oldest = sink.gauge("polybot_oldest_provisional_fill_timestamp_seconds");
  auto fees = sink.counter("polybot_fees_usd_total");
  auto volume = sink.counter("polybot_trade_volume_usd_total");
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    for (const Side side : kEnumerators<Side>) {
      for (const LiquiditySide liquidity : kEnumerators<LiquiditySide>) {
        fills.set({name, name_of(side), name_of(liquidity)},
                  count(strategy.counters.fills[place_of(side)][place_of(liquidity)]));
      }
      volume.set({name, name_of(side)}, usd(strategy.counters.volume[place_of(side)]));
    }
    reversed.set({name}, count(strategy.counters.fills_reversed));
    provisional.set({name}, count(strategy.fills_provisional));
    if (strategy.oldest_provisional) {
      oldest.set_timestamp({name}, *strategy.oldest_provisional);
    } else {
      oldest.set_no_timestamp({name});
    }
    fees.set({name}, usd(strategy.counters.fees));
  }
}

std::string digits_of(const domain::MarketId& market) {
  return domain::to_string(market).substr(2);  // without 0x
}

// The `market` label is the first of these that no other market can have: the slug; its beginning
// and the first digits of the id, when it is long or others have the same (all of them then, so
// that no series passes from one market to another); the id. Slugs are the venue's text, which does
// not guarantee that they differ.
void write_position_values(Sink::Writer<metrics::Type::Gauge>& value,
                           const StrategySnapshot& strategy) {
  std::map<std::string_view, std::size_t> slugs;
  for (const MarketValue& market : strategy.position_values) ++slugs[market.slug];
  const auto label = [&](const MarketValue& market) {
    const std::string& slug = market.slug;
    if (!slug.empty() && slug.size() <= kSlugLabelBytesMax && slugs[slug] == 1) return slug;
    return slug.substr(0, kSlugLabelPrefix) + "-" + digits_of(market.market).substr(0, 8);
  };
  std::map<std::string, std::size_t> labels;
  for (const MarketValue& market : strategy.position_values) ++labels[label(market)];
  for (const MarketValue& market : strategy.position_values) {
    std::string unique = label(market);
    if (labels[unique] > 1) unique = digits_of(market.market);
    value.set({strategy.strategy.value, unique}, usd(market.value));
  }
}

void write_money(Sink& sink, const Figures& figures) {
  auto total = sink.gauge("polybot_pnl_total");
  auto unrealized = sink.gauge("polybot_pnl_unrealized");
  auto realized = sink.gauge("polybot_pnl_realized_usd");
  auto daily = sink.gauge("polybot_daily_pnl_usd");
  auto drawdown = sink.gauge("polybot_drawdown_usd");
  auto exposure = sink.gauge("polybot_exposure_usd");
  auto unhedged = sink.gauge("polybot_unhedged_exposure_usd");
  auto value = sink.gauge("polybot_position_value_usd");
  auto open = sink.gauge("polybot_positions_open");
  auto stale = sink.gauge("polybot_marks_stale");
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    total.set({name}, usd(strategy.pnl_total));
    unrealized.set({name}, usd(strategy.unrealized));
    realized.set({name}, usd(strategy.realized));
    daily.set({name}, usd(strategy.daily_pnl));
    drawdown.set({name}, usd(strategy.drawdown));
    exposure.set({name}, usd(strategy.exposure));
    unhedged.set({name}, usd(strategy.unhedged_exposure));
    open.set({name}, count(strategy.positions_open));
    stale.set({name}, count(strategy.marks_stale));
    write_position_values(value, strategy);
  }
  drawdown.set({domain::kAllStrategies}, usd(figures.account_drawdown));
  sink.gauge("polybot_account_balance_usd").set({}, usd(figures.free_collateral));
  sink.gauge("polybot_risk_headroom_usd").set({}, usd(figures.headroom));
  sink.gauge("polybot_unredeemed_usd").set({}, usd(figures.unredeemed));
  sink.gauge("polybot_claim_due_seconds")
      .set({},
           figures.oldest_claim ? unix_seconds(*figures.oldest_claim + domain::kClaimPatience) : 0);
  auto drift = sink.gauge("polybot_venue_drift_usd");
  drift.set({"cash"}, usd(figures.drift_cash));
  drift.set({"positions"}, usd(figures.drift_positions));
}

using StateChanges = decltype(StrategyCounters::state_changes);

void write_state_changes(Sink::Writer<metrics::Type::Counter>& changes, std::string_view name,
                         const StateChanges& counted) {
  for (const TradingState state : kEnumerators<TradingState>) {
    for (const StateReason reason : kEnumerators<StateReason>) {
      changes.set({name, name_of(state), name_of(reason)},
                  count(counted[place_of(state)][place_of(reason)]));
    }
  }
}

void write_risk(Sink& sink, const Figures& figures) {
  auto denials = sink.counter("polybot_risk_denials_total");
  auto utilization = sink.gauge("polybot_risk_limit_utilization_ratio");
  auto state = sink.gauge("polybot_trading_state");
  auto acknowledged = sink.gauge("polybot_trading_state_acknowledged_until_seconds");
  auto changes = sink.counter("polybot_trading_state_changes_total");
  const auto write_acknowledged = [&](std::string_view name, domain::Timestamp until) {
    acknowledged.set({name}, unix_seconds(until));
  };
  const auto write_utilization = [&](std::string_view name, const Utilization& used) {
    for (const LimitKind limit : kEnumerators<LimitKind>)
      utilization.set({name, name_of(limit)}, ratio(used[place_of(limit)]));
  };
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    for (const DenyReason reason : kEnumerators<DenyReason>) {
      if (reason == DenyReason::None) continue;
      denials.set({name, name_of(reason)}, count(strategy.counters.denials[place_of(reason)]));
    }
    write_utilization(name, strategy.utilization);
    state.set({name}, state_number(strategy.trading_state));
    write_acknowledged(name, strategy.acknowledged_until);
    write_state_changes(changes, name, strategy.counters.state_changes);
  }
  write_state_changes(changes, domain::kAllStrategies, figures.account_state_changes);
  write_utilization(domain::kAllStrategies, figures.account_utilization);
  state.set({domain::kAllStrategies}, state_number(figures.trading_state));
  write_acknowledged(domain::kAllStrategies, figures.acknowledged_until);
}

void write_signals(Sink& sink, const Figures& figures) {
  auto received = sink.counter("polybot_signals_received_total");
  auto duplicate = sink.counter("polybot_signals_duplicate_total");
  auto shed = sink.counter("polybot_signals_shed_total");
  auto enabled = sink.gauge("polybot_strategy_enabled");
  auto shards = sink.gauge("polybot_strategy_shards");
  auto fenced = sink.counter("polybot_leases_fenced_total");
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    for (const SignalOutcome outcome : kEnumerators<SignalOutcome>)
      received.set({name, name_of(outcome)}, count(strategy.counters.signals[place_of(outcome)]));
    fenced.set({name}, count(strategy.counters.leases_fenced));
    duplicate.set({name}, count(strategy.signals_duplicate));
    shed.set({name}, count(strategy.signals_shed));
    if (name == domain::kUnknownStrategy || name == domain::kExternalStrategy) continue;
    enabled.set({name}, strategy.enabled ? 1 : 0);
    shards.set({name}, count(strategy.shards_leased));
  }
}

void write_journal(Sink& sink, const Figures& figures) {
  sink.gauge("polybot_journal_sequence").set({}, count(figures.sequence));
  auto events = sink.counter("polybot_journal_events_total");
  for (std::size_t kind = 0; kind < figures.journal_events.size(); ++kind) {
    events.set({domain::event_kind_name(kind)}, count(figures.journal_events[kind]));
  }
  auto mode = sink.gauge("polybot_mode");
  for (const domain::TradingMode one : kEnumerators<domain::TradingMode>)
    mode.set({name_of(one)}, figures.mode == one ? 1 : 0);
  auto reconciliations = sink.counter("polybot_reconciliations_total");
  reconciliations.set({"ok"}, count(figures.reconciliations_ok));
  reconciliations.set({"failed"}, count(figures.reconciliations_failed));
  auto unread = sink.gauge("polybot_account_rows_unread");
  unread.set({"trade"}, count(figures.unread_trades));
  unread.set({"open_order"}, count(figures.unread_open_orders));
  unread.set({"balance"}, count(figures.unread_balances));
  sink.counter("polybot_account_trades_given_up_total").set({}, count(figures.unread_given_up));
  auto paused = sink.gauge("polybot_submissions_paused");
  for (const PauseCause cause : kEnumerators<PauseCause>)
    paused.set({name_of(cause)}, figures.submissions_paused == cause ? 1 : 0);
  sink.counter("polybot_fills_beyond_order_total").set({}, count(figures.fills_beyond_order));
}

void write_backups(Sink& sink, const BackupTimes& backups) {
  auto last = sink.gauge("polybot_journal_backup_timestamp_seconds");
  if (backups.last) {
    last.set_timestamp({}, *backups.last);
  } else {
    last.set_no_timestamp({});
  }
  sink.gauge("polybot_journal_backup_due_seconds")
      .set({}, backups.due ? unix_seconds(*backups.due) : 0);
}

}  // namespace

ManagerMetrics::ManagerMetrics(metrics::Registry& registry, Sources sources)
    : snapshots([&](std::string_view outcome) {
        return registry.counter("polybot_journal_snapshots_total", {outcome});
      }),
      user_events_refused([&](std::string_view reason) {
        return registry.counter("polybot_user_events_refused_total", {reason});
      }),
      connected([&](std::string_view channel) {
        return registry.gauge("polybot_venue_connected", {channel});
      }),
      account_contested(registry.counter("polybot_account_contested_total")),
      venue_requests(registry),
      registry_(registry),
      stages_([&](std::string_view stage) {
        return registry.histogram("polybot_order_latency_seconds", {stage});
      }),
      commit_duration_(registry.histogram("polybot_journal_commit_duration_seconds")),
      clock_offset_(registry.gauge("polybot_venue_clock_offset_seconds")) {
  registry.add_source([this, read = std::move(sources)](Sink& sink) {
    write(sink, read.figures());
    write_backups(sink, read.backups());
  });
}

void ManagerMetrics::set_fold(std::uint64_t journal_id, std::uint32_t fold_version) {
  registry_.set_fold({.journal_id = std::to_string(journal_id), .version = fold_version});
}

void ManagerMetrics::observe(Stage stage, domain::Duration elapsed) {
  // Stamps of one host can differ by its clock's corrections: a negative span is none.
  stages_[stage].observe(std::max(elapsed, domain::Duration::zero()));
}

void ManagerMetrics::set_clock_offset(domain::Duration offset) {
  clock_offset_.set(std::chrono::duration<double>(offset).count());
}

void ManagerMetrics::write(Sink& sink, const Figures& figures) const {
  write_orders(sink, figures);
  write_fills(sink, figures);
  write_money(sink, figures);
  write_risk(sink, figures);
  write_signals(sink, figures);
  write_journal(sink, figures);
}

}  // namespace polybot::order_manager
