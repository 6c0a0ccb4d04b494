#include "common/wire/market_data_codec.hpp"

#include <limits>

#include "common/wire/types_codec.hpp"
#include "polybot/v1/market_data.pb.h"

namespace polybot::wire {
namespace {

using Numbers = google::protobuf::RepeatedField<std::uint64_t>;

void put_levels(const std::vector<domain::Level>& levels, Numbers& out) {
  out.Reserve(static_cast<int>(2 * levels.size()));
  for (const domain::Level& level : levels) {
    out.AddAlreadyReserved(wire_number(level.price));
    out.AddAlreadyReserved(wire_number(level.quantity));
  }
}

// Levels and changes come as pairs, and no book has more than kBookLevelsMax of them a side.
bool is_paired(const Numbers& numbers, std::size_t pairs_max) {
  return numbers.size() % 2 == 0 && static_cast<std::size_t>(numbers.size()) / 2 <= pairs_max;
}

void read_levels(Reading& reading, const Numbers& numbers, std::vector<domain::Level>& out) {
  out.clear();
  if (!is_paired(numbers, kBookLevelsMax)) return reading.fail(DecodeError::OutOfRange);
  out.reserve(static_cast<std::size_t>(numbers.size()) / 2);
  for (int i = 0; i < numbers.size(); i += 2) {
    out.push_back(
        {.price = reading.price_inside(numbers[i]), .quantity = reading.quantity(numbers[i + 1])});
  }
}

void read_changes(Reading& reading, const Numbers& numbers, std::vector<domain::LevelChange>& out) {
  out.clear();
  // One message may remove and set every level of both sides.
  if (!is_paired(numbers, 2 * kBookLevelsMax)) return reading.fail(DecodeError::OutOfRange);
  out.reserve(static_cast<std::size_t>(numbers.size()) / 2);
  for (int i = 0; i < numbers.size(); i += 2) {
    out.push_back({.side = (numbers[i] & 1U) == 0 ? domain::BookSide::Bid : domain::BookSide::Ask,
                   .price = reading.price_inside(numbers[i] >> 1),
                   .quantity = reading.quantity(numbers[i + 1])});
  }
}

// The alternative `Kind` of `out`, with the buffers it already has.
template <class Kind, class Variant>
Kind& reuse(Variant& out) {
  if (auto* held = std::get_if<Kind>(&out)) return *held;
  return out.template emplace<Kind>();
}

void read(Reading& reading, const v1::MarketData& message, domain::BookSnapshot& out) {
  out.market = reading.id32<domain::MarketId>(message.market());
  read_levels(reading, message.bids(), out.bids);
  read_levels(reading, message.asks(), out.asks);
  out.tick = reading.price_inside(message.tick());
  out.stale = message.stale();
  out.venue_at = reading.at(message.venue_at_ns());
  out.stamped_at = reading.at(message.stamped_at_ns());
}

void read(Reading& reading, const v1::MarketData& message, domain::BookDelta& out) {
  out.market = reading.id32<domain::MarketId>(message.market());
  read_changes(reading, message.changes(), out.changes);
  out.venue_at = reading.at(message.venue_at_ns());
  out.stamped_at = reading.at(message.stamped_at_ns());
}

void read(Reading& reading, const v1::MarketData& message, domain::TradeTick& out) {
  out.market = reading.id32<domain::MarketId>(message.market());
  out.aggressor = reading.enumerated<domain::Side>(message.aggressor());
  out.price = reading.price_inside(message.price());
  out.quantity = reading.quantity_positive(message.quantity());
  out.venue_at = reading.at(message.venue_at_ns());
  out.stamped_at = reading.at(message.stamped_at_ns());
}

void read(Reading& reading, const v1::MarketData& message, domain::BookStale& out) {
  out.market = reading.id32<domain::MarketId>(message.market());
  out.stamped_at = reading.at(message.stamped_at_ns());
}

using Ids = google::protobuf::RepeatedPtrField<std::string>;

void put_ids(const std::vector<domain::MarketId>& ids, Ids& out) {
  for (const domain::MarketId& id : ids) put_id(id, out.Add());
}

void read_ids(Reading& reading, const Ids& ids, std::vector<domain::MarketId>& out) {
  out.clear();
  if (ids.size() > kVouchExceptionsMax) return reading.fail(DecodeError::OutOfRange);
  for (const std::string& id : ids) out.push_back(reading.id32<domain::MarketId>(id));
}

void read(Reading& reading, const v1::MarketData& message, domain::ShardVouched& out) {
  out.as_of = reading.at(message.stamped_at_ns());
  read_ids(reading, message.except(), out.except);
  out.complete = message.complete();
}

void put_head(const domain::MarketId& market, domain::Timestamp stamped_at,
              v1::MarketData::Kind kind, v1::MarketData& out) {
  out.Clear();
  out.set_kind(kind);
  put_id(market, out.mutable_market());
  out.set_stamped_at_ns(domain::to_unix_ns(stamped_at));
}

}  // namespace

struct MarketDataCodec::Buffers {
  v1::MarketData sent;
  v1::MarketData received;
  std::string bytes;

  std::string_view serialize() {
    sent.SerializeToString(&bytes);
    return bytes;
  }
};

MarketDataCodec::MarketDataCodec() : buffers_(std::make_unique<Buffers>()) {}
MarketDataCodec::~MarketDataCodec() = default;

std::string_view MarketDataCodec::encode(const domain::BookSnapshot& snapshot) {
  v1::MarketData& out = buffers_->sent;
  put_head(snapshot.market, snapshot.stamped_at, v1::MarketData::KIND_BOOK_SNAPSHOT, out);
  put_levels(snapshot.bids, *out.mutable_bids());
  put_levels(snapshot.asks, *out.mutable_asks());
  out.set_tick(wire_price(snapshot.tick));
  out.set_stale(snapshot.stale);
  out.set_venue_at_ns(domain::to_unix_ns(snapshot.venue_at));
  return buffers_->serialize();
}

std::string_view MarketDataCodec::encode(const domain::BookDelta& delta) {
  v1::MarketData& out = buffers_->sent;
  put_head(delta.market, delta.stamped_at, v1::MarketData::KIND_BOOK_DELTA, out);
  Numbers& changes = *out.mutable_changes();
  changes.Reserve(static_cast<int>(2 * delta.changes.size()));
  for (const domain::LevelChange& change : delta.changes) {
    const std::uint64_t side = change.side == domain::BookSide::Bid ? 0 : 1;
    changes.AddAlreadyReserved(wire_number(change.price) * 2 + side);
    changes.AddAlreadyReserved(wire_number(change.quantity));
  }
  out.set_venue_at_ns(domain::to_unix_ns(delta.venue_at));
  return buffers_->serialize();
}

std::string_view MarketDataCodec::encode(const domain::TradeTick& trade) {
  v1::MarketData& out = buffers_->sent;
  put_head(trade.market, trade.stamped_at, v1::MarketData::KIND_TRADE_TICK, out);
  out.set_aggressor(wire_enum<v1::Side>(trade.aggressor));
  out.set_price(wire_price(trade.price));
  out.set_quantity(wire_number(trade.quantity));
  out.set_venue_at_ns(domain::to_unix_ns(trade.venue_at));
  return buffers_->serialize();
}

std::string_view MarketDataCodec::encode(const domain::BookStale& stale) {
  put_head(stale.market, stale.stamped_at, v1::MarketData::KIND_BOOK_STALE, buffers_->sent);
  return buffers_->serialize();
}

std::string_view MarketDataCodec::encode(const domain::ShardVouched& vouched) {
  v1::MarketData& out = buffers_->sent;
  out.Clear();
  out.set_kind(v1::MarketData::KIND_SHARD_VOUCHED);
  out.set_stamped_at_ns(domain::to_unix_ns(vouched.as_of));
  put_ids(vouched.except, *out.mutable_except());
  out.set_complete(vouched.complete);
  return buffers_->serialize();
}

std::string_view MarketDataCodec::encode(const MarketData& message) {
  return std::visit([this](const auto& body) { return encode(body); }, message);
}

DecodeError MarketDataCodec::decode(std::string_view bytes, MarketData& out) {
  const v1::MarketData& message = buffers_->received;
  if (!parse(bytes, buffers_->received)) return DecodeError::Malformed;
  Reading reading;
  switch (message.kind()) {
    case v1::MarketData::KIND_BOOK_SNAPSHOT:
      read(reading, message, reuse<domain::BookSnapshot>(out));
      break;
    case v1::MarketData::KIND_BOOK_DELTA:
      read(reading, message, reuse<domain::BookDelta>(out));
      break;
    case v1::MarketData::KIND_TRADE_TICK:
      read(reading, message, reuse<domain::TradeTick>(out));
      break;
    case v1::MarketData::KIND_BOOK_STALE:
      read(reading, message, reuse<domain::BookStale>(out));
      break;
    case v1::MarketData::KIND_SHARD_VOUCHED:
      read(reading, message, reuse<domain::ShardVouched>(out));
      break;
    default:
      return DecodeError::BadEnum;  // proto3 enums are open
  }
  return reading.error();
}

std::string encode_quote(const domain::QuoteTick& quote) {
  v1::Quote out;
  put_id(quote.market, out.mutable_market());
  if (quote.bid) {
    out.set_bid_price(wire_price(quote.bid->price));
    out.set_bid_quantity(wire_number(quote.bid->quantity));
  }
  if (quote.ask) {
    out.set_ask_price(wire_price(quote.ask->price));
    out.set_ask_quantity(wire_number(quote.ask->quantity));
  }
  if (quote.last) out.set_last_price(wire_price(*quote.last));
  out.set_stale(quote.stale);
  out.set_stamped_at_ns(domain::to_unix_ns(quote.stamped_at));
  return out.SerializeAsString();
}

std::string encode_quote(const domain::ShardVouched& vouched) {
  v1::Quote out;
  out.set_vouches(true);
  out.set_stamped_at_ns(domain::to_unix_ns(vouched.as_of));
  put_ids(vouched.except, *out.mutable_except());
  out.set_complete(vouched.complete);
  return out.SerializeAsString();
}

namespace {

void read(Reading& reading, const v1::Quote& message, domain::ShardVouched& out) {
  out.as_of = reading.at(message.stamped_at_ns());
  read_ids(reading, message.except(), out.except);
  out.complete = message.complete();
}

void read(Reading& reading, const v1::Quote& message, domain::QuoteTick& out) {
  out.market = reading.id32<domain::MarketId>(message.market());
  if (message.has_bid_price()) {
    out.bid = domain::Level{.price = reading.price_inside(message.bid_price()),
                            .quantity = reading.quantity_positive(message.bid_quantity())};
  }
  if (message.has_ask_price()) {
    out.ask = domain::Level{.price = reading.price_inside(message.ask_price()),
                            .quantity = reading.quantity_positive(message.ask_quantity())};
  }
  if (message.has_last_price()) out.last = reading.price(message.last_price());
  out.stale = message.stale();
  out.stamped_at = reading.at(message.stamped_at_ns());
}

}  // namespace

DecodeError decode_quote(std::string_view bytes, QuoteData& out) {
  v1::Quote message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  if (message.vouches()) {
    read(reading, message, out.emplace<domain::ShardVouched>());
  } else {
    read(reading, message, out.emplace<domain::QuoteTick>());
  }
  return reading.error();
}

std::string encode_market(const domain::Market& market) {
  v1::Market out;
  put(market, out);
  return out.SerializeAsString();
}

DecodeError decode_market(std::string_view bytes, domain::Market& out) {
  v1::Market message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  out = reading.market(message);
  return reading.error();
}

}  // namespace polybot::wire
