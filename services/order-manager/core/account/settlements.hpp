// What the account should have while trades settle. A reading is not a snapshot, so the expectation
// is a range that holds whichever settlements in doubt the reading has seen.
#pragma once

#include <deque>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// Balances lag behind the trades that moved them by about this much.
inline constexpr domain::Duration kSettlementLag = std::chrono::seconds(2);

struct ExpectedRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
  void widen(std::int64_t by) { (by < 0 ? low : high) += by; }
  // Signed distance of `value` from the range; 0 inside.
  [[nodiscard]] std::int64_t off(std::int64_t value) const {
    return value < low ? value - low : value > high ? value - high : 0;
  }
  [[nodiscard]] bool exact() const { return low == high; }
};

class Settlements {
 public:
  static constexpr std::size_t kMax = 10'000;
  static constexpr domain::Duration kKept = std::chrono::seconds(60);

  // A fill was settled now: a reading may or may not have seen it.
  void settled(const domain::OrderFilled& fill, domain::Timestamp now);

  [[nodiscard]] ExpectedRange cash(const Ledger& ledger, domain::Timestamp read_at) const;
  [[nodiscard]] ExpectedRange quantity(const Ledger& ledger, const domain::Instrument& instrument,
                                       domain::Timestamp read_at) const;

 private:
  struct Flow {
    domain::Timestamp at{};
    domain::Instrument instrument;
    domain::Quantity quantity;  // signed
    domain::Money cash;         // signed
  };
  std::deque<Flow> recent_;
};

}  // namespace polybot::order_manager
