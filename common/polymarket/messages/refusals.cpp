#include "common/polymarket/messages/refusals.hpp"

#include <array>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

using domain::RejectReason;

struct KnownText {
  std::string_view part;  // lower case; found anywhere in the text
  RejectReason reason;
};

// The first match wins, so the narrower text comes first.
constexpr std::array<KnownText, 38> kKnownTexts{{
    {"breaks minimum tick size rule", RejectReason::TickSize},
    {"lower than the minimum", RejectReason::BelowMinimum},
    {"invalid amount for a marketable", RejectReason::BelowMinimum},
    {"invalid amounts", RejectReason::Amounts},
    {"duplicated", RejectReason::Duplicated},
    {"invalid post-only order", RejectReason::Crosses},
    {"crosses the book", RejectReason::Crosses},
    {"order crosses book", RejectReason::Crosses},
    {"not enough balance", RejectReason::Balance},
    {"invalid expiration", RejectReason::Expiration},
    {"couldn't be fully filled", RejectReason::NotFilled},
    {"no orders found to match", RejectReason::NotFilled},
    {"there are no matching orders", RejectReason::NotFilled},
    {"the market is not yet ready", RejectReason::MarketNotReady},
    {"no orderbook exists", RejectReason::MarketNotReady},
    {"post-only mode", RejectReason::PostOnlyMode},
    {"trading is currently cancel-only", RejectReason::CancelOnly},
    {"trading is currently", RejectReason::TradingDisabled},
    {"restricted in your region", RejectReason::Forbidden},
    {"unauthorized", RejectReason::Unauthorized},
    {"no deposit wallet found", RejectReason::Unauthorized},
    {"invalid api key", RejectReason::Unauthorized},
    {"invalid l1 request headers", RejectReason::Unauthorized},
    {"the order owner has to be", RejectReason::Unauthorized},
    {"the order signer address has to be", RejectReason::Unauthorized},
    {"address banned", RejectReason::Unauthorized},
    {"address in closed only mode", RejectReason::ClosedOnly},
    {"maker address not allowed", RejectReason::Unauthorized},
    {"invalid signature", RejectReason::InvalidSignature},
    {"invalid poly_proxy signature", RejectReason::InvalidSignature},
    {"invalid order version", RejectReason::InvalidSignature},
    {"order_version_mismatch", RejectReason::InvalidSignature},
    {"invalid order payload", RejectReason::InvalidPayload},
    {"invalid orderid", RejectReason::InvalidPayload},
    {"too many orders in payload", RejectReason::InvalidPayload},
    {"invalid nonce", RejectReason::InvalidPayload},
    {"invalid token id", RejectReason::InvalidPayload},
    {"order canceled in the ctf exchange contract", RejectReason::Other},
}};

}  // namespace

std::optional<RejectReason> known_refusal(std::string_view text) {
  const std::string lower = lower_case(text);
  for (const KnownText& known : kKnownTexts) {
    if (lower.find(known.part) != std::string::npos) return known.reason;
  }
  return std::nullopt;
}

namespace refusal {

std::string off_tick(const domain::VenueOrderId& order, domain::Price price, domain::Price tick) {
  return "order " + to_string(order) + " is invalid. Price (" + price.to_string() +
         ") breaks minimum tick size rule: " + tick.to_string();
}

std::string below_minimum(const domain::VenueOrderId& order, domain::Quantity size,
                          domain::Quantity minimum) {
  return "order " + to_string(order) + " is invalid. Size (" + size.to_string() +
         ") lower than the minimum: " + minimum.to_string();
}

std::string duplicated(const domain::VenueOrderId& order) {
  return "order " + to_string(order) + " is invalid. Duplicated.";
}

std::string too_many_orders(std::size_t count, std::size_t maximum) {
  return "Too many orders in payload: " + std::to_string(count) +
         ", max allowed: " + std::to_string(maximum);
}

}  // namespace refusal
}  // namespace polybot::polymarket
