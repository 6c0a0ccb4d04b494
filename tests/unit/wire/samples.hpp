// Values the codec tests send around, and the abuse every decoder must survive.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/domain/commands.hpp"
#include "common/domain/instrument.hpp"
#include "common/domain/signal.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire::test {

template <class Id>
Id id_of(std::uint8_t first) {
  Id id;
  for (std::uint8_t& byte : id.bytes) byte = first++;
  return id;
}

inline domain::Price price(std::int64_t raw) {
  return domain::Price::from_raw(raw);
}
inline domain::Quantity quantity(std::int64_t raw) {
  return domain::Quantity::from_raw(raw);
}
inline domain::Timestamp at(std::int64_t seconds) {
  return domain::from_unix_ns(seconds * 1'000'000'000 + 7);
}

inline domain::Market sample_market() {
  domain::Market market;
  market.id = id_of<domain::MarketId>(1);
  market.event = id_of<domain::EventGroupId>(2);
  market.slug = "will-it-rain-in-Zürich";
  market.question = "Will it rain?\nEven \"a little\"?";
  market.event_slug = "rain";
  market.yes_label = "Up";
  market.no_label = "Down";
  market.yes_token = id_of<domain::TokenId>(3);
  market.no_token = id_of<domain::TokenId>(200);
  market.tick = price(25);
  market.min_size = quantity(5'000'000);
  market.fee = {.rate_ppm = 70'000, .exponent = 2};
  market.exchange = domain::ExchangeVersion::V3;
  market.status = domain::MarketStatus::Resolved;
  market.neg_risk = true;
  market.augmented = true;
  market.placeholder = true;
  market.taker_delay = true;
  market.event_market_count = 65535;
  market.ends_at = at(1'800'000'000);
  market.payout = {.yes = price(5000), .no = price(5000)};
  return market;
}

// Cuts `bytes` at every length and flips every bit of it. `decode` must return an error or a value,
// nothing else; a cut may decode (fields at the end missing) only if it is not the whole.
template <class Decode>
void abuse(const std::string& bytes, Decode decode) {
  ASSERT_EQ(decode(std::string_view(bytes)), DecodeError::None);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    // A copy of exactly this length: reading beyond it is an error that sanitizers see.
    const std::string cut(bytes.data(), length);
    static_cast<void>(decode(std::string_view(cut)));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      static_cast<void>(decode(std::string_view(flipped)));
    }
  }
  EXPECT_EQ(decode(std::string_view("\xff\xff\xff")), DecodeError::Malformed);
}

}  // namespace polybot::wire::test
