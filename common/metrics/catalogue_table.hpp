// The table itself: the metric contract. One row per family; see catalogue.hpp for the columns. A
// change here is a change for every dashboard and alert: tests/golden/metric_catalogue.txt must
// change with it.
#pragma once

#include <array>

#include "common/metrics/catalogue.hpp"

namespace polybot::metrics {

inline constexpr std::array kHttpBounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                                        .05,   .1,     .25,   .5,   1.,    2.5,  5.,  10.};
// Finest where the way from tick to wire lies. A decision takes microseconds.
inline constexpr std::array kOrderLatencyBounds{
    .000005, .00001, .000025, .00005, .0001, .00025, .0005, .00075, .001, .0015, .002, .0025,
    .005,    .01,    .025,    .05,    .1,    .25,    .5,    1.,     2.5,  5.,    10.};
inline constexpr std::array kVenueBounds{.001, .0025, .005, .01, .025, .05, .1, .25,
                                         .5,   1.,    2.5,  5.,  10.,  30., 60.};
inline constexpr std::array kFeedLagBounds{.001, .0025, .005, .01, .025, .05, .1,
                                           .25,  .5,    1.,   2.5, 5.,   10.};
inline constexpr std::array kCommitBounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                                          .05,   .1,     .25,   .5,   1.,    2.5,  5.,  10.};
inline constexpr std::array kScanBounds{.000001, .0000025, .000005, .00001, .000025, .00005,
                                        .0001,   .00025,   .0005,   .001,   .0025,   .005,
                                        .01,     .025,     .05,     .1};
inline constexpr std::array kLoopLagBounds{.0005, .001, .0025, .005, .01, .025, .05,
                                           .1,    .25,  .5,    1.,   2.5, 5.};
inline constexpr std::array kScrapeBounds{.0005, .001, .0025, .005, .01, .025,
                                          .05,   .1,   .25,   .5,   1.};

namespace label {
inline constexpr Label kStrategy{"strategy"};
inline constexpr Label kMarket{"market"};
inline constexpr Label kSide{"side", "buy|sell"};
inline constexpr Label kMethod{"method", "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|other"};
inline constexpr Label kEndpoint{"endpoint"};
inline constexpr Label kStatusClass{"status", "1xx|2xx|3xx|4xx|5xx"};
inline constexpr Label kOrderStatus{
    "status",
    "submitted|accepted|partially_filled|ambiguous|filled|canceled|rejected|expired|denied"};
inline constexpr Label kAction{"action", "buy|sell|quote|cancel|exit"};
inline constexpr Label kChannel{"channel"};
inline constexpr Label kReason{"reason"};
inline constexpr Label kOutcome{"outcome"};
inline constexpr Label kOperation{"operation"};
inline constexpr Label kService{"service"};
inline constexpr Label kVenue{"venue"};
}  // namespace label

// clang-format off
inline constexpr std::array kFamilies{
    // --- HTTP and client sessions -------------------------------------------------------------------------
    Family{"polybot_http_request_duration_seconds", Type::Histogram, Policy::Sum,
           {label::kMethod, label::kEndpoint, label::kStatusClass}, kGateway, kMoves,
           "API latency by method, route template and status class.", kHttpBounds},
    Family{"polybot_http_requests_total", Type::Counter, Policy::Sum,
           {label::kMethod, label::kEndpoint, label::kStatusClass}, kGateway, kMoves,
           "API requests by method, route template and status class; a WebSocket counts once, at its upgrade."},
    Family{"polybot_websocket_connections", Type::Gauge, Policy::Sum,
           {}, kGateway, kMoves,
           "Client WebSocket sessions now."},
    Family{"polybot_websocket_sessions_dropped_total", Type::Counter, Policy::Sum,
           {label::kReason}, kGateway, fault("slow-reader"),
           "Client WebSocket sessions the gateway ended, by reason."},
    Family{"polybot_requests_refused_total", Type::Counter, Policy::Sum,
           {label::kService, {"port", "api|admin"},
            {"reason", "host|origin|crowded|no_token|wrong_token|revoked_token|read_only_token"}},
           kEveryService, fault("wrong-token"),
           "Requests turned away at the door: a foreign host or page, no connection left (crowded), a token that may not."},

    // --- Orders, fills ------------------------------------------------------------------------------------
    Family{"polybot_orders_total", Type::Counter, Policy::Owned,
           {label::kStrategy, label::kSide, label::kOrderStatus}, kOrderManager, kMoves,
           "Orders, one per leg, by first entry into a status; submitted = filled + canceled + rejected + expired + polybot_orders_live."},
    Family{"polybot_orders_live", Type::Gauge, Policy::Last,
           {label::kStrategy, label::kSide}, kOrderManager, kMoves,
           "Orders submitted and not terminal: in flight, resting, partly filled or ambiguous."},
    Family{"polybot_orders_ambiguous", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("answer-lost"),
           "Orders that the venue may or may not have; their reserve is kept until proof."},
    Family{"polybot_orders_corrected_total", Type::Counter, Policy::Owned,
           {label::kStrategy}, kOrderManager, fault("late-fill"),
           "Later fills and reversals of orders whose terminal status was already counted."},
    Family{"polybot_orders_resurrected_total", Type::Counter, Policy::Owned,
           {label::kStrategy}, kOrderManager, fault("late-fill"),
           "Signs of life after an ambiguous order had been written off."},
    Family{"polybot_oldest_pending_order_timestamp_seconds", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("venue-hang"),
           "When the oldest submitted order without an answer was sent; 0 when there is none."},
    Family{"polybot_fills_total", Type::Counter, Policy::Owned,
           {label::kStrategy, label::kSide, {"liquidity", "maker|taker"}}, kOrderManager, kMoves,
           "Fills at their first booking."},
    Family{"polybot_fills_reversed_total", Type::Counter, Policy::Owned,
           {label::kStrategy}, kOrderManager, fault("trade-failed"),
           "Fills removed because the venue's trade failed."},
    Family{"polybot_fills_provisional", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Booked fills whose trade is not yet confirmed."},
    Family{"polybot_oldest_provisional_fill_timestamp_seconds", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("trade-stuck"),
           "When the oldest booked fill whose trade is not yet confirmed was matched; 0 when there is none."},
    Family{"polybot_fees_usd_total", Type::Counter, Policy::Owned,
           {label::kStrategy}, kOrderManager, kMoves,
           "Fees of confirmed fills in USD."},
    Family{"polybot_trade_volume_usd_total", Type::Counter, Policy::Owned,
           {label::kStrategy, label::kSide}, kOrderManager, kMoves,
           "Cash turned over by confirmed fills in USD."},

    // --- Money and risk -----------------------------------------------------------------------------------
    Family{"polybot_position_value_usd", Type::Gauge, Policy::Last,
           {label::kStrategy, label::kMarket}, kOrderManager, kMoves,
           "Mark value of the open position in a market, both outcomes summed; vanishes when closed."},
    Family{"polybot_pnl_total", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Lifetime realized plus unrealized profit and loss in USD, net of fees, from journaled marks. A gauge in spite of its suffix."},
    Family{"polybot_pnl_unrealized", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "The unrealized part of the profit and loss in USD."},
    Family{"polybot_pnl_realized_usd", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "The realized part of the profit and loss in USD, net of fees."},
    Family{"polybot_daily_pnl_usd", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Equity minus equity at the opening of the trading day in USD."},
    Family{"polybot_drawdown_usd", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Peak equity minus equity in USD, never negative; strategy=\"all\" is the account."},
    Family{"polybot_exposure_usd", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Positions at mark plus resting buys and in-flight intents at their worst case in USD."},
    Family{"polybot_unhedged_exposure_usd", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("leg-miss"),
           "Surplus of multi-leg signals whose legs filled unevenly in USD."},
    Family{"polybot_positions_open", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, kMoves,
           "Open positions."},
    Family{"polybot_marks_stale", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("feed-freeze"),
           "Open positions valued at an old mark because no fresh quote exists."},
    Family{"polybot_account_balance_usd", Type::Gauge, Policy::Last,
           {}, kOrderManager, kMoves,
           "Free collateral by the journal in USD."},
    Family{"polybot_risk_headroom_usd", Type::Gauge, Policy::Last,
           {}, kOrderManager, kMoves,
           "What the limits on exposure still let the enabled strategies commit, and risk.balance_min, in USD; with less free collateral the balance ends trading."},
    Family{"polybot_unredeemed_usd", Type::Gauge, Policy::Last,
           {}, kOrderManager, kMoves,
           "Claims on resolved markets that are not yet paid in USD."},
    Family{"polybot_claim_due_seconds", Type::Gauge, Policy::Last,
           {}, kOrderManager, kMoves,
           "Unix time from which the oldest claim is overdue, a day after its market was resolved; 0 when nothing is owed."},
    Family{"polybot_venue_drift_usd", Type::Gauge, Policy::Last,
           {{"kind", "cash|positions"}}, kOrderManager, fault("venue-drift"),
           "Absolute difference between the venue and the book at the last comparison in USD."},
    Family{"polybot_risk_denials_total", Type::Counter, Policy::Owned,
           {label::kStrategy, label::kReason}, kOrderManager, kMoves,
           "Orders denied by our own risk rules, by reason."},
    Family{"polybot_risk_limit_utilization_ratio", Type::Gauge, Policy::Last,
           {label::kStrategy, {"limit", "order_notional|position|event|exposure|open_orders|order_rate|daily_loss|drawdown|balance"}},
           kOrderManager, kMoves,
           "Used divided by limit."},
    Family{"polybot_trading_state", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("halt"),
           "0 active, 1 reducing, 2 halted; strategy=\"all\" is the global state."},
    Family{"polybot_trading_state_acknowledged_until_seconds", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("halt-acknowledged"),
           "Unix time until which an operator has acknowledged that the state is not active; 0 when nobody has. Trading does not resume then."},
    Family{"polybot_trading_state_changes_total", Type::Counter, Policy::Owned,
           {label::kStrategy, {"state", "active|reducing|halted"}, {"reason", "requested|flatten|daily_loss_exceeded|drawdown_exceeded|first_start|restored"}},
           kOrderManager, fault("halt"),
           "Changes of a trading state by the state entered and the reason, of a strategy's own and, as strategy=\"all\", of the account's."},

    // --- The journal --------------------------------------------------------------------------------------
    Family{"polybot_journal_sequence", Type::Gauge, Policy::Last,
           {}, kOrderManager, kMoves,
           "Number of the last committed journal event."},
    Family{"polybot_journal_events_total", Type::Counter, Policy::Owned,
           {{"kind"}}, kOrderManager, kMoves,
           "Committed journal events by kind."},
    Family{"polybot_journal_commit_duration_seconds", Type::Histogram, Policy::Sum,
           {}, kOrderManager, kMoves,
           "Duration of a durable commit.", kCommitBounds},
    Family{"polybot_journal_backup_timestamp_seconds", Type::Gauge, Policy::Last,
           {}, kOrderManager, fault("backup"),
           "When a backup of the journal was last completed; 0 when none was."},
    Family{"polybot_journal_backup_due_seconds", Type::Gauge, Policy::Last,
           {}, kOrderManager, fault("backup"),
           "Unix time at which the next backup of the journal is overdue; 0 when none is expected."},
    Family{"polybot_journal_snapshots_total", Type::Counter, Policy::Sum,
           {{"outcome", "written|failed|refused"}}, kOrderManager, kMoves,
           "Snapshots of the journal's fold: written, not written for an error, or of no use to a start, which then folded more records."},

    // --- Signals and strategies ---------------------------------------------------------------------------
    Family{"polybot_signals_total", Type::Counter, Policy::Sum,
           {label::kStrategy, label::kAction}, kStrategyRunner, kMoves,
           "Signals emitted by strategies."},
    Family{"polybot_signals_withheld_total", Type::Counter, Policy::Sum,
           {label::kStrategy, {"reason", "no_book|busy|paced|muted"}}, kStrategyRunner,
           fault("slow-answers"),
           "Signals a strategy wanted and the runner did not send: no sure book, an open intent, the rate, no right to trade."},
    Family{"polybot_signals_unanswered_total", Type::Counter, Policy::Sum,
           {label::kStrategy}, kStrategyRunner, fault("kill"),
           "Signals that expired before any answer came."},
    Family{"polybot_scans_total", Type::Counter, Policy::Sum,
           {label::kStrategy}, kStrategyRunner, kMoves,
           "Evaluations of a strategy against an update."},
    Family{"polybot_scan_duration_seconds", Type::Histogram, Policy::Sum,
           {label::kStrategy}, kStrategyRunner, kMoves,
           "Duration of one evaluation of a strategy.", kScanBounds},
    Family{"polybot_strategy_running", Type::Gauge, Policy::Max,
           {label::kStrategy}, kStrategyRunner, fault("stop-strategy"),
           "1 while at least one replica runs the strategy, else 0.", {}, true},
    Family{"polybot_strategy_markets", Type::Gauge, Policy::Sum,
           {label::kStrategy}, kStrategyRunner, fault("stop-strategy"),
           "Markets that take orders and that the strategy trades in its shards, as its runners know them."},
    Family{"polybot_strategy_enabled", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("stop-strategy"),
           "1 when the operator wants the strategy to run."},
    Family{"polybot_strategy_shards", Type::Gauge, Policy::Last,
           {label::kStrategy}, kOrderManager, fault("runner-kill"),
           "Shards leased to a live runner; 64 is all of them."},
    Family{"polybot_signals_received_total", Type::Counter, Policy::Owned,
           {label::kStrategy, {"outcome", "accepted|expired|fenced|stale|denied"}}, kOrderManager, kMoves,
           "Signals decided by order-manager."},
    Family{"polybot_leases_fenced_total", Type::Counter, Policy::Owned,
           {label::kStrategy}, kOrderManager, fault("zombie-runner"),
           "Signals denied because the lease they were decided under had ended."},
    Family{"polybot_signals_duplicate_total", Type::Counter, Policy::Sum,
           {label::kStrategy}, kOrderManager, fault("slow-answers"),
           "Repeats of signals already decided."},
    Family{"polybot_signals_shed_total", Type::Counter, Policy::Sum,
           {label::kStrategy}, kOrderManager, kInvariant,
           "Signals above their strategy's rate, dropped before the journal."},
    Family{"polybot_signals_refused_total", Type::Counter, Policy::Sum,
           {label::kReason}, kOrderManager | kStrategyRunner, kInvariant,
           "Signals that could not be read or formed, by reason."},

    // --- The venue ----------------------------------------------------------------------------------------
    Family{"polybot_mode", Type::Gauge, Policy::Last,
           {{"mode", "sim|paper|live"}}, kOrderManager, kConstant,
           "1 for the mode in which orders are sent, 0 for the others; in live they are of real money."},
    Family{"polybot_reconciliations_total", Type::Counter, Policy::Sum,
           {label::kOutcome}, kOrderManager, fault("user-socket-drop"),
           "Comparisons of open orders, trades and balances with the venue, by outcome."},
    Family{"polybot_account_rows_unread", Type::Gauge, Policy::Last,
           {{"kind", "trade|open_order|balance"}}, kOrderManager, fault("empty-numbers"),
           "Rows of the account at the venue that could not be read yet; they are read again."},
    Family{"polybot_account_trades_given_up_total", Type::Counter, Policy::Sum,
           {}, kOrderManager, kInvariant,
           "Trades of the account that could not be read for a day and are sought no more."},
    Family{"polybot_submissions_paused", Type::Gauge, Policy::Last,
           {{"reason", "throttled|rate_limited|trading_disabled|post_only_mode|unauthorized|forbidden|closed_only|cancel_only"}},
           kOrderManager, fault("region-block"),
           "1 while the venue takes no orders as far as its last refusal tells, by reason."},
    Family{"polybot_fills_beyond_order_total", Type::Counter, Policy::Sum,
           {}, kOrderManager, fault("surplus-shares"),
           "Fills that made their order larger than it was sent: a buy spends its cash, and cheaper shares are more."},
    Family{"polybot_venue_requests_total", Type::Counter, Policy::Sum,
           {label::kOperation, label::kOutcome}, kOrderManager | kGateway, kMoves,
           "Requests to the venue by operation and outcome."},
    Family{"polybot_venue_request_duration_seconds", Type::Histogram, Policy::Sum,
           {label::kOperation}, kOrderManager | kGateway, kMoves,
           "Duration of requests to the venue.", kVenueBounds},
    Family{"polybot_venue_connected", Type::Gauge, Policy::Min,
           {{"channel", "market|user|rest|heartbeat"}}, kOrderManager | kGateway,
           fault("venue-down"),
           "1 while the connection to the venue works; heartbeat: while it takes our signs of life."},
    Family{"polybot_venue_clock_offset_seconds", Type::Gauge, Policy::Last,
           {}, kOrderManager, kInvariant,
           "The venue's clock minus ours."},
    Family{"polybot_account_contested_total", Type::Counter, Policy::Sum,
           {}, kOrderManager, fault("foreign-heartbeat"),
           "Times that another process was seen on the account: nothing is sent until it is gone, or for good."},
    Family{"polybot_user_events_refused_total", Type::Counter, Policy::Sum,
           {label::kReason}, kOrderManager, kInvariant,
           "Events of the venue's user channel that were not applied, by reason."},

    // --- Latency and market data --------------------------------------------------------------------------
    Family{"polybot_order_latency_seconds", Type::Histogram, Policy::Sum,
           {{"stage", "feed|bus|decide|risk|journal|submit|wire|ack|fill|total"}}, kEveryService, kMoves,
           "Time from tick to fill by stage; wire: from the tick at the gateway to its order leaving.", kOrderLatencyBounds},
    Family{"polybot_market_data_events_total", Type::Counter, Policy::Sum,
           {{"type"}}, kGateway, kMoves,
           "Market data events of the venue by type."},
    Family{"polybot_market_data_lag_seconds", Type::Histogram, Policy::Sum,
           {}, kGateway, kMoves,
           "Age of a market data event at its arrival by the venue's timestamp, at least 0.", kFeedLagBounds},
    Family{"polybot_market_data_lag_negative_total", Type::Counter, Policy::Sum,
           {}, kGateway, kInvariant,
           "Market data events stamped in our future; their lag counts as 0."},
    Family{"polybot_market_data_clock_offset_seconds", Type::Gauge, Policy::Max,
           {}, kGateway, fault("venue-clock"),
           "By how much the clock of the venue that market data comes from differs from ours at least, in either direction."},
    Family{"polybot_market_data_frames_refused_total", Type::Counter, Policy::Sum,
           {label::kReason}, kGateway, kInvariant,
           "Frames or entries of the venue's market channel that were not applied, by reason."},
    Family{"polybot_market_data_last_update_timestamp_seconds", Type::Gauge, Policy::Max,
           {label::kVenue}, kGateway, kMoves,
           "Up to when the venue's market data is known: its arrival, or earlier when it had waited."},
    Family{"polybot_markets_tracked", Type::Gauge, Policy::Max,
           {}, kGateway, kMoves,
           "Markets whose books are kept."},
    Family{"polybot_markets_refused", Type::Gauge, Policy::Max,
           {}, kGateway, kInvariant,
           "Markets that are not tracked because the venue's records of them contradict each other."},
    Family{"polybot_market_listing_restarts_total", Type::Counter, Policy::Sum,
           {}, kGateway, kInvariant,
           "Crawls of the venue's listing that went back to its first page, because the venue did not know their place in it any more."},
    Family{"polybot_markets_unreadable", Type::Gauge, Policy::Max,
           {{"field", "fee|outcomes|tokens|slug|delay|version|other"}}, kGateway, fault("unreadable-market"),
           "Tracked markets whose terms at the venue cannot be read, by field: nothing is opened there."},
    Family{"polybot_books_stale", Type::Gauge, Policy::Max,
           {}, kGateway, fault("feed-freeze"),
           "Books that are wanted and may not be decided on, those that have not begun "
           "included."},
    Family{"polybot_book_resyncs_total", Type::Counter, Policy::Sum,
           {label::kReason}, kGateway, fault("feed-gap"),
           "Books dropped and fetched again, by reason."},
    Family{"polybot_recording_bytes_total", Type::Counter, Policy::Sum,
           {}, kGateway, kMoves,
           "Bytes of the recording of the market channel that were written."},
    Family{"polybot_recording_lost_lines_total", Type::Counter, Policy::Sum,
           {{"reason", "queue_full|write_failed"}}, kGateway, fault("recording-away"),
           "Lines that are missing from the recording, by reason."},
    Family{"polybot_recording_errors_total", Type::Counter, Policy::Sum,
           {}, kGateway, kInvariant,
           "Exceptions in the writer of the recording: each ends the file, and what follows begins with a gap."},
    Family{"polybot_recording_odd_times_total", Type::Counter, Policy::Sum,
           {}, kGateway, kInvariant,
           "Frames whose time of the venue is minutes away from their arrival: the recording has the arrival."},

    // --- The bus ------------------------------------------------------------------------------------------
    Family{"polybot_nng_queue_depth", Type::Gauge, Policy::Max,
           {label::kChannel}, kEveryService, fault("slow-reader"),
           "Most messages that waited in a process's ring for the channel since its last snapshot."},
    Family{"polybot_bus_messages_published_total", Type::Counter, Policy::Sum,
           {label::kChannel}, kEveryService, kMoves,
           "Messages handed to the bus; a channel is the topic up to its first dot."},
    Family{"polybot_bus_messages_received_total", Type::Counter, Policy::Sum,
           {label::kChannel}, kEveryService, kMoves,
           "Messages taken from the bus."},
    Family{"polybot_bus_messages_lost_total", Type::Counter, Policy::Sum,
           {label::kChannel}, kEveryService, fault("slow-reader"),
           "Messages that sequence numbers show as sent and never received."},
    Family{"polybot_bus_messages_duplicated_total", Type::Counter, Policy::Sum,
           {label::kChannel}, kEveryService, kInvariant,
           "Messages received a second time and not delivered."},
    Family{"polybot_bus_frames_refused_total", Type::Counter, Policy::Sum,
           {label::kReason}, kEveryService, kInvariant,
           "Bus frames that could not be read or that nobody may send on their port, and peers not let in (ten a second at most), by reason."},
    Family{"polybot_bus_replays_total", Type::Counter, Policy::Sum,
           {label::kOutcome}, kEveryService, fault("slow-reader"),
           "Recovery requests after a gap, by outcome."},
    Family{"polybot_bus_recovery_requests_total", Type::Counter, Policy::Sum,
           {{"outcome", "served|refused"}}, kEveryService, fault("slow-reader"),
           "Recovery requests of others that this service was asked to answer."},
    Family{"polybot_bus_listeners_renewed_total", Type::Counter, Policy::Sum,
           {}, kEveryService, kInvariant,
           "Local sockets closed and opened again because they no longer accepted connections."},
    Family{"polybot_bus_handshakes_expired_total", Type::Counter, Policy::Sum,
           {}, kEveryService, kInvariant,
           "Connections to TLS ports that were ended because their peer showed no certificate in time."},
    Family{"polybot_bus_certificate_not_after_seconds", Type::Gauge, Policy::Min,
           {label::kService}, kEveryService, kInvariant,
           "When the certificate that the service shows on the bus ends, the first of its replicas'; 0 without TLS."},

    // --- Processes ----------------------------------------------------------------------------------------
    Family{"polybot_event_loop_lag_seconds", Type::Histogram, Policy::Sum,
           {label::kService}, kEveryService, kMoves,
           "How late a timer of the event loop fires.", kLoopLagBounds},
    Family{"polybot_process_resident_memory_bytes", Type::Gauge, Policy::Sum,
           {label::kService}, kEveryService, kMoves,
           "Resident memory, summed over replicas."},
    Family{"polybot_process_open_fds", Type::Gauge, Policy::Sum,
           {label::kService}, kEveryService, kInvariant,
           "Open file descriptors, summed over replicas."},
    Family{"polybot_process_cpu_seconds_total", Type::Counter, Policy::Sum,
           {label::kService}, kEveryService, kMoves,
           "CPU time used in user and system mode."},
    Family{"polybot_process_starts_total", Type::Counter, Policy::Sum,
           {label::kService}, kEveryService, fault("crash-loop"),
           "Starts of a process of the service: a restart is one, and so is a replica that is added."},
    Family{"polybot_log_messages_dropped_total", Type::Counter, Policy::Sum,
           {label::kService}, kEveryService, kInvariant,
           "Log messages dropped because the log could not keep up."},
    Family{"polybot_disk_free_bytes", Type::Gauge, Policy::Min,
           {label::kService}, kEveryService, kInvariant,
           "Free space of the file system that holds the service's data."},
    Family{"polybot_disk_size_bytes", Type::Gauge, Policy::Max,
           {label::kService}, kEveryService, kInvariant,
           "Size of the file system that holds the service's data."},
    Family{"polybot_observations_refused_total", Type::Counter, Policy::Sum,
           {label::kService, {"reason", "nan|infinite|negative|oversize"}}, kEveryService, kInvariant,
           "Metric observations refused by the instruments."},
    Family{"polybot_build_info", Type::Gauge, Policy::Max,
           {label::kService, {"version"}, {"revision"}}, kEveryService, kConstant,
           "1; the labels name the build."},

    // --- The aggregator's view of the services, and of itself ----------------------------------------------
    Family{"polybot_service_up", Type::Gauge, Policy::Last,
           {label::kService}, kMetricsAggregator, fault("kill"),
           "1 while at least one replica sends heartbeats, else 0."},
    Family{"polybot_service_ready", Type::Gauge, Policy::Last,
           {label::kService}, kMetricsAggregator, fault("kill"),
           "1 while at least one replica says it is ready, else 0."},
    Family{"polybot_service_replicas", Type::Gauge, Policy::Last,
           {label::kService}, kMetricsAggregator, fault("kill"),
           "Replicas that send heartbeats."},
    Family{"polybot_service_replicas_ready", Type::Gauge, Policy::Last,
           {label::kService}, kMetricsAggregator, fault("replica-unready"),
           "Of these, the ones that say they are ready."},
    Family{"polybot_service_last_heartbeat_timestamp_seconds", Type::Gauge, Policy::Last,
           {label::kService}, kMetricsAggregator, fault("kill"),
           "When the last heartbeat of the service arrived; 0 before the first."},
    Family{"polybot_aggregator_snapshots_total", Type::Counter, Policy::Sum,
           {}, kMetricsAggregator, kMoves,
           "Metric snapshots merged."},
    Family{"polybot_aggregator_dropped_total", Type::Counter, Policy::Sum,
           {{"reason", "undecodable|oversize|bad_utf8|unknown_family|wrong_owner|fingerprint|stale|bad_shape|not_finite|duplicate_series|too_many_senders"}},
           kMetricsAggregator, fault("bad-snapshot"),
           "Snapshots, families or series that were not merged, by reason."},
    Family{"polybot_aggregator_heartbeats_refused_total", Type::Counter, Policy::Sum,
           {}, kMetricsAggregator, kInvariant,
           "Heartbeats that could not be read or have no known sender."},
    Family{"polybot_aggregator_conflicts_total", Type::Counter, Policy::Sum,
           {{"kind", "twin_replica|owner|journal_rewound"}}, kMetricsAggregator, fault("twin-replica"),
           "Contradictions between senders, by kind."},
    Family{"polybot_aggregator_regressions_total", Type::Counter, Policy::Sum,
           {}, kMetricsAggregator, kInvariant,
           "Counters that fell inside one incarnation."},
    Family{"polybot_aggregator_series_overflowed_total", Type::Counter, Policy::Sum,
           {{"cap", "service|family"}}, kMetricsAggregator, kInvariant,
           "Series folded into the __overflow__ series at a merge, by the cap they met."},
    Family{"polybot_aggregator_family_utilization_ratio", Type::Gauge, Policy::Last,
           {{"family"}}, kMetricsAggregator, kMoves,
           "Label sets of a family that are shown divided by how many are kept; above 1 when the others share the __overflow__ series."},
    Family{"polybot_aggregator_series", Type::Gauge, Policy::Last,
           {}, kMetricsAggregator, kMoves,
           "Series exposed on /metrics; a histogram is one."},
    Family{"polybot_aggregator_scrape_duration_seconds", Type::Histogram, Policy::Sum,
           {}, kMetricsAggregator, kMoves,
           "Time to render one scrape.", kScrapeBounds},
    Family{"polybot_aggregator_state_loaded", Type::Gauge, Policy::Last,
           {}, kMetricsAggregator, fault("state-lost"),
           "1 when the aggregator went on from its stored totals at its start, 0 when it began empty."},
    Family{"polybot_aggregator_state_write_duration_seconds", Type::Histogram, Policy::Sum,
           {}, kMetricsAggregator, kMoves,
           "Time to write the totals, until they are safe from the end of the process.", kCommitBounds},
    Family{"polybot_aggregator_state_write_failures_total", Type::Counter, Policy::Sum,
           {}, kMetricsAggregator, fault("disk-full"),
           "Writes of the totals that failed; a restart would lose what was counted since."},
};
// clang-format on

// --- How large a family may be
// --------------------------------------------------------------------

// Families whose largest use needs more label sets than the aggregator keeps of others
// (merge.label_sets_per_family_max): 64 strategies, `external` and `unknown` with every reason for
// a denial; 10,000 open positions. No part of what must agree between sender and aggregator.
struct LargeFamily {
  std::string_view name;
  std::size_t label_sets_max;
};
inline constexpr std::array kLargeFamilies{
    LargeFamily{"polybot_risk_denials_total", 4'000},
    LargeFamily{"polybot_position_value_usd", 10'000},
};

// --- Names that are checked when the program is compiled -----------------------------------------

// A family of one type, named in source code. An unknown name, or a name of another type, does not
// compile.
template <Type kType>
class FamilyName {
 public:
  consteval FamilyName(const char* name) : index_(resolve(name)) {}
  constexpr FamilyIndex index() const { return index_; }

 private:
  static consteval FamilyIndex resolve(std::string_view name) {
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
      if (kFamilies[i].name == name) {
        if (kFamilies[i].type != kType) throw "this family is declared with another type";
        return static_cast<FamilyIndex>(i);
      }
    }
    throw "this family is not in the catalogue";
  }

  FamilyIndex index_;
};

using CounterName = FamilyName<Type::Counter>;
using GaugeName = FamilyName<Type::Gauge>;
using HistogramName = FamilyName<Type::Histogram>;

}  // namespace polybot::metrics
