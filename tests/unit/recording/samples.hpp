// A market, and lines about it, for tests of recordings.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/recording/note.hpp"
#include "common/recording/reader.hpp"

namespace polybot::recording {

inline domain::Price cents(int number) {
  return domain::Price::from_raw(number * 100);
}
inline domain::Quantity shares(int number) {
  return domain::Quantity::from_units(number);
}

template <class Id>
Id sample_id(std::uint8_t number) {
  Id id{};
  id.bytes.fill(0x11);
  id.bytes.back() = number;
  return id;
}

inline domain::Market sample_market(std::uint8_t number = 1) {
  domain::Market market;
  market.id = sample_id<domain::MarketId>(number);
  market.event = sample_id<domain::EventGroupId>(9);
  market.slug = "will-it-rain-" + std::to_string(number);
  market.question = "Will it \"rain\"?";
  market.event_slug = "weather";
  market.yes_label = "Rain";
  market.no_label = "Sun";
  market.yes_token = sample_id<domain::TokenId>(static_cast<std::uint8_t>(100 + number));
  market.no_token = sample_id<domain::TokenId>(static_cast<std::uint8_t>(200 + number));
  market.tick = domain::Price::from_raw(10);
  market.min_size = shares(15);
  market.fee = {70'000, 2};
  market.exchange = domain::ExchangeVersion::V2NegRisk;
  market.neg_risk = true;
  market.taker_delay = true;
  market.event_market_count = 7;
  market.ends_at = domain::from_unix_ms(1'800'000'000'000);
  return market;
}

// Tests count small milliseconds; the venue has no time before 1973.
inline domain::Timestamp venue_time(std::int64_t at_ms) {
  constexpr std::int64_t kBegin = 1'780'000'000'000;
  return domain::from_unix_ms(at_ms < kBegin ? kBegin + at_ms : at_ms);
}

using Levels = std::vector<domain::Level>;

inline std::string book_frame(const domain::Market& market, const domain::TokenId& token,
                              std::int64_t at_ms, const Levels& bids, const Levels& asks) {
  std::string text;
  polymarket::write_book({.market = market.id,
                          .token = token,
                          .venue_at = venue_time(at_ms),
                          .bids = bids,
                          .asks = asks,
                          .tick = market.tick,
                          .last_trade_price = {}},
                         {market.min_size, market.neg_risk}, text);
  return text;
}

struct Best {
  std::optional<domain::Price> bid;
  std::optional<domain::Price> ask;
};
// A bid of the YES token with the venue's best prices after it, and its mirror.
inline std::string change_frame(const domain::Market& market, std::int64_t at_ms,
                                domain::Price price, domain::Quantity quantity, Best best) {
  const auto mirror = [](const auto& one) {
    return one ? std::optional(domain::complement(*one)) : std::nullopt;
  };
  const std::vector<polymarket::PriceChange> changes{
      {market.yes_token, domain::Side::Buy, price, quantity, best.bid, best.ask, true},
      {market.no_token, domain::Side::Sell, domain::complement(price), quantity, mirror(best.ask),
       mirror(best.bid), true}};
  std::string text;
  polymarket::write_price_change({market.id, venue_time(at_ms), changes}, text);
  return text;
}

// Lines of a recording, one after the other.
class SampleLines {
 public:
  SampleLines& note(std::int64_t at_ms, const Note& note) {
    append_line(at_ms, note, text_);
    return *this;
  }
  SampleLines& frame(std::int64_t at_ms, const std::string& raw, std::string_view made_of = "") {
    append_line(at_ms, raw, made_of, text_);
    return *this;
  }
  SampleLines& raw(const std::string& text) {
    text_ += text;
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::unique_ptr<Recording> read() const {
    return std::make_unique<Recording>(std::make_unique<std::istringstream>(text_), "x.jsonl",
                                       text_.size());
  }

 private:
  std::string text_;
};

}  // namespace polybot::recording
