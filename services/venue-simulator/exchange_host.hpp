// The exchange with its durable memory: folds the log at the start, applies and logs each input,
// and hands the outputs to publish(). Every input is logged before its outputs leave.
//
// Single-threaded; publish() must not apply further inputs.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/runtime/clock.hpp"
#include "services/venue-simulator/config.hpp"
#include "services/venue-simulator/core/exchange.hpp"
#include "services/venue-simulator/log/history.hpp"
#include "services/venue-simulator/log/input_log.hpp"

namespace polybot::venue_simulator {

class ExchangeHost {
 public:
  struct Options {
    Config config;
    std::string recording_fingerprint;  // empty: synthetic flow
    // Fills in the events of logged frames during the fold. May be empty.
    std::function<void(PlayFrames&)> resolve_frames;
    std::function<domain::Timestamp()> now;
  };
  // Folds what the data folder holds, or begins a new exchange in an empty one. Throws
  // runtime::CannotStart when the folder belongs to another recording, is damaged or in use.
  explicit ExchangeHost(Options options);

  // Set before the first apply(); gets every batch of outputs.
  std::function<void(const Outputs&)> publish;

  // Applies an input now. The outputs are valid until the next call.
  const Outputs& apply(const Input& input);
  // Runs what has become due.
  void advance();
  // Syncs the log, and begins a new generation when the current one is old or long.
  void maintain();
  // Writes a last snapshot, so that the next start has nothing to fold.
  void close();

  [[nodiscard]] const Exchange& exchange() const { return *exchange_; }
  [[nodiscard]] const MatchingEngine& engine() const { return exchange().engine(); }
  // The active settings of a fault; of one market when given.
  [[nodiscard]] const FaultSettings* fault(Fault fault) const;
  [[nodiscard]] const FaultSettings* fault(Fault fault, const domain::MarketId& market) const;
  // Counts an occasion of a fault that acts outside the core.
  void fault_used(Fault fault);
  [[nodiscard]] domain::Timestamp now() const { return options_.now(); }
  // The venue's clock as it tells it, in Unix seconds (fault venue-clock).
  [[nodiscard]] std::int64_t told_seconds() const;
  [[nodiscard]] std::uint64_t seed() const { return settings_.seed; }
  // Everything matched after this is still in memory.
  [[nodiscard]] domain::Timestamp remembered_since() const {
    return now() - engine().settings().retention;
  }
  // Orders and trades that have left memory, by running number; until `use` returns false.
  void read_old_orders(std::uint64_t after,
                       const std::function<bool(const OrderTruth&)>& use) const;
  void read_old_trades(std::uint64_t after,
                       const std::function<bool(const TradeTruth&)>& use) const;
  [[nodiscard]] std::uint64_t folded_inputs() const { return folded_; }
  [[nodiscard]] const InputLog& log() const { return log_; }

 private:
  void begin();
  void resume(InputLog::Opened opened);
  void name_faults() const;
  void follow_configuration(const ExchangeSettings& wanted);
  void file_archived();

  Options options_;
  ExchangeSettings settings_;
  InputLog log_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<HistoryFile> old_orders_;
  std::unique_ptr<HistoryFile> old_trades_;
  Outputs outputs_;
  std::uint64_t folded_ = 0;
  domain::Timestamp marked_at_{};  // latest time the log knows
  domain::Timestamp synced_at_{};
  domain::Timestamp compacted_at_{};
};

}  // namespace polybot::venue_simulator
