// The accounts and ids that the published test vectors share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/polymarket/signing.hpp"

namespace polybot::polymarket {

// A publicly known key: the first account of a popular development chain.
inline constexpr std::string_view kPrivateKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
inline constexpr std::string_view kAddress = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
inline constexpr std::string_view kToken =
    "71321045679252212594626385532706912750332728571942532289631379312455583992563";
inline constexpr std::string_view kSecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

inline OrderToSign vector_order(std::uint64_t salt, domain::Side side, std::uint64_t maker_amount,
                                std::uint64_t taker_amount) {
  return {.salt = salt,
          .maker = *Address::parse(kAddress),
          .signer = *Address::parse(kAddress),
          .token = *domain::parse_token(kToken),
          .maker_amount = maker_amount,
          .taker_amount = taker_amount,
          .side = side,
          .timestamp_ms = 1713398400000};
}

// Order A of the vectors.
inline OrderToSign order_a() {
  return vector_order(123456789, domain::Side::Buy, 100000000, 50000000);
}

inline domain::MarketId market_id(std::uint8_t n) {
  domain::MarketId id;
  id.bytes[31] = n;
  id.bytes[0] = 0xA4;
  return id;
}
inline domain::TokenId token_id(std::uint8_t n) {
  domain::TokenId id;
  id.bytes[31] = n;
  id.bytes[0] = 0x77;
  return id;
}
inline domain::VenueOrderId order_id(std::uint8_t n) {
  domain::VenueOrderId id;
  id.bytes[31] = n;
  id.bytes[0] = 0xFF;
  return id;
}
inline domain::Price price(std::string_view text) {
  return *domain::Price::parse(text);
}
inline domain::Quantity quantity(std::string_view text) {
  return *domain::Quantity::parse(text);
}
inline domain::Money money(std::string_view text) {
  return *domain::Money::parse(text);
}

}  // namespace polybot::polymarket
