// Small words shared by the gateway's unit tests: prices in cents, tokens and markets by number.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/feed_supervisor.hpp"
#include "services/gateway/core/market_catalogue.hpp"
#include "services/gateway/core/shard_map.hpp"

namespace polybot::gateway {

using namespace std::chrono_literals;
using domain::Duration;
using domain::MarketStatus;
using domain::Side;
using domain::Timestamp;

inline domain::Price cents(std::int64_t count) {
  return domain::Price::from_raw(count * 100);
}
inline domain::Quantity shares(std::int64_t count) {
  return domain::Quantity::from_units(count);
}
inline domain::Level level(std::int64_t price_cents, std::int64_t quantity) {
  return {cents(price_cents), shares(quantity)};
}
inline Timestamp at(std::int64_t ms) {
  return domain::from_unix_ms(1'000'000 + ms);
}

inline domain::MarketId market_id(int n) {
  domain::MarketId id;
  id.bytes[0] = 0xAA;
  id.bytes[31] = static_cast<std::uint8_t>(n);
  return id;
}
inline domain::EventGroupId event_id(int n) {
  domain::EventGroupId id;
  id.bytes[31] = static_cast<std::uint8_t>(n);
  return id;
}
inline domain::TokenId token_id(int n) {
  domain::TokenId id;
  id.bytes[30] = static_cast<std::uint8_t>(n >> 8);
  id.bytes[31] = static_cast<std::uint8_t>(n);
  return id;
}
inline domain::TokenId yes_of(int n) {
  return token_id(2 * n);
}
inline domain::TokenId no_of(int n) {
  return token_id(2 * n + 1);
}

inline domain::Market make_market(int n, int event = 1) {
  domain::Market market;
  market.id = market_id(n);
  market.event = event_id(event);
  market.slug = "market-" + std::to_string(n);
  market.event_slug = "event-" + std::to_string(event);
  market.yes_token = yes_of(n);
  market.no_token = no_of(n);
  return market;
}

// The markets as a listing that says nothing of their trade.
inline std::vector<Listing> listings_of(const std::vector<domain::Market>& markets) {
  std::vector<Listing> listings;
  for (const domain::Market& market : markets) listings.push_back({market, {}});
  return listings;
}

}  // namespace polybot::gateway
