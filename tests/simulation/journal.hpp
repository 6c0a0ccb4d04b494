// The journal on an honest disk. It holds bytes, exactly as the real one keeps them, which lie in
// the cache of the machine until they are synced. A killed process leaves behind everything it had
// written. When the power fails, or the disk does, any part of what was not synced survives: all,
// nothing, or the beginning of a group. The next process reads what is there and cannot tell the
// difference. Beside it lies a snapshot of the fold, taken every so many records.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/wire/order_codec.hpp"
#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class Journal {
 public:
  explicit Journal(Stage& stage) : stage_(stage), random_(stage.random(4)) {}

  // `ahead` of true time is the clock that stamped them.
  void write(std::span<const domain::StreamedEvent> records, Duration ahead) {
    for (const domain::StreamedEvent& record : records) {
      bytes_.push_back(wire::encode_event(record.event));
      ahead_.push_back(ahead);
      stage_.tape.add(bytes_.back());
    }
  }
  struct Durable {
    domain::StreamedEvent record;
    Duration ahead{};
  };
  // Everything written is safe from here on. Returns what became safe since the last call, as it
  // can be read.
  std::vector<Durable> sync() {
    std::vector<Durable> durable;
    while (synced_ < bytes_.size()) {
      durable.push_back({fold_.apply(read(synced_ + 1)), ahead_[synced_]});
      ++synced_;
      if (synced_ % kRecordsPerSnapshot != 0) continue;
      former_snapshot_ = std::exchange(snapshot_, order_manager::encode_ledger(fold_));
    }
    return durable;
  }
  // The power or the disk fails: a part of what is not safe is gone, and perhaps the snapshot.
  void lose_unsynced() {
    const std::size_t unsynced = bytes_.size() - synced_;
    if (unsynced > 0) {
      const std::int64_t all = static_cast<std::int64_t>(unsynced);
      // The two extremes come more often than the values between.
      const std::int64_t kept = random_.chance(300'000)   ? 0
                                : random_.chance(400'000) ? all
                                                          : random_.between(0, all);
      bytes_.resize(synced_ + static_cast<std::size_t>(kept));
      ahead_.resize(bytes_.size());
      ++stage_.totals[kept == 0     ? "groups lost"
                      : kept == all ? "groups kept unacknowledged"
                                    : "groups torn"];
    }
    if (random_.chance(300'000)) snapshot_ = former_snapshot_;
  }
  // The newest snapshot as a ledger; empty before the first.
  [[nodiscard]] std::optional<order_manager::Ledger> snapshot() const {
    if (snapshot_.empty()) return std::nullopt;
    auto ledger = order_manager::decode_ledger(snapshot_);
    require(ledger.has_value(), "a snapshot of the fold cannot be read back");
    return ledger;
  }
  // `seq` counts from 1.
  [[nodiscard]] domain::Event read(std::uint64_t seq) const {
    domain::Event event;
    const auto error = wire::decode_event(bytes_.at(seq - 1), event);
    require(error == wire::DecodeError::None,
            "journal record " + std::to_string(seq) + " cannot be read back");
    return event;
  }
  // The last of all readable records, safe or not.
  [[nodiscard]] std::uint64_t last_seq() const { return bytes_.size(); }
  // The fold of all safe records.
  [[nodiscard]] const order_manager::Ledger& fold() const { return fold_; }

 private:
  static constexpr std::size_t kRecordsPerSnapshot = 400;

  Stage& stage_;
  Random random_;
  std::vector<std::string> bytes_;
  std::vector<Duration> ahead_;  // of each record
  std::size_t synced_ = 0;
  order_manager::Ledger fold_;
  std::string snapshot_;
  std::string former_snapshot_;
};

}  // namespace polybot::simulation
