#include "services/order-manager/core/restoration.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace polybot::order_manager {

using domain::StrategyName;
using domain::TradingState;

namespace {

std::uint64_t microseconds(domain::Timestamp at) {
  return static_cast<std::uint64_t>(domain::to_unix_ns(at) / 1'000);
}

// Appends records one after the other.
class RestorationRecords {
 public:
  explicit RestorationRecords(std::uint64_t first) : next_(first) {}

  void add(const StrategyName& strategy, domain::Timestamp at, domain::EventBody body) {
    records_.push_back(
        {.seq = next_++, .at = at, .strategy = strategy, .trace = {}, .body = std::move(body)});
  }
  [[nodiscard]] std::vector<domain::Event> take() { return std::move(records_); }

 private:
  std::uint64_t next_;
  std::vector<domain::Event> records_;
};

}  // namespace

std::vector<domain::Event> restoration_records(const Ledger& backup,
                                               const std::optional<Ledger>& lost,
                                               std::uint64_t timeline, domain::Timestamp now) {
  const std::uint64_t lost_seq = lost ? lost->last_seq() : 0;
  const std::uint32_t lost_starts = lost ? lost->starts() : 0;
  const auto seconds = static_cast<std::uint32_t>(domain::to_unix_ms(now) / 1'000);
  RestorationRecords records(std::max({backup.last_seq() + 1, lost_seq + 1, microseconds(now)}));
  records.add({}, now,
              domain::JournalRestored{.timeline = timeline,
                                      .backup_seq = backup.last_seq(),
                                      .backup_at = backup.last_at(),
                                      .lost_seq = lost_seq,
                                      .start = std::max({backup.starts(), lost_starts, seconds})});
  // One that ends before the backup does tells nothing of the time after it.
  if (!lost || lost->last_at() < backup.last_at()) {
    if (backup.own_trading_state(std::nullopt) != TradingState::Halted) {
      records.add({}, now,
                  domain::TradingStateChanged{std::nullopt, TradingState::Halted,
                                              domain::StateReason::Restored});
    }
    return records.take();
  }
  for (const domain::TradingStateChanged& state : lost->own_trading_states()) {
    const domain::TradingStatus then = lost->own_trading_status(state.strategy);
    if (then == backup.own_trading_status(state.strategy)) continue;
    records.add({}, std::max(then.since, backup.last_at()), state);
  }
  for (const auto& [strategy, enabled] : lost->enabled()) {
    if (backup.enabled(strategy) == enabled) continue;
    records.add(strategy, now, domain::StrategySwitched{strategy, enabled});
  }
  return records.take();
}

}  // namespace polybot::order_manager
