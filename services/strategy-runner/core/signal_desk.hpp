// Turns what a strategy wants into signals, and follows each until order-manager has answered it:
// checks the intent, paces the strategy, stamps id, lease, applied_seq and deadline, repeats
// unanswered signals, waits out refusals. One desk per strategy. Pure.
//
// A signal ends by an order event that names it (SignalAccepted, SignalDenied, or any event of one
// of its orders) or by its own deadline: the time of the oldest book it was decided on, plus the
// ttl.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "common/domain/events.hpp"
#include "common/domain/signal.hpp"
#include "services/strategy-runner/core/market_table.hpp"

namespace polybot::strategy_runner {

struct Intent {
  domain::SignalAction action = domain::SignalAction::Buy;
  std::variant<std::vector<domain::Leg>, domain::QuoteTarget> body;
};

// Why an intent went no further than this process; a metric label (domain/enumeration.hpp).
enum class Refusal : std::uint8_t {
  Malformed = 0,  // no legs or too many, two events, a price off the tick, a quantity not positive
  NoBook = 1,     // a market whose book cannot be trusted now
  Busy = 2,       // an earlier intent there has not ended, or a denial is being waited out
  Paced = 3,      // above the strategy's signal rate
  Muted = 4,  // the shard may not be traded now, only withdrawn from: lease over, not warm, halted
};

// The signal ids of one process; shared by its desks.
class SignalIds {
 public:
  explicit SignalIds(std::uint64_t incarnation) : incarnation_(incarnation) {}
  domain::SignalId next() { return {.incarnation = incarnation_, .counter = ++counter_}; }

 private:
  std::uint64_t incarnation_;
  std::uint64_t counter_ = 0;
};

struct DeskSettings {
  domain::StrategyName strategy;
  domain::Duration ttl = std::chrono::seconds(4);  // at most kSignalLifeMax
  domain::Duration repeat_every = std::chrono::milliseconds(250);
  std::int64_t signals_per_second_max = 50;  // also the largest burst
  // After a denial the market is left alone. The pause doubles each time until a signal is
  // accepted.
  domain::Duration denial_pause_min = std::chrono::milliseconds(500);
  domain::Duration denial_pause_max = std::chrono::seconds(30);
};

class SignalDesk {
 public:
  // Both outlive the desk.
  SignalDesk(DeskSettings settings, const MarketTable& markets, SignalIds& ids)
      : settings_(std::move(settings)), markets_(markets), ids_(ids) {}

  // What a signal carries beside the intent.
  struct Stamp {
    domain::Shard shard;
    domain::LeaseEpoch lease_epoch;
    std::uint64_t applied_seq = 0;
    domain::TraceId trace;  // of the update that caused it; 0: the signal starts a trace of its own
    domain::Timestamp tick_at{};  // of the tick that caused it, by the gateway's clock; or none
    domain::Timestamp now{};
    bool muted = false;  // a strategy may watch, and withdraw from, what it may not trade
  };
  // Appends the signal to `out`, or counts the refusal. A quote target replaces the pending one of
  // its market.
  std::optional<domain::SignalId> emit(Intent intent, const Stamp& stamp,
                                       std::vector<domain::Signal>& out);

  void on_order_event(const domain::StreamedEvent& streamed, domain::Timestamp now);
  // Unanswered signals that are due again, oldest first; forgets expired ones.
  void repeat(domain::Timestamp now, std::vector<domain::Signal>& out);
  // Their lease ended, so no signal of that shard is repeated any more.
  void drop(domain::Shard shard);
  void drop_all();

  // A take there is unanswered or about to execute, or a denial is being waited out.
  [[nodiscard]] bool busy(const domain::MarketId& market, domain::Timestamp now) const;
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  // The shard of an unanswered signal.
  [[nodiscard]] std::optional<domain::Shard> shard_of(const domain::SignalId& id) const;

  [[nodiscard]] std::uint64_t emitted(domain::SignalAction action) const {
    return emitted_[static_cast<std::size_t>(action)];
  }
  [[nodiscard]] std::uint64_t refused(Refusal reason) const {
    return refused_[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t expired() const { return expired_; }

 private:
  struct Pending {
    domain::Signal signal;
    domain::Timestamp repeat_at{};  // when accepted: until when its markets stay busy
    bool accepted = false;          // answered, but its orders have not been seen yet
  };
  struct Pause {
    domain::Timestamp until{};
    domain::Duration length{};
  };

  std::optional<Refusal> refuse(const Intent& intent, domain::Timestamp now);
  [[nodiscard]] bool well_formed(const Intent& intent) const;
  bool take_token(domain::Timestamp now);
  void denied(const domain::Signal& signal, domain::Timestamp now);

  DeskSettings settings_;
  const MarketTable& markets_;
  SignalIds& ids_;
  std::map<domain::SignalId, Pending> pending_;  // in order of emission
  std::map<domain::MarketId, Pause> pauses_;
  std::int64_t tokens_ns_ = -1;  // budget in nanoseconds of rate; -1: full, never used
  domain::Timestamp tokens_at_{};
  std::array<std::uint64_t, domain::kPlaces<domain::SignalAction>> emitted_{};
  std::array<std::uint64_t, domain::kPlaces<Refusal>> refused_{};
  std::uint64_t expired_ = 0;
};

// The markets an intent or signal touches, in order, each once.
[[nodiscard]] std::vector<domain::MarketId> markets_of(
    const std::variant<std::vector<domain::Leg>, domain::QuoteTarget>& body);

}  // namespace polybot::strategy_runner
