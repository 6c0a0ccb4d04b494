#include "common/wire/types_codec.hpp"

#include <algorithm>
#include <cstring>

#include "common/domain/bounds.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::wire {
namespace {

constexpr std::int64_t kUnixNsMax = domain::to_unix_ns(domain::kTimestampMax);
constexpr std::uint64_t kFeeRatePpmMax = domain::kFeeRatePpmMax;

}  // namespace

void Reading::copy_id(std::string_view from, std::uint8_t* to) {
  std::memcpy(to, from.data(), from.size());
}

domain::Price Reading::price(std::uint64_t raw) {
  constexpr auto kMax = static_cast<std::uint64_t>(domain::kPriceOne.raw());
  require(raw <= kMax, DecodeError::OutOfRange);
  return domain::Price::from_raw(static_cast<std::int64_t>(std::min(raw, kMax)));
}

domain::Price Reading::price_inside(std::uint64_t raw) {
  const domain::Price inside = price(raw);
  require(inside.is_positive() && inside < domain::kPriceOne, DecodeError::OutOfRange);
  return inside;
}

domain::Quantity Reading::quantity(std::uint64_t raw) {
  constexpr auto kMax = static_cast<std::uint64_t>(kQuantityRawMax);
  require(raw <= kMax, DecodeError::OutOfRange);
  return domain::Quantity::from_raw(static_cast<std::int64_t>(std::min(raw, kMax)));
}

domain::Quantity Reading::quantity_positive(std::uint64_t raw) {
  require(raw > 0, DecodeError::OutOfRange);
  return quantity(raw);
}

domain::Timestamp Reading::at(std::int64_t unix_ns) {
  require(unix_ns >= 0 && unix_ns <= kUnixNsMax, DecodeError::OutOfRange);
  return domain::from_unix_ns(std::clamp<std::int64_t>(unix_ns, 0, kUnixNsMax));
}

std::uint32_t Reading::at_most(std::uint64_t value, std::uint32_t limit) {
  require(value <= limit, DecodeError::OutOfRange);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, limit));
}

domain::Shard Reading::shard(std::uint32_t value) {
  return {static_cast<std::uint8_t>(at_most(value, domain::kShards - 1))};
}

domain::StrategyName Reading::strategy(std::string_view bytes) {
  require(is_topic_part(bytes), DecodeError::BadName);
  return failed() ? domain::StrategyName{} : domain::StrategyName{std::string(bytes)};
}

domain::ReplicaName Reading::replica(std::string_view bytes) {
  require(!bytes.empty() && bytes.size() <= kNameBytesMax &&
              std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > ' ' && c <= '~'; }),
          DecodeError::BadName);
  return failed() ? domain::ReplicaName{} : domain::ReplicaName{std::string(bytes)};
}

std::string Reading::token_name(std::string_view bytes) {
  return bytes.empty() ? std::string() : strategy(bytes).value;
}

std::string Reading::text(std::string_view bytes, std::size_t bytes_max) {
  require(bytes.size() <= bytes_max && is_utf8(bytes), DecodeError::BadText);
  return failed() ? std::string() : std::string(bytes);
}

domain::Instrument Reading::instrument(const v1::Instrument& message) {
  return {.market = id32<domain::MarketId>(message.market()),
          .outcome = enumerated<domain::Outcome>(message.outcome())};
}

domain::Level Reading::level(const v1::Level& message) {
  return {.price = price_inside(message.price()),
          .quantity = quantity_positive(message.quantity())};
}

domain::SignalId Reading::signal_id(const v1::SignalId& message) {
  return {.incarnation = message.incarnation(), .counter = message.counter()};
}

domain::ClientOrderId Reading::client_order_id(const v1::ClientOrderId& message) {
  require(message.has_signal(), DecodeError::Missing);
  return {.signal = signal_id(message.signal()), .leg = message.leg()};
}

domain::LeaseEpoch Reading::lease_epoch(const v1::LeaseEpoch& message) {
  return {.start = message.start(), .counter = message.counter()};
}

domain::Market Reading::market(const v1::Market& message) {
  domain::Market market;
  market.id = id32<domain::MarketId>(message.id());
  market.event = id32<domain::EventGroupId>(message.event());
  market.slug = text(message.slug(), domain::kSlugBytesMax);
  market.question = text(message.question(), kTextBytesMax);
  market.event_slug = text(message.event_slug(), domain::kSlugBytesMax);
  market.yes_label = text(message.yes_label(), domain::kSlugBytesMax);
  market.no_label = text(message.no_label(), domain::kSlugBytesMax);
  market.yes_token = id32<domain::TokenId>(message.yes_token());
  market.no_token = id32<domain::TokenId>(message.no_token());
  market.tick = price_inside(message.tick());
  market.min_size = quantity(message.min_size());
  require(message.fee().rate_ppm() <= kFeeRatePpmMax, DecodeError::OutOfRange);
  market.fee.rate_ppm =
      static_cast<std::int64_t>(std::min(message.fee().rate_ppm(), kFeeRatePpmMax));
  // fees.hpp knows exponents 1 and 2.
  require(message.fee().exponent() == 1 || message.fee().exponent() == 2, DecodeError::OutOfRange);
  market.fee.exponent = static_cast<std::int32_t>(message.fee().exponent() == 2 ? 2 : 1);
  market.exchange = enumerated<domain::ExchangeVersion>(message.exchange());
  market.status = enumerated<domain::MarketStatus>(message.status());
  market.neg_risk = message.neg_risk();
  market.augmented = message.augmented();
  market.placeholder = message.placeholder();
  market.taker_delay = message.taker_delay();
  market.event_market_count =
      static_cast<std::uint16_t>(at_most(message.event_market_count(), UINT16_MAX));
  market.ends_at = at(message.ends_at_ns());
  market.payout = {.yes = price(message.payout_yes()), .no = price(message.payout_no())};
  return market;
}

void put(const domain::Instrument& from, v1::Instrument& to) {
  put_id(from.market, to.mutable_market());
  to.set_outcome(wire_enum<v1::Outcome>(from.outcome));
}

void put(const domain::Level& from, v1::Level& to) {
  to.set_price(wire_price(from.price));
  to.set_quantity(wire_number(from.quantity));
}

void put(const domain::SignalId& from, v1::SignalId& to) {
  to.set_incarnation(from.incarnation);
  to.set_counter(from.counter);
}

void put(const domain::ClientOrderId& from, v1::ClientOrderId& to) {
  put(from.signal, *to.mutable_signal());
  to.set_leg(from.leg);
}

void put(const domain::LeaseEpoch& from, v1::LeaseEpoch& to) {
  to.set_start(from.start);
  to.set_counter(from.counter);
}

void put(const domain::Market& from, v1::Market& to) {
  put_id(from.id, to.mutable_id());
  put_id(from.event, to.mutable_event());
  to.set_slug(from.slug);
  to.set_question(from.question);
  to.set_event_slug(from.event_slug);
  to.set_yes_label(from.yes_label);
  to.set_no_label(from.no_label);
  put_id(from.yes_token, to.mutable_yes_token());
  put_id(from.no_token, to.mutable_no_token());
  to.set_tick(wire_price(from.tick));
  to.set_min_size(wire_number(from.min_size));
  to.mutable_fee()->set_rate_ppm(static_cast<std::uint64_t>(from.fee.rate_ppm));
  to.mutable_fee()->set_exponent(static_cast<std::uint32_t>(from.fee.exponent));
  to.set_exchange(wire_enum<v1::ExchangeVersion>(from.exchange));
  to.set_status(wire_enum<v1::MarketStatus>(from.status));
  to.set_neg_risk(from.neg_risk);
  to.set_augmented(from.augmented);
  to.set_placeholder(from.placeholder);
  to.set_taker_delay(from.taker_delay);
  to.set_event_market_count(from.event_market_count);
  to.set_ends_at_ns(domain::to_unix_ns(from.ends_at));
  to.set_payout_yes(wire_price(from.payout.yes));
  to.set_payout_no(wire_price(from.payout.no));
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end = at + bytes.size();
  while (at != end) {
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    int following = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      following = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      following = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      following = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (end - at < following) return false;
    for (; following > 0; --following, ++at) {
      if (*at < low || *at > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace polybot::wire
