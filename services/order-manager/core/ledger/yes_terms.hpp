// Where an order stands in the book of its market, which is kept in terms of YES: buying NO at 0.40
// is selling YES at 0.60.
#pragma once

#include "common/domain/order.hpp"

namespace polybot::order_manager {

[[nodiscard]] constexpr domain::BookSide book_side(domain::Outcome outcome, domain::Side side) {
  return (outcome == domain::Outcome::Yes) == (side == domain::Side::Buy) ? domain::BookSide::Bid
                                                                          : domain::BookSide::Ask;
}

[[nodiscard]] constexpr domain::Price yes_price(domain::Outcome outcome, domain::Price price) {
  return outcome == domain::Outcome::Yes ? price : domain::complement(price);
}

}  // namespace polybot::order_manager
