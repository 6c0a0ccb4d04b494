// makerAmount and takerAmount of an order, exactly: what github.com/Polymarket/clob-client-v2 makes
// in getOrderRawAmounts.ts, within the precision that the venue accepts. Integers in 1e-6 units;
// what the venue cannot express is refused or rounded in the one direction documented here, never
// silently.
//
// Two families of rules. Resting orders (GTC, GTD): shares have 2 decimals, cash is shares x price
// exactly. Immediate orders (FAK, FOK), whatever the tick: the maker amount has at most 2 decimals
// and the taker amount at most 4, so not every share quantity can be bought at every price:
// share_step() is the grid of those that can.
//
// The second half is the venue's side: the same rules as a check with the venue's error texts.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/domain/amounts.hpp"
#include "common/domain/instrument.hpp"
#include "common/domain/signal.hpp"
#include "common/polymarket/signing.hpp"

namespace polybot::polymarket {

// In 1e-6 units. Buying: maker = pUSD, taker = shares. Selling: the other way round.
struct OrderAmounts {
  std::uint64_t maker = 0;
  std::uint64_t taker = 0;
  bool operator==(const OrderAmounts&) const = default;
};

enum class AmountError : std::uint8_t {
  UnknownTick,   // not one of the venue's six
  PriceOffTick,  // outside [tick, 1 - tick] or not a multiple
  RoundsToZero,  // the quantity is below what the venue can express at this price
};
[[nodiscard]] std::string_view to_string(AmountError error);
using AmountsResult = boost::system::result<OrderAmounts, AmountError>;

// 0.1, 0.01, 0.005, 0.0025, 0.001, 0.0001.
[[nodiscard]] bool is_known_tick(domain::Price tick);

// An order for `quantity` shares at `price` or better, any time in force. The quantity is floored
// to share_step(). Immediate sells floor the cash to 4 decimals, which lets the implied price fall
// below `price` by less than 1e-4 pUSD in total.
[[nodiscard]] AmountsResult amounts_for_shares(domain::Side side, domain::Quantity quantity,
                                               domain::Price price, domain::Price tick,
                                               domain::TimeInForce time_in_force);

// ------------------------------------------------------------------------------------ venue side

// An order as a venue reads it back from its amounts.
struct OrderTerms {
  domain::Price price;        // limit, on the tick grid
  domain::Quantity quantity;  // shares
  // Immediate buys are bounded by cash, not by shares, when the amounts do not name an exact price.
  domain::Money cash;
  bool operator==(const OrderTerms&) const = default;
};

// What the venue's matching engine checks of an order's numbers before looking at its book.
struct AmountCheck {
  domain::VenueOrderId order_id;  // for the text
  domain::Side side = domain::Side::Buy;
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  OrderAmounts amounts;
  domain::Price tick;
  domain::Quantity min_size;  // applies to resting orders
};

// The terms, or the venue's own error text.
[[nodiscard]] std::variant<OrderTerms, std::string> check_amounts(const AmountCheck& order);

// The venue's error text when an order that would match at once is worth less than
// domain::kMarketableNotionalMin, else empty.
[[nodiscard]] std::string check_marketable_notional(domain::Side side, domain::Money notional);

}  // namespace polybot::polymarket
