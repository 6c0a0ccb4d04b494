// The runner's rule book: which strategies may trade which shards now, on which books, having seen
// which order events. Feed it inputs with on(); they change state and queue evaluations; then call
// scan_next() until it returns empty. Each scan is one evaluation of one strategy against one
// update, so that the shell can time it and yield between scans. Pure and deterministic: the same
// inputs give the same signals. A book that is heard again unchanged is evaluated only when
// something else may have changed: scan_marks.hpp says what.
//
// A strategy trades a shard when the operator wants it to run (`strategy` state), this process
// holds the lease, the lease has not run out, all order events up to granted_seq are applied, and
// the strategy has watched the shard for its warm-up time. When a lease ends, everything known of
// its shard is dropped; a revoked lease is given up at once and named in released().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/state_topics.hpp"
#include "services/strategy-runner/core/strategy.hpp"

namespace polybot::strategy_runner {

enum class MarketKind : std::uint8_t {
  Binary,   // an event of its own
  NegRisk,  // of several exclusive outcomes
  Group,    // of several that do not exclude each other
};
[[nodiscard]] MarketKind kind_of(const domain::Market& market);

// Which markets a strategy trades. Give a strategy that quotes and one that takes different
// markets: the account does not trade with itself, so the taker's orders would only be refused.
struct MarketFilter {
  std::vector<std::string> slugs;  // "prefix*" allowed; empty: all
  std::vector<MarketKind> kinds;   // empty: all
  domain::Shard first_shard{0};
  domain::Shard last_shard{domain::kShards - 1};
  [[nodiscard]] bool admits(const domain::Market& market) const;
};

struct StrategySettings {
  domain::StrategyName name;
  StrategyFactory factory;
  domain::Parameters parameters{};  // that the factory was made from
  MarketFilter markets;
  DeskSettings desk;
};

struct RunnerSettings {
  domain::ReplicaName replica;
  std::uint64_t incarnation = 0;
  domain::Duration book_age_max = std::chrono::seconds(3);
  std::vector<StrategySettings> strategies;
};

// ---- inputs

// What is common to the messages of one market data frame.
struct FrameOrigin {
  domain::Shard shard;
  domain::Timestamp sent_at{};  // the gateway's clock
  domain::TraceId trace;
};
// Messages of the shard's stream are missing before what follows, or it was never heard before.
struct MarketDataGap {
  domain::Shard shard;
};
struct MarketHeard {
  domain::Market market;
};
struct BookLoaded {
  FrameOrigin origin;
  domain::BookSnapshot snapshot;
};
struct BookChanged {
  FrameOrigin origin;
  domain::BookDelta delta;
};
struct TradeSeen {
  FrameOrigin origin;
  domain::TradeTick trade;
};
struct BookDistrusted {
  domain::BookStale stale;
};
// The books of the shard that are trusted here still stood then, except these.
struct BooksVouched {
  FrameOrigin origin;
  domain::ShardVouched vouched;
};
struct OrderEventSeen {  // in stream order, without holes
  domain::StreamedEvent event;
};
// The state of one strategy's stream after `seq`, as events to be folded in this order after
// forgetting what was known.
struct OrdersRestored {
  domain::StrategyName strategy;
  std::uint64_t seq = 0;
  std::vector<domain::StreamedEvent> entries;
};
// The strategy's order stream has a hole: it decides nothing until events fill the hole (then the
// stream is mended) or the state replaces it. Before the first of either, nothing is known of a
// stream.
struct OrderStreamBroken {
  domain::StrategyName strategy;
};
struct OrderStreamMended {
  domain::StrategyName strategy;
};
struct StrategyHeard {
  domain::StrategyState state;
};
// All leases of one order-manager state message; those not named, or revoked, have ended.
struct LeasesHeard {
  std::vector<domain::Lease> leases;
};
// Repeats, deadlines and the strategies' own timers; every 100 ms or so.
struct TimerFired {};

using Input =
    std::variant<MarketDataGap, MarketHeard, BookLoaded, BookChanged, TradeSeen, BookDistrusted,
                 BooksVouched, OrderEventSeen, OrdersRestored, OrderStreamBroken, OrderStreamMended,
                 StrategyHeard, LeasesHeard, TimerFired>;

// ---- outputs
struct Outputs {
  std::vector<domain::Signal> signals;  // new ones and repetitions, to publish in order
};

struct Scan {
  std::size_t strategy = 0;       // index into the settings
  domain::Timestamp caused_at{};  // when the gateway sent what caused it; epoch for other causes
  bool counted = true;            // an evaluation against an update, not a timer
};

class Runner {
 public:
  explicit Runner(RunnerSettings settings);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void on(const Input& input, domain::Timestamp now, Outputs& out);
  // Runs one queued evaluation; empty when none waits.
  std::optional<Scan> scan_next(domain::Timestamp now, Outputs& out);

  // ---- what the shell publishes ----
  struct StrategyStatus {
    bool enabled = false;
    domain::TradingState trading_state = domain::TradingState::Active;
    int shards_held = 0;
    int shards_in_force = 0;  // of those held: their leases have not run out
    int shards_warm = 0;      // of those held
    std::uint64_t scans = 0;
    std::uint64_t applied_seq = 0;
    bool stream_known = false;  // the order stream is complete so far
    std::size_t signals_pending = 0;
  };
  [[nodiscard]] std::size_t strategies() const { return traders_.size(); }
  // Shards leased to any strategy of this process: whose market data is wanted. Bit n = shard n.
  [[nodiscard]] std::uint64_t shards() const;
  // Leases that order-manager revoked and this process no longer trades, to be announced.
  [[nodiscard]] const std::vector<domain::LeaseReleased>& released() const { return released_; }
  [[nodiscard]] const domain::StrategyName& name(std::size_t strategy) const;
  [[nodiscard]] StrategyStatus status(std::size_t strategy, domain::Timestamp now) const;
  // Where the strategy is warm under a lease that has not run out. Bit n = shard n.
  [[nodiscard]] std::uint64_t shards_warm(std::size_t strategy, domain::Timestamp now) const;
  // The known markets that take orders and that the strategy trades under its leases: while their
  // books are heard, each is evaluated once in kLookAgainAfter at least.
  [[nodiscard]] std::size_t markets_traded(std::size_t strategy) const;
  [[nodiscard]] const SignalDesk& desk(std::size_t strategy) const;
  [[nodiscard]] const Holdings& holdings(std::size_t strategy) const;
  [[nodiscard]] const MarketTable& markets() const { return markets_; }
  // Why not every lease of this process is warm, in words; empty when all are.
  [[nodiscard]] std::vector<std::string> reasons_not_ready(domain::Timestamp now) const;

 private:
  struct Seat;    // one strategy on one shard
  struct Trader;  // one strategy: its desk, its holdings, its seats
  struct Cause;   // one queued evaluation
  void on_input(const MarketDataGap& input, domain::Timestamp now, Outputs& out);
  void on_input(const MarketHeard& input, domain::Timestamp now, Outputs& out);
  void on_input(const BookLoaded& input, domain::Timestamp now, Outputs& out);
  void on_input(const BookChanged& input, domain::Timestamp now, Outputs& out);
  void on_input(const TradeSeen& input, domain::Timestamp now, Outputs& out);
  void on_input(const BookDistrusted& input, domain::Timestamp now, Outputs& out);
  void on_input(const BooksVouched& input, domain::Timestamp now, Outputs& out);
  void on_input(const OrderEventSeen& input, domain::Timestamp now, Outputs& out);
  void on_input(const OrdersRestored& input, domain::Timestamp now, Outputs& out);
  void on_input(const OrderStreamBroken& input, domain::Timestamp now, Outputs& out);
  void on_input(const OrderStreamMended& input, domain::Timestamp now, Outputs& out);
  void on_input(const StrategyHeard& input, domain::Timestamp now, Outputs& out);
  void on_input(const LeasesHeard& input, domain::Timestamp now, Outputs& out);
  void on_input(const TimerFired& input, domain::Timestamp now, Outputs& out);

  [[nodiscard]] Trader* find(const domain::StrategyName& name);
  // `tick_at`: the gateway's stamp of the tick that caused it; empty when no tick did.
  void queue_book(const domain::MarketId& market, Heard heard, const FrameOrigin& origin,
                  domain::Timestamp now, domain::Timestamp tick_at = {});
  void queue_book(const domain::Market& market, Heard heard, const FrameOrigin& origin,
                  domain::Timestamp now, domain::Timestamp tick_at = {});
  // Something that no book shows changed in the market, for all strategies.
  void unsettle(const domain::Market& market);
  void look_at(Trader& trader, domain::Shard shard, Seat& seat, domain::Timestamp now);
  void wake_all(const Trader& trader, domain::Shard shard, Seat& seat, domain::Timestamp now);
  void take_leases(Trader& trader, const std::vector<domain::Lease>& leases, domain::Timestamp now);
  void release(const domain::Lease& lease);
  void hear(std::size_t trader, const domain::StreamedEvent& event, domain::Timestamp now);
  void evaluate(const Cause& cause, Trader& trader, Seat& seat, domain::Timestamp now,
                Outputs& out);
  void settle(const Cause& cause, Seat& seat, const Context& context);

  RunnerSettings settings_;
  MarketTable markets_;
  SignalIds ids_;
  std::vector<std::unique_ptr<Trader>> traders_;
  std::vector<const Holdings*> holdings_;  // of each trader
  std::deque<Cause> causes_;
  std::vector<domain::LeaseReleased> released_;  // by the newest lease message
  domain::Timestamp swept_at_{};
};

}  // namespace polybot::strategy_runner
