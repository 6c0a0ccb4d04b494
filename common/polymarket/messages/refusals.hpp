// The venue's error texts (docs.polymarket.com/resources/error-codes) in one table: what they mean
// when they are read, and how they are spelled when they are written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/domain/events.hpp"

namespace polybot::polymarket {

// The reason behind a refusal text the venue is known to send; empty for any other text. Known
// refusals are definite: this request made no order (Duplicated alone says that an earlier one
// did).
[[nodiscard]] std::optional<domain::RejectReason> known_refusal(std::string_view text);

// Texts as the venue writes them.
namespace refusal {
inline constexpr std::string_view kUnauthorized = "Unauthorized/Invalid api key";
inline constexpr std::string_view kInvalidPayload = "Invalid order payload";
inline constexpr std::string_view kRegion =
    "Trading restricted in your region, please refer to available regions";
inline constexpr std::string_view kWrongOwner =
    "the order owner has to be the owner of the API KEY";
inline constexpr std::string_view kWrongSigner =
    "the order signer address has to be the address of the API KEY";
inline constexpr std::string_view kMakerNotAllowed =
    "maker address not allowed, please use the deposit wallet flow";
inline constexpr std::string_view kNoDepositWallet = "no deposit wallet found for owner";
inline constexpr std::string_view kInvalidOrderId = "Invalid orderID";
inline constexpr std::string_view kInvalidSignature = "invalid signature";
inline constexpr std::string_view kInvalidVersion =
    "invalid order version, please use the latest clob-client";
inline constexpr std::string_view kBalance = "not enough balance / allowance";
inline constexpr std::string_view kInvalidExpiration = "invalid expiration";
inline constexpr std::string_view kMarketNotReady =
    "the market is not yet ready to process new orders";
inline constexpr std::string_view kPostOnlyCrosses = "invalid post-only order: order crosses book";
inline constexpr std::string_view kFokNotFilled =
    "order couldn't be fully filled. FOK orders are fully filled or killed.";
inline constexpr std::string_view kFakNoMatch =
    "no orders found to match with FAK order. FAK orders are partially filled or killed if no "
    "match "
    "is found.";
inline constexpr std::string_view kTradingDisabled = "Trading is currently disabled";
inline constexpr std::string_view kCancelOnly =
    "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.";
inline constexpr std::string_view kClosedOnly = "address in closed only mode";
inline constexpr std::string_view kPostOnlyMode =
    "post-only mode: only post-only orders and cancels are allowed";
inline constexpr std::string_view kNoOrderbook = "No orderbook exists for the requested token id";
inline constexpr std::string_view kInvalidTokenId = "Invalid token id";
inline constexpr std::string_view kBatchTooLarge = "Payload exceeds the limit";

// Reasons in `not_canceled`. The venue has one text for what it never had and for what has ended.
inline constexpr std::string_view kCancelGone =
    "order can't be found - already canceled or matched";
inline constexpr std::string_view kCancelDelayed =
    "order can't be canceled: held by the market's taker delay";

[[nodiscard]] std::string off_tick(const domain::VenueOrderId& order, domain::Price price,
                                   domain::Price tick);
[[nodiscard]] std::string below_minimum(const domain::VenueOrderId& order, domain::Quantity size,
                                        domain::Quantity minimum);
[[nodiscard]] std::string duplicated(const domain::VenueOrderId& order);
[[nodiscard]] std::string too_many_orders(std::size_t count, std::size_t maximum);
}  // namespace refusal

}  // namespace polybot::polymarket
