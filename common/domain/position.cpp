#include "common/domain/position.hpp"

namespace polybot::domain {

void apply_fill(Holding& holding, Side side, Quantity quantity, Money cash, Money fee) {
  POLYBOT_ASSERT(!quantity.is_negative());
  if (quantity.is_zero()) {
    // Only money changed hands: a fee alone is a loss.
    holding.realized -= side == Side::Buy ? cash + fee : fee - cash;
    return;
  }
  // As one signed exchange: +quantity for +paid, or -quantity for -received.
  const bool buy = side == Side::Buy;
  const Quantity delta = buy ? quantity : -quantity;
  const Money paid = buy ? cash + fee : fee - cash;
  const bool closes =
      (holding.quantity.is_positive() && !buy) || (holding.quantity.is_negative() && buy);
  if (!closes) {
    holding.quantity += delta;
    holding.cost += paid;
    return;
  }
  const std::int64_t held =
      holding.quantity.raw() < 0 ? -holding.quantity.raw() : holding.quantity.raw();
  const std::int64_t closed = quantity.raw() < held ? quantity.raw() : held;
  const Money closed_cost =
      Money::from_raw(mul_div(holding.cost.raw(), closed, held, Rounding::HalfAwayFromZero));
  // The cash of the closing part; the rest of the fill opens on the other side.
  const Money closing_paid =
      Money::from_raw(mul_div(paid.raw(), closed, quantity.raw(), Rounding::HalfAwayFromZero));
  holding.realized -= closed_cost + closing_paid;
  holding.cost -= closed_cost;
  holding.quantity += delta;
  holding.cost += paid - closing_paid;
}

Money value_at(const Holding& holding, Price mark) {
  return notional(mark, holding.quantity, Rounding::Down);
}

}  // namespace polybot::domain
