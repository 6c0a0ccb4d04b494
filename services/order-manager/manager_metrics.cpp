#include "services/order-manager/manager_metrics.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "common/domain/names.hpp"
#include "services/order-manager/execution/venue_client.hpp"

namespace polybot::order_manager {
namespace {

using domain::OrderStatus;
using metrics::Sink;

constexpr std::array<std::string_view, 2> kSides = {"buy", "sell"};
constexpr std::array<std::string_view, 2> kLiquidity = {"maker", "taker"};
constexpr std::array<std::string_view, 3> kSnapshotOutcomes = {"written", "failed", "refused"};
// Of a slug as label: shorter than the 64 digits of an id, so that none can be taken for one.
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
    for (std::size_t side = 0; side < kSides.size(); ++side) {
      for (std::size_t status = 0; status < domain::kOrderStatuses; ++status) {
        orders.set({name, kSides[side], domain::name_of(static_cast<domain::OrderStatus>(status))},
                   count(strategy.counters.orders[side][status]));
      }
      orders.set({name, kSides[side], "denied"}, count(strategy.counters.orders_denied[side]));
      live.set({name, kSides[side]}, count(strategy.orders_live[side]));
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
  auto fees = sink.counter("polybot_fees_usd_total");
  auto volume = sink.counter("polybot_trade_volume_usd_total");
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    for (std::size_t side = 0; side < kSides.size(); ++side) {
      for (std::size_t liquidity = 0; liquidity < kLiquidity.size(); ++liquidity) {
        fills.set({name, kSides[side], kLiquidity[liquidity]},
                  count(strategy.counters.fills[side][liquidity]));
      }
      volume.set({name, kSides[side]}, usd(strategy.counters.volume[side]));
    }
    reversed.set({name}, count(strategy.counters.fills_reversed));
    provisional.set({name}, count(strategy.fills_provisional));
    fees.set({name}, usd(strategy.counters.fees));
  }
}

std::string digits_of(const domain::MarketId& market) {
  return domain::to_string(market).substr(2);  // without 0x
}

// The `market` label is the first of these that no other market can have: the slug; its beginning
// and the first digits of the id, when it is long or others have the same (all of them then, so
// that no series passes from one market to another); the id. Slugs are the venue's text: nothing
// keeps them apart.
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
  sink.gauge("polybot_unredeemed_usd").set({}, usd(figures.unredeemed));
  auto drift = sink.gauge("polybot_venue_drift_usd");
  drift.set({"cash"}, usd(figures.drift_cash));
  drift.set({"positions"}, usd(figures.drift_positions));
}

using StateChanges = decltype(StrategyCounters::state_changes);

void write_state_changes(Sink::Writer<metrics::Type::Counter>& changes, std::string_view name,
                         const StateChanges& counted) {
  for (std::size_t state = 0; state < counted.size(); ++state) {
    for (std::size_t reason = 0; reason < counted[state].size(); ++reason) {
      changes.set({name, domain::name_of(static_cast<domain::TradingState>(state)),
                   domain::state_reason_name(static_cast<domain::StateReason>(reason))},
                  count(counted[state][reason]));
    }
  }
}

void write_risk(Sink& sink, const Figures& figures) {
  auto denials = sink.counter("polybot_risk_denials_total");
  auto utilization = sink.gauge("polybot_risk_limit_utilization_ratio");
  auto state = sink.gauge("polybot_trading_state");
  auto changes = sink.counter("polybot_trading_state_changes_total");
  const auto write_utilization = [&](std::string_view name, const Utilization& used) {
    for (std::size_t limit = 0; limit < used.size(); ++limit) {
      utilization.set({name, to_string(static_cast<LimitKind>(limit))}, ratio(used[limit]));
    }
  };
  for (const StrategySnapshot& strategy : figures.strategies) {
    const std::string& name = strategy.strategy.value;
    // 0 is DenyReason::None.
    for (std::size_t reason = 1; reason < strategy.counters.denials.size(); ++reason) {
      denials.set({name, domain::deny_reason_name(static_cast<domain::DenyReason>(reason))},
                  count(strategy.counters.denials[reason]));
    }
    write_utilization(name, strategy.utilization);
    state.set({name}, state_number(strategy.trading_state));
    write_state_changes(changes, name, strategy.counters.state_changes);
  }
  write_state_changes(changes, domain::kAllStrategies, figures.account_state_changes);
  write_utilization(domain::kAllStrategies, figures.account_utilization);
  state.set({domain::kAllStrategies}, state_number(figures.trading_state));
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
    for (std::size_t outcome = 0; outcome < strategy.counters.signals.size(); ++outcome) {
      received.set({name, to_string(static_cast<SignalOutcome>(outcome))},
                   count(strategy.counters.signals[outcome]));
    }
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
  auto reconciliations = sink.counter("polybot_reconciliations_total");
  reconciliations.set({"ok"}, count(figures.reconciliations_ok));
  reconciliations.set({"failed"}, count(figures.reconciliations_failed));
  auto unread = sink.gauge("polybot_account_rows_unread");
  unread.set({"trade"}, count(figures.unread_trades));
  unread.set({"open_order"}, count(figures.unread_open_orders));
  unread.set({"balance"}, count(figures.unread_balances));
  sink.counter("polybot_account_trades_given_up_total").set({}, count(figures.unread_given_up));
  auto paused = sink.gauge("polybot_submissions_paused");
  for (int i = 0; i < kPauseCauses; ++i) {
    const auto cause = static_cast<PauseCause>(i);
    paused.set({to_string(cause)}, figures.submissions_paused == cause ? 1 : 0);
  }
  sink.counter("polybot_fills_beyond_order_total").set({}, count(figures.fills_beyond_order));
}

std::array<metrics::Histogram, kStages> stage_histograms(metrics::Registry& registry) {
  const auto stage = [&](std::string_view name) {
    return registry.histogram("polybot_order_latency_seconds", {name});
  };
  return {stage("risk"), stage("journal"), stage("submit"), stage("wire"),
          stage("ack"),  stage("fill"),    stage("total")};
}

// What happens to one request or frame at a time: known now, so that the first event is an
// increase.
void register_at_zero(metrics::Registry& registry) {
  for (const std::string_view operation : kVenueOperations) {
    (void)registry.histogram("polybot_venue_request_duration_seconds", {operation});
    for (std::size_t outcome = 0; outcome < kRequestOutcomes; ++outcome) {
      const std::string_view name = to_string(static_cast<RequestOutcome>(outcome));
      (void)registry.counter("polybot_venue_requests_total", {operation, name});
    }
  }
  for (const std::string_view outcome : kSnapshotOutcomes) {
    (void)registry.counter("polybot_journal_snapshots_total", {outcome});
  }
  for (const std::string_view reason : {"malformed", "invalid_operation", "unknown_event"}) {
    (void)registry.counter("polybot_user_events_refused_total", {reason});
  }
}

}  // namespace

ManagerMetrics::ManagerMetrics(metrics::Registry& registry, std::function<Figures()> figures)
    : registry_(registry),
      stages_(stage_histograms(registry)),
      commit_duration_(registry.histogram("polybot_journal_commit_duration_seconds")),
      clock_offset_(registry.gauge("polybot_venue_clock_offset_seconds")) {
  registry.add_source([this, read = std::move(figures)](Sink& sink) { write(sink, read()); });
  register_at_zero(registry);
  set_connected("user", false);
  set_connected("rest", false);
  set_connected("heartbeat", false);
}

void ManagerMetrics::set_fold(std::uint64_t journal_id, std::uint32_t fold_version) {
  registry_.set_fold({.journal_id = std::to_string(journal_id), .version = fold_version});
}

void ManagerMetrics::observe(Stage stage, domain::Duration elapsed) {
  // Stamps of one host can differ by its clock's corrections: a negative span is none.
  stages_[static_cast<std::size_t>(stage)].observe(std::max(elapsed, domain::Duration::zero()));
}

void ManagerMetrics::snapshot(SnapshotOutcome outcome) {
  const std::string_view name = kSnapshotOutcomes[static_cast<std::size_t>(outcome)];
  registry_.counter("polybot_journal_snapshots_total", {name}).increment();
}

void ManagerMetrics::venue_request(std::string_view operation, std::string_view outcome,
                                   domain::Duration elapsed) {
  registry_.counter("polybot_venue_requests_total", {operation, outcome}).increment();
  registry_.histogram("polybot_venue_request_duration_seconds", {operation}).observe(elapsed);
}

void ManagerMetrics::user_event_refused(std::string_view reason) {
  registry_.counter("polybot_user_events_refused_total", {reason}).increment();
}

void ManagerMetrics::set_connected(std::string_view channel, bool connected) {
  registry_.gauge("polybot_venue_connected", {channel}).set(connected ? 1 : 0);
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
