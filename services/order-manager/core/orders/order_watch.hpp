// What is remembered about open orders beside the ledger: signs of life, what was told as matched,
// ends that wait for their fills, cancels to repeat. Lost at a restart, when a reading replaces it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "common/domain/order.hpp"

namespace polybot::order_manager {

struct OrderWatch {
  bool delayed = false;         // held back by the venue's taker delay
  domain::Timestamp seen_at{};  // last sign of life
  // The quantity that an event of the order says is matched; it comes before or after the trades it
  // counts.
  domain::Quantity told_matched;
  domain::Timestamp told_at{};
  std::optional<domain::Timestamp> missing_since;
  // When this process sent the last byte of an order in doubt.
  std::optional<domain::Timestamp> last_byte_at;
  std::vector<domain::TradeId> expected_trades;  // named by the answer to an immediate order
  bool matched_at_once = false;                  // `expected_trades` is all there will be
  // The venue has ended the order; it is closed here once the fills that the end names are in, or
  // after a while.
  std::optional<domain::Timestamp> closing_since;
  domain::Quantity closing_quantity;
  domain::Timestamp next_cancel_at{};
  domain::Duration cancel_pause{};
};

using OrderWatches = std::map<domain::ClientOrderId, OrderWatch>;

}  // namespace polybot::order_manager
