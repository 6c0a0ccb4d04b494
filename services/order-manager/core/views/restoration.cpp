#include "services/order-manager/core/views/restoration.hpp"

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

// A record of a restore may tell of an earlier time; the restore itself is the
// newer one.
domain::Timestamp end_of(const Ledger& ledger) {
  if (ledger.restores().empty()) return ledger.last_at();
  return std::max(ledger.last_at(), ledger.restores().back().at);
}

bool under_way(const Ledger& ledger, const domain::CommandId& command) {
  return std::any_of(ledger.flattens().begin(), ledger.flattens().end(),
                     [&](const Ledger::Flatten& flatten) { return flatten.command == command; });
}

// What the flatten would have sold, as far as the backup knows.
std::vector<domain::FlattenEnded::Left> left_of(const Ledger& backup,
                                                const Ledger::Flatten& flatten) {
  std::vector<domain::FlattenEnded::Left> left;
  for (const auto& [strategy, positions] : backup.portfolio().positions()) {
    if (strategy.value == domain::kExternalStrategy) continue;
    if (flatten.strategy && *flatten.strategy != strategy) continue;
    for (const auto& [market, position] : positions) {
      if (backup.portfolio().resolutions().contains(market)) continue;
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const domain::Quantity quantity = position.token(outcome).holding().quantity;
        if (quantity.is_positive() && left.size() < domain::kLeftMax)
          left.push_back({strategy, {market, outcome}, quantity, domain::LeftReason::Restored});
      }
    }
  }
  return left;
}

// A flatten goes on when the lost journal shows that it did; otherwise it ends.
void add_flattens(RestorationRecords& records, const Ledger& backup, const Ledger* lost,
                  domain::Timestamp now) {
  for (const Ledger::Flatten& flatten : backup.flattens()) {
    if (lost != nullptr && under_way(*lost, flatten.command)) continue;
    const bool last =
        lost != nullptr && lost->last_flatten() && lost->last_flatten()->command == flatten.command;
    records.add({}, now,
                domain::FlattenEnded{flatten.command,
                                     last ? lost->last_flatten()->left : left_of(backup, flatten)});
  }
  if (lost == nullptr) return;
  for (const Ledger::Flatten& flatten : lost->flattens()) {
    if (under_way(backup, flatten.command)) continue;
    records.add({}, std::max(flatten.begun_at, end_of(backup)),
                domain::FlattenBegun{flatten.command, flatten.strategy});
  }
}

// Legs that may have been levelled since are not levelled again, because that would sell other
// shares. Legs that were not levelled stay unlevel.
void add_levelled(RestorationRecords& records, const Ledger& backup, const Ledger* lost,
                  domain::Timestamp now) {
  for (const domain::SignalId& signal : backup.legs().unlevel()) {
    if (lost != nullptr && lost->legs().unlevel().contains(signal)) continue;
    const LegGroup& group = backup.legs().all().at(signal);
    records.add(group.strategy, now, domain::LegsLevelled{signal, group.event});
  }
}

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
                                      .backup_at = end_of(backup),
                                      .lost_seq = lost_seq,
                                      .start = std::max({backup.starts(), lost_starts, seconds})});
  // A journal that ends before the backup does says nothing of the time after it.
  if (!lost || end_of(*lost) < end_of(backup)) {
    // What an operator acknowledged before the backup was another halt.
    const domain::TradingStatus then = backup.own_trading_status(std::nullopt);
    if (then.state != TradingState::Halted || then.acknowledged_until != domain::Timestamp{}) {
      records.add({}, now,
                  domain::TradingStateChanged{std::nullopt, TradingState::Halted,
                                              domain::StateReason::Restored});
    }
    add_flattens(records, backup, nullptr, now);
    add_levelled(records, backup, nullptr, now);
    return records.take();
  }
  for (const domain::TradingStateChanged& state : lost->own_trading_states()) {
    const domain::TradingStatus then = lost->own_trading_status(state.strategy);
    if (then == backup.own_trading_status(state.strategy)) continue;
    records.add({}, std::max(then.since, end_of(backup)), state);
  }
  for (const auto& [strategy, enabled] : lost->enabled()) {
    if (backup.enabled(strategy) == enabled) continue;
    records.add(strategy, now, domain::StrategySwitched{strategy, enabled});
  }
  add_flattens(records, backup, &*lost, now);
  add_levelled(records, backup, &*lost, now);
  return records.take();
}

}  // namespace polybot::order_manager
