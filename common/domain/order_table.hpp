// The one table that says which event may happen to an order in which status, and which status
// follows. Rows are what order-manager records; messages of the venue that say nothing new never
// get this far.
//
// A terminal status is final, with one exception: a sign of life of an order that had been written
// off. Fills, and reversals of fills, that come after the end change quantities, not the status.
#pragma once

#include <array>
#include <optional>

#include "common/domain/order.hpp"

namespace polybot::domain {

enum class OrderEventKind : std::uint8_t {
  Ambiguous,
  Accepted,
  Rejected,
  Fill,
  Reversal,
  CancelRequested,
  CancelRejected,
  Canceled,
  Expired,
  Resurrected,
};
inline constexpr std::size_t kOrderEventKinds = kPlaces<OrderEventKind>;

enum class OrderRowClass : std::uint8_t {
  Expected,   // happens in a normal life or under faults; the simulation must have taken it
  Tolerated,  // a venue may do it; handled, not required to be seen
  Never,      // our own code does not record it
};

struct OrderRow {
  OrderRowClass row_class = OrderRowClass::Never;
  OrderStatus next = OrderStatus::Submitted;
};

// `next` of a fill is PartiallyFilled where the quantity decides: Filled once nothing is left.
[[nodiscard]] const OrderRow& order_row(OrderStatus status, OrderEventKind event);

// The status after the event. `complete`: the filled quantity reaches the order's. Asserts on
// Never.
enum class Completion : std::uint8_t { Partial, Complete };
[[nodiscard]] OrderStatus next_status(OrderStatus status, OrderEventKind event,
                                      Completion completion);

}  // namespace polybot::domain
