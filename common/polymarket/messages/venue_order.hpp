// Orders and trades of an account as the venue reports them, by the user channel and by REST alike:
// one shape each, whatever the spelling on the wire (polymarket.md §3.4, §4.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/order.hpp"

namespace polybot::polymarket {

enum class VenueOrderStatus : std::uint8_t {
  Live,
  Matched,
  Delayed,    // held back by a taker delay, matched later
  Unmatched,  // the delay ended without a match, or a post-only order crossed
  Canceled,
  Invalid,  // canceled by the venue
  CanceledMarketResolved,
  Unknown,  // a spelling we do not know; `status_detail` carries it
};
// No further fill can come of these by the venue's word (a late trade may still be reported).
[[nodiscard]] bool is_terminal(VenueOrderStatus status);

// The state of one order.
struct VenueOrder {
  domain::VenueOrderId id;
  domain::MarketId market;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  domain::Quantity original_size;
  std::optional<domain::Quantity> size_matched;  // the venue may leave it blank
  VenueOrderStatus status = VenueOrderStatus::Live;
  std::string status_detail;  // what follows the status on the wire: the venue's reason
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  std::string owner;  // API key
  std::string maker_address;
  std::string outcome;  // label
  std::optional<domain::Timestamp> created_at;
  std::optional<std::int64_t> expiration_s;  // GTD
  std::vector<domain::TradeId> trades;
  bool operator==(const VenueOrder&) const = default;
};

enum class VenueTradeStatus : std::uint8_t { Matched, Mined, Confirmed, Retrying, Failed };

// The resting side's share of a trade.
struct MakerEntry {
  domain::VenueOrderId order;
  std::string owner;
  std::string maker_address;
  domain::TokenId token;  // the maker's own token: the complement in mint and merge matches
  std::optional<domain::Side> side;  // absent in old payloads
  domain::Quantity quantity;
  domain::Price price;  // in terms of `token`
  std::string outcome;
  bool operator==(const MakerEntry&) const = default;
};

// One match of a taker with one or more makers. Top-level fields are the taker's, whoever receives
// it.
struct VenueTrade {
  domain::TradeId id;
  domain::VenueOrderId taker_order;
  domain::MarketId market;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Quantity quantity;
  domain::Price price;  // nearest 1e-4; cash is summed from the maker entries instead
  VenueTradeStatus status = VenueTradeStatus::Matched;
  domain::LiquiditySide trader_side = domain::LiquiditySide::Taker;  // the receiver's role
  std::string owner;
  std::string maker_address;
  std::string outcome;
  std::string transaction_hash;
  domain::Timestamp matched_at{};
  std::optional<domain::Timestamp> updated_at;
  std::vector<MakerEntry> makers;
  bool operator==(const VenueTrade&) const = default;
};

inline constexpr std::size_t kMakersMax = 1000;

// The share of a trade that belongs to one order of an account.
struct OwnFill {
  domain::VenueOrderId order;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Quantity quantity;
  domain::Money cash;  // summed over maker entries, rounded once and against us
  domain::LiquiditySide liquidity = domain::LiquiditySide::Taker;
  bool operator==(const OwnFill&) const = default;
};

// What a trade means for the account whose API key is `owner`: the taker's fill when the account
// took, and one fill per maker order of the account (entries of the same order summed). Maker
// entries on the complementary token are mirrored where their side or price is needed.
[[nodiscard]] std::vector<OwnFill> own_fills(const VenueTrade& trade, std::string_view owner);

// Wire names: "GTC", "BUY", "MATCHED", ...
[[nodiscard]] std::string_view wire_name(domain::TimeInForce time_in_force);
[[nodiscard]] std::string_view wire_name(domain::Side side);
[[nodiscard]] std::string_view wire_name(VenueOrderStatus status);
[[nodiscard]] std::string_view wire_name(VenueTradeStatus status);

}  // namespace polybot::polymarket
