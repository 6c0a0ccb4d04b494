// What order-manager livetest places, as a function of a market and its book. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/domain/instrument.hpp"
#include "common/domain/signal.hpp"
#include "common/polymarket/messages/catalogue.hpp"

namespace polybot::order_manager::livetest {

// A purchase of YES.
struct Placement {
  domain::Price price;
  domain::Quantity quantity;

  [[nodiscard]] domain::Money cost() const {
    return domain::notional(price, quantity, domain::Rounding::Up);
  }
};

// The smallest order that rests as far from the market as the venue lets one: at its lowest price.
// Empty where that is not at least two steps below the best bid: it could be filled there.
[[nodiscard]] std::optional<Placement> far_order(const domain::Market& market,
                                                 const polymarket::BookSummary& book);
// The smallest order that is filled at once, by what the book shows; in words why there is none.
[[nodiscard]] std::variant<Placement, std::string> smallest_fill(
    const domain::Market& market, const polymarket::BookSummary& book);

}  // namespace polybot::order_manager::livetest
