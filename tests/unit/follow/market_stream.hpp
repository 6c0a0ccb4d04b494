// A stream md.<shard> of one market, and what a follower has made of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/follow/shard_followers.hpp"

namespace polybot::follow::test {

inline constexpr domain::Shard kShard{3};
inline constexpr std::uint64_t kProducer = 7;

inline domain::MarketId market(std::uint8_t number = 1) {
  domain::MarketId id;
  id.bytes[0] = number;
  return id;
}

// Messages are told apart by their best bid, or by their stamp.
inline domain::BookSnapshot book(std::int64_t bid, domain::MarketId of = market()) {
  return {.market = of,
          .bids = {{domain::Price::from_raw(bid), domain::Quantity::from_units(1)}},
          .asks = {}};
}
inline wire::MarketData change(domain::MarketId of = market()) {
  return domain::BookDelta{.market = of, .changes = {}};
}

inline wire::MarketData trade() {
  return domain::TradeTick{.market = market(),
                           .price = domain::Price::from_raw(5'000),
                           .quantity = domain::Quantity::from_units(1)};
}

struct Reader {
  // The effects of the messages, in order: "gap", "define", "load 41", "book 42", "change",
  // "trade", "stale", "vouch".
  std::vector<std::string> seen;
  int refused = 0;
  wire::MarketDataCodec codec;

  MarketSink sink() {
    struct Told {
      std::string operator()(const domain::BookSnapshot& of) const {
        return "book " + std::to_string(of.bids.at(0).price.raw());
      }
      std::string operator()(const domain::BookDelta&) const { return "change"; }
      std::string operator()(const domain::TradeTick&) const { return "trade"; }
      std::string operator()(const domain::BookStale&) const { return "stale"; }
      std::string operator()(const domain::ShardVouched&) const { return "vouch"; }
    };
    return {.deliver =
                [this](const FrameHead& head, const wire::MarketData& message) {
                  last = head;
                  seen.push_back(std::visit(Told{}, message));
                },
            .define = [this](const domain::Market&) { seen.emplace_back("define"); },
            .load =
                [this](domain::Shard, const domain::BookSnapshot& of) {
                  seen.push_back("load " + std::to_string(of.bids.at(0).price.raw()));
                },
            .broken = [this](domain::Shard) { seen.emplace_back("gap"); },
            .refuse = [this](domain::Shard, wire::DecodeError) { ++refused; },
            .ask = [] {}};
  }
  std::vector<std::string> taken() { return std::exchange(seen, {}); }
  std::string encoded(const wire::MarketData& message) {
    return std::string(codec.encode(message));
  }

  FrameHead last;
};

inline Frame frame(std::uint64_t first_seq, const std::vector<std::string_view>& messages,
                   std::uint64_t lost_before = 0, std::uint64_t producer = kProducer) {
  return {.head = {.shard = kShard,
                   .incarnation = producer,
                   .first_seq = first_seq,
                   .sent_at = domain::from_unix_ms(1'000)},
          .lost_before = lost_before,
          .messages = messages};
}

inline std::string books_at(std::uint64_t seq, const std::vector<domain::BookSnapshot>& books,
                            std::uint64_t producer = kProducer) {
  return wire::encode_books_answer(
      {.position = {producer, seq}, .books = books, .complete = true, .markets = {}});
}

}  // namespace polybot::follow::test
