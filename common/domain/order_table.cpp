#include "common/domain/order_table.hpp"

namespace polybot::domain {
namespace {

using Status = OrderStatus;
using enum OrderRowClass;

constexpr OrderRow kNever{Never, Status::Submitted};
using Row = std::array<OrderRow, kOrderEventKinds>;

// Columns: Ambiguous, Accepted, Rejected, Fill, Reversal, CancelRequested, CancelRejected,
// Canceled, Expired, Resurrected.
constexpr std::array<Row, kOrderStatuses> kTable = {{
    // Submitted. A fill or a cancellation may come by the user channel before the venue's answer to
    // the submission. A cancel that overtakes its order finds nothing.
    {{{Expected, Status::Ambiguous},
      {Expected, Status::Accepted},
      {Expected, Status::Rejected},
      {Expected, Status::PartiallyFilled},
      kNever,
      {Expected, Status::Submitted},
      {Tolerated, Status::Submitted},
      {Expected, Status::Canceled},
      kNever,
      kNever}},
    // Ambiguous. It ends by proof: accepted when the venue names it, rejected when it left no trace
    // within the hold, filled or canceled when a trade or our own cancel finds it.
    {{kNever,
      {Expected, Status::Accepted},
      {Expected, Status::Rejected},
      {Expected, Status::PartiallyFilled},
      kNever,
      {Expected, Status::Ambiguous},
      kNever,
      {Expected, Status::Canceled},
      kNever,
      kNever}},
    // Accepted. A rejection after it happens: a delayed order that crosses, or does not match, is
    // refused when its delay ends.
    {{kNever,
      kNever,
      {Tolerated, Status::Rejected},
      {Expected, Status::PartiallyFilled},
      kNever,
      {Expected, Status::Accepted},
      {Tolerated, Status::Accepted},
      {Expected, Status::Canceled},
      {Tolerated, Status::Expired},
      kNever}},
    // PartiallyFilled. The answer to the submission may come after the first fill. It stays partly
    // filled when its only fill is reversed: what was entered stays entered.
    {{kNever,
      {Expected, Status::PartiallyFilled},
      kNever,
      {Expected, Status::PartiallyFilled},
      {Expected, Status::PartiallyFilled},
      {Expected, Status::PartiallyFilled},
      {Tolerated, Status::PartiallyFilled},
      {Expected, Status::Canceled},
      {Tolerated, Status::Expired},
      kNever}},
    // Filled. The answer to the submission may still come, and so may the answer to a cancel that
    // was too late. A reversed fill does not bring the order back; a further trade is booked all
    // the same.
    {{kNever,
      {Expected, Status::Filled},
      kNever,
      {Tolerated, Status::Filled},
      {Expected, Status::Filled},
      kNever,
      {Expected, Status::Filled},
      kNever,
      kNever,
      kNever}},
    // Canceled. A fill after a cancel happens: the match was earlier, its message later.
    {{kNever,
      {Expected, Status::Canceled},
      kNever,
      {Expected, Status::Canceled},
      {Expected, Status::Canceled},
      kNever,
      kNever,
      kNever,
      kNever,
      kNever}},
    // Rejected. Only a sign of life changes it, because it has no fill that could be booked or
    // reversed.
    {{kNever,
      kNever,
      kNever,
      kNever,
      kNever,
      kNever,
      kNever,
      kNever,
      kNever,
      {Expected, Status::Accepted}}},
    // Expired. As Canceled. Only orders with a time limit expire; others place them on this
    // account.
    {{kNever,
      kNever,
      kNever,
      {Tolerated, Status::Expired},
      {Tolerated, Status::Expired},
      kNever,
      kNever,
      kNever,
      kNever,
      kNever}},
}};

}  // namespace

const OrderRow& order_row(OrderStatus status, OrderEventKind event) {
  return kTable[place_of(status)][place_of(event)];
}

OrderStatus next_status(OrderStatus status, OrderEventKind event, Completion completion) {
  const OrderRow& row = order_row(status, event);
  POLYBOT_ASSERT(row.row_class != Never);
  const bool fills_up = event == OrderEventKind::Fill && row.next == Status::PartiallyFilled &&
                        completion == Completion::Complete;
  return fills_up ? Status::Filled : row.next;
}

}  // namespace polybot::domain
