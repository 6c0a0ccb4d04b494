// Orders and trades of an account with everything the venue's JSON says of them. The user channel
// and REST spell them differently; here each has one shape. Readers turn them into the stack's own
// terms with to_update() and to_trade(); a program that plays the venue fills them and writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/venue.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

struct OrderRecord {
  domain::VenueOrderId id;
  domain::MarketId market;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  std::optional<domain::Quantity>
      original_size;  // the venue leaves sizes blank in some cancellations
  std::optional<domain::Quantity> size_matched;
  // A status we do not know reads as Live, the cautious reading, with its text as the reason.
  domain::VenueOrderStatus status = domain::VenueOrderStatus::Live;
  std::string reason;  // what follows the status on the wire, "CANCELED_..."
  std::optional<domain::TimeInForce> time_in_force;
  std::string owner;  // API key
  std::string maker_address;
  std::string outcome;  // label
  std::optional<domain::Timestamp> created_at;
  std::optional<std::int64_t> expiration_s;  // GTD; "0" reads as none
  std::vector<domain::TradeId> trades;
  bool operator==(const OrderRecord&) const = default;
};

struct MakerRecord {
  domain::VenueOrderId order;
  std::string owner;
  std::string maker_address;
  domain::TokenId token;             // the maker's own: the complement in mint and merge matches
  std::optional<domain::Side> side;  // absent in old payloads
  domain::Quantity quantity;
  domain::Price price;  // in terms of `token`
  std::string outcome;
  bool operator==(const MakerRecord&) const = default;
};

// One match of a taker with one or more makers. Top-level fields are the taker's, for every
// receiver.
struct TradeRecord {
  domain::TradeId id;
  domain::VenueOrderId taker_order;
  domain::MarketId market;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Quantity quantity;
  domain::Price price;  // an average: to the nearest 1e-4
  domain::VenueTradeStatus status = domain::VenueTradeStatus::Matched;
  std::optional<domain::LiquiditySide> trader_side;  // the receiver's role
  std::string owner;        // API key of the receiver of an event; of a row whose it is
  std::string trade_owner;  // API key of the taker; events have it, rows have not
  std::string maker_address;
  std::string outcome;
  std::string transaction_hash;
  domain::Timestamp matched_at{};
  std::optional<domain::Timestamp> updated_at;
  std::vector<MakerRecord> makers;
  // Written without its numbers, as the venue does while a trade is being settled. No reader sets
  // this: such a trade cannot be read.
  bool numbers_pending = false;
  bool operator==(const TradeRecord&) const = default;
};

inline constexpr std::size_t kMakersMax = 1000;  // of one trade

// An order or a trade that cannot be read, such as a trade whose numbers the venue leaves empty
// while it is being settled. It exists all the same: the orders that it names are known to the
// venue.
struct UnreadableRow {
  ParseError error;
  std::string id;  // as the venue spells it; empty when not even that can be read
  std::vector<domain::VenueOrderId> orders;     // that it names
  bool names_all = false;                       // it concerns no other order than these
  std::optional<domain::Timestamp> matched_at;  // of a trade
  bool operator==(const UnreadableRow&) const = default;
};

// `at` is the time of the message, or of the reading for REST.
[[nodiscard]] domain::VenueOrderUpdate to_update(const OrderRecord& order, domain::Timestamp at);
// The account as the venue names it. A wallet may have several API keys: orders made by hand have
// another one, and the address in common.
struct TraderIdentity {
  std::string api_key;
  std::string address;  // "0x" + 40 hex digits in any case
};
// `us` tells which maker entries are ours, and whether we are the taker where the venue does not
// say it. A maker side the venue left out follows from the tokens: the same token trades against
// the opposite side, the complement against the same side.
[[nodiscard]] domain::VenueTrade to_trade(const TradeRecord& trade, const TraderIdentity& us);

// A row that cannot be read, in the form that the account's reading uses.
[[nodiscard]] domain::VenueAccount::Unread to_unread(const UnreadableRow& row,
                                                     domain::VenueAccount::Unread::Kind kind);

// Names on the wire: "GTC", "BUY", "LIVE", "MATCHED", ...
[[nodiscard]] std::string_view wire_name(domain::TimeInForce time_in_force);
[[nodiscard]] std::string_view wire_name(domain::Side side);
[[nodiscard]] std::string_view wire_name(domain::VenueOrderStatus status);
[[nodiscard]] std::string_view wire_name(domain::VenueTradeStatus status);

}  // namespace polybot::polymarket
