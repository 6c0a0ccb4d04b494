// The journal on a disk that never forgets and sometimes refuses: what was appended is bytes,
// exactly as the real one keeps them, and it outlives the process that wrote it. Beside them lies a
// snapshot of the fold, taken every so many records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/wire/order_codec.hpp"
#include "services/order-manager/core/ledger_image.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class Journal {
 public:
  explicit Journal(Stage& stage) : stage_(stage) {}

  void append(const std::vector<domain::StreamedEvent>& records) {
    for (const domain::StreamedEvent& record : records) {
      bytes_.push_back(wire::encode_event(record.event));
      stage_.tape.add(bytes_.back());
      // The fold of what can be read back, kept beside the live one.
      static_cast<void>(fold_.apply(read(bytes_.size())));
      if (bytes_.size() % kRecordsPerSnapshot == 0) snapshot_ = order_manager::encode_ledger(fold_);
    }
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
  [[nodiscard]] std::uint64_t last_seq() const { return bytes_.size(); }
  [[nodiscard]] const order_manager::Ledger& fold() const { return fold_; }

 private:
  static constexpr std::size_t kRecordsPerSnapshot = 400;

  Stage& stage_;
  std::vector<std::string> bytes_;
  order_manager::Ledger fold_;
  std::string snapshot_;
};

}  // namespace polybot::simulation
