#include "common/polymarket/messages/market_channel.hpp"

#include <algorithm>
#include <array>

#include "common/domain/bounds.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/market_frame_parser.hpp"

namespace polybot::polymarket {

using domain::Level;
using domain::MarketId;
using domain::Price;
using domain::Quantity;
using domain::Side;
using domain::TokenId;
bool FrameParser::parse() {
  const char first = cursor_.peek();
  if (first == '[') {
    const bool good = cursor_.read_array([&] {
      if (frame_.events.size() + frame_.unreadable.size() >= kFrameEventsMax)
        return fail(ParseFault::TooMany, "frame");
      return read_message();
    });
    if (!good) return false;
  } else if (first == '{') {
    if (!read_message()) return false;
  } else {
    return not_json();
  }
  if (!cursor_.at_end()) return not_json();
  set_spans();
  return true;
}

// Of one that cannot be read. The other kinds that are known say nothing that a book is made of.
bool FrameParser::may_change_books(const Scalar& event_type) {
  constexpr std::array<std::string_view, 4> kOthers = {"last_trade_price", "best_bid_ask",
                                                       "new_market", "market_resolved"};
  return event_type.kind != JsonCursor::ScalarKind::String ||
         std::find(kOthers.begin(), kOthers.end(), event_type.text) == kOthers.end();
}

// False when the bytes are not JSON. A sound value that is no message we can read is left out.
bool FrameParser::read_message() {
  if (cursor_.peek() != '{') {
    if (!cursor_.skip_value()) return not_json();
    frame_.unreadable.push_back({.error = {ParseFault::UnexpectedType, "frame"},
                                 .market = std::nullopt,
                                 .events_before = frame_.events.size()});
    return true;
  }
  const char* const begin = cursor_.position();
  Members members;
  error_ = {ParseFault::InvalidJson, "frame"};
  if (!cursor_.read_object([&](std::string_view key) { return read_member(key, members); })) {
    return false;
  }
  if (!finish(members, {begin, static_cast<std::size_t>(cursor_.position() - begin)})) {
    const ParseError error = error_;
    MarketId id;
    const bool known = market(members.market, id);
    frame_.unreadable.push_back({.error = error,
                                 .market = known ? std::optional(id) : std::nullopt,
                                 .events_before = frame_.events.size(),
                                 .changes_books = may_change_books(members.event_type)});
  }
  return true;
}

bool FrameParser::read_member(std::string_view key, Members& members) {
  const auto level = [this](Level& value) { return read_level(value); };
  const auto change = [this](PriceChange& value) { return read_change(value); };
  Scalar* scalar = nullptr;
  if (key == "market") {
    scalar = &members.market;
  } else if (key == "timestamp") {
    scalar = &members.timestamp;
  } else if (key == "event_type") {
    scalar = &members.event_type;
  } else if (key == "price_changes") {
    return read_run(frame_.changes, kFrameLevelsMax, members.changes, members, change,
                    "price_changes");
  } else if (key == "bids") {
    return read_run(frame_.levels, kFrameLevelsMax, members.bids, members, level, "bids");
  } else if (key == "asks") {
    return read_run(frame_.levels, kFrameLevelsMax, members.asks, members, level, "asks");
  } else if (key == "asset_id") {
    scalar = &members.token;
  } else if (key == "price") {
    scalar = &members.price;
  } else if (key == "size") {
    scalar = &members.size;
  } else if (key == "side") {
    scalar = &members.side;
  } else if (key == "tick_size") {
    scalar = &members.tick;
  } else if (key == "old_tick_size") {
    scalar = &members.old_tick;
  } else if (key == "new_tick_size") {
    scalar = &members.new_tick;
  } else if (key == "best_bid") {
    scalar = &members.best_bid;
  } else if (key == "best_ask") {
    scalar = &members.best_ask;
  } else if (key == "last_trade_price") {
    scalar = &members.last_trade_price;
  }
  if (scalar == nullptr) return cursor_.skip_value();
  const char next = cursor_.peek();
  if (next != '{' && next != '[') return cursor_.read_scalar(*scalar);
  // A structure where text belongs: unusable, but no fault of a message that does not need it.
  *scalar = {};
  return cursor_.skip_value();
}

template <class Pool, class ReadElement>
bool FrameParser::read_run(Pool& pool, std::size_t limit, std::optional<Run>& run, Members& members,
                           ReadElement read_element, std::string_view where) {
  const char* const begin = cursor_.position();
  const std::size_t first = pool.size();
  const bool is_array = cursor_.peek() == '[';
  error_ = {ParseFault::InvalidJson, "frame"};
  const bool good = is_array && cursor_.read_array([&] {
    if (pool.size() >= limit) return fail(ParseFault::TooMany, where);
    pool.emplace_back();
    return read_element(pool.back());
  });
  if (good) {
    run = Run{first, pool.size() - first};
    return true;
  }
  if (is_array && error_.fault == ParseFault::InvalidJson) return false;
  if (!members.array_fault) {
    members.array_fault = is_array ? error_ : ParseError{ParseFault::UnexpectedType, where};
  }
  pool.resize(first);
  cursor_.rewind(begin);
  error_ = {ParseFault::InvalidJson, "frame"};
  return cursor_.skip_value();
}

bool FrameParser::read_level(Level& level) {
  Scalar price_text;
  Scalar size_text;
  if (cursor_.peek() != '{') return fail(ParseFault::UnexpectedType, "level");
  const bool good = cursor_.read_object([&](std::string_view key) {
    if (key == "price") return cursor_.read_scalar(price_text);
    if (key == "size") return cursor_.read_scalar(size_text);
    return cursor_.skip_value();
  });
  return good && trade_price(price_text, "price", level.price) &&
         quantity(size_text, "size", level.quantity);
}

bool FrameParser::read_change(PriceChange& change) {
  Scalar token_text;
  Scalar price_text;
  Scalar size_text;
  Scalar side_text;
  Scalar bid_text;
  Scalar ask_text;
  if (cursor_.peek() != '{') return fail(ParseFault::UnexpectedType, "price_changes");
  const bool good = cursor_.read_object([&](std::string_view key) {
    if (key == "asset_id") return cursor_.read_scalar(token_text);
    if (key == "price") return cursor_.read_scalar(price_text);
    if (key == "size") return cursor_.read_scalar(size_text);
    if (key == "side") return cursor_.read_scalar(side_text);
    if (key == "best_bid") return cursor_.read_scalar(bid_text);
    if (key == "best_ask") return cursor_.read_scalar(ask_text);
    return cursor_.skip_value();
  });
  if (!good) return false;
  change.has_best = bid_text.present() && ask_text.present();
  return token(token_text, change.token) && trade_price(price_text, "price", change.price) &&
         quantity(size_text, "size", change.quantity) && side(side_text, change.side) &&
         best(bid_text, "best_bid", change.best_bid) && best(ask_text, "best_ask", change.best_ask);
}

bool FrameParser::finish(const Members& members, std::string_view message_text) {
  const std::string_view type = members.event_type.text;
  if (members.event_type.kind != JsonCursor::ScalarKind::String) {
    return fail(ParseFault::MissingField, "event_type");
  }
  if (type == "price_change") return add_changes(members);
  if (type == "book") return add_book(members);
  if (type == "last_trade_price") return add_trade(members);
  if (type == "tick_size_change") return add_tick_change(members);
  if (type == "best_bid_ask") return add_best(members);
  if (type == "new_market") return add_new_market(message_text);
  if (type == "market_resolved") return add_resolved(message_text);
  ++frame_.unknown_events;
  return true;
}

bool FrameParser::add_book(const Members& members) {
  if (members.array_fault) return fail(members.array_fault->fault, members.array_fault->where);
  if (!members.bids) return fail(ParseFault::MissingField, "bids");
  if (!members.asks) return fail(ParseFault::MissingField, "asks");
  BookEvent event;
  if (!market(members.market, event.market) || !token(members.token, event.token) ||
      !timestamp(members.timestamp, event.venue_at) ||
      !optional_price(members.tick, "tick_size", event.tick) ||
      !optional_price(members.last_trade_price, "last_trade_price", event.last_trade_price)) {
    return false;
  }
  frame_.events.emplace_back(event);
  frame_.runs.emplace_back(*members.bids, *members.asks);
  return true;
}

bool FrameParser::add_changes(const Members& members) {
  if (members.array_fault) return fail(members.array_fault->fault, members.array_fault->where);
  if (!members.changes) return fail(ParseFault::MissingField, "price_changes");
  PriceChangeEvent event;
  if (!market(members.market, event.market) || !timestamp(members.timestamp, event.venue_at)) {
    return false;
  }
  frame_.events.emplace_back(event);
  frame_.runs.emplace_back(*members.changes, Run{});
  return true;
}

bool FrameParser::add_trade(const Members& members) {
  LastTradeEvent event;
  if (!market(members.market, event.market) || !token(members.token, event.token) ||
      !timestamp(members.timestamp, event.venue_at) || !side(members.side, event.side) ||
      !trade_price(members.price, "price", event.price) ||
      !quantity(members.size, "size", event.quantity)) {
    return false;
  }
  frame_.events.emplace_back(event);
  frame_.runs.emplace_back();
  return true;
}

bool FrameParser::add_tick_change(const Members& members) {
  TickSizeChangeEvent event;
  if (!market(members.market, event.market) || !token(members.token, event.token) ||
      !timestamp(members.timestamp, event.venue_at) ||
      !trade_price(members.old_tick, "old_tick_size", event.old_tick) ||
      !trade_price(members.new_tick, "new_tick_size", event.new_tick)) {
    return false;
  }
  frame_.events.emplace_back(event);
  frame_.runs.emplace_back();
  return true;
}

bool FrameParser::add_best(const Members& members) {
  BestBidAskEvent event;
  if (!market(members.market, event.market) || !token(members.token, event.token) ||
      !timestamp(members.timestamp, event.venue_at) ||
      !best(members.best_bid, "best_bid", event.best_bid) ||
      !best(members.best_ask, "best_ask", event.best_ask)) {
    return false;
  }
  frame_.events.emplace_back(event);
  frame_.runs.emplace_back();
  return true;
}

namespace {

// The token ids of `key`, which is an array of decimal texts.
std::vector<TokenId> tokens_of(ObjectReader& reader, std::string_view key) {
  std::vector<TokenId> tokens;
  for (const std::string& text : reader.texts(key)) {
    const auto token = domain::parse_token(text);
    if (!token) reader.fail(ParseFault::BadId, key);
    tokens.push_back(token.value_or(TokenId{}));
  }
  return tokens;
}

}  // namespace

bool FrameParser::add_new_market(std::string_view message_text) {
  const auto value = parse_json(message_text);
  if (!value) return fail(ParseFault::BadText, "new_market");
  ObjectReader reader(*value, "new_market");
  NewMarketEvent event;
  event.market = reader.required(reader.hex_id<MarketId>("market"), "market");
  event.venue_at = reader.required(reader.epoch("timestamp"), "timestamp");
  event.slug = reader.text("slug");
  event.question = reader.text("question");
  event.tokens = tokens_of(reader, "assets_ids");
  event.outcomes = reader.texts("outcomes");
  event.tick = reader.price("order_price_min_tick_size");
  if (const auto* const about = reader.find("event_message"); about != nullptr) {
    ObjectReader event_reader(*about, "event_message");
    event.event_slug = event_reader.text("slug");
    if (event_reader.fault()) reader.fail(event_reader.fault()->fault, event_reader.fault()->where);
  }
  if (reader.fault()) return fail(reader.fault()->fault, reader.fault()->where);
  frame_.events.emplace_back(std::move(event));
  frame_.runs.emplace_back();
  return true;
}

bool FrameParser::add_resolved(std::string_view message_text) {
  const auto value = parse_json(message_text);
  if (!value) return fail(ParseFault::BadText, "market_resolved");
  ObjectReader reader(*value, "market_resolved");
  MarketResolvedEvent event;
  event.market = reader.required(reader.hex_id<MarketId>("market"), "market");
  event.venue_at = reader.required(reader.epoch("timestamp"), "timestamp");
  event.tokens = tokens_of(reader, "assets_ids");
  event.winning_token = reader.token("winning_asset_id");
  event.winning_outcome = reader.text("winning_outcome");
  if (reader.fault()) return fail(reader.fault()->fault, reader.fault()->where);
  frame_.events.emplace_back(std::move(event));
  frame_.runs.emplace_back();
  return true;
}

bool FrameParser::market(const Scalar& scalar, MarketId& id) {
  if (!scalar.present()) return fail(ParseFault::MissingField, "market");
  const auto parsed = domain::parse_hex<MarketId>(scalar.text);
  if (!parsed) return fail(ParseFault::BadId, "market");
  id = *parsed;
  return true;
}

bool FrameParser::token(const Scalar& scalar, TokenId& id) {
  if (!scalar.present()) return fail(ParseFault::MissingField, "asset_id");
  const auto parsed = domain::parse_token(scalar.text);
  if (!parsed) return fail(ParseFault::BadId, "asset_id");
  id = *parsed;
  return true;
}

bool FrameParser::timestamp(const Scalar& scalar, domain::Timestamp& at) {
  if (!scalar.present()) return fail(ParseFault::MissingField, "timestamp");
  const auto parsed = parse_epoch(scalar.text);
  if (!parsed) return fail(ParseFault::BadTimestamp, "timestamp");
  at = *parsed;
  return true;
}

bool FrameParser::trade_price(const Scalar& scalar, std::string_view where, Price& price) {
  if (!scalar.present()) return fail(ParseFault::MissingField, where);
  const auto parsed = Price::parse(scalar.text);
  if (!parsed || !parsed->is_positive() || *parsed >= domain::kPriceOne) {
    return fail(ParseFault::BadNumber, where);
  }
  price = *parsed;
  return true;
}

bool FrameParser::quantity(const Scalar& scalar, std::string_view where, Quantity& quantity) {
  if (!scalar.present()) return fail(ParseFault::MissingField, where);
  const auto parsed = Quantity::parse(scalar.text);
  if (!parsed || parsed->is_negative() || *parsed > domain::kQuantityMax) {
    return fail(ParseFault::BadNumber, where);
  }
  quantity = *parsed;
  return true;
}

bool FrameParser::side(const Scalar& scalar, Side& side) {
  if (scalar.text == "BUY") {
    side = Side::Buy;
  } else if (scalar.text == "SELL") {
    side = Side::Sell;
  } else {
    return fail(scalar.present() ? ParseFault::UnknownValue : ParseFault::MissingField, "side");
  }
  return true;
}

bool FrameParser::best(const Scalar& scalar, std::string_view where, std::optional<Price>& price) {
  if (!optional_price(scalar, where, price)) return false;
  if (price && (price->is_zero() || *price == domain::kPriceOne)) price.reset();
  return true;
}

bool FrameParser::optional_price(const Scalar& scalar, std::string_view where,
                                 std::optional<Price>& price) {
  price.reset();
  if (!scalar.present() || scalar.text.empty()) return true;
  price = Price::parse(scalar.text);
  if (!price || price->is_negative() || *price > domain::kPriceOne) {
    return fail(ParseFault::BadNumber, where);
  }
  return true;
}

void FrameParser::set_spans() {
  const std::span<const Level> levels = frame_.levels;
  const std::span<const PriceChange> changes = frame_.changes;
  for (std::size_t i = 0; i < frame_.events.size(); ++i) {
    const auto& [first, second] = frame_.runs[i];
    if (auto* const book = std::get_if<BookEvent>(&frame_.events[i])) {
      book->bids = levels.subspan(first.first, first.count);
      book->asks = levels.subspan(second.first, second.count);
    } else if (auto* const change = std::get_if<PriceChangeEvent>(&frame_.events[i])) {
      change->changes = changes.subspan(first.first, first.count);
    }
  }
}

namespace {

void clear(MarketFrame& frame) {
  frame.kind = FrameKind::Events;
  frame.events.clear();
  frame.unknown_events = 0;
  frame.unreadable.clear();
  frame.levels.clear();
  frame.changes.clear();
  frame.runs.clear();
}

}  // namespace

ParseResult<void> parse_market_frame(std::string_view text, MarketFrame& frame) {
  clear(frame);
  const std::string_view bare = trimmed(text);
  if (bare == kPong || bare == kInvalidOperation) {
    frame.kind = bare == kPong ? FrameKind::Pong : FrameKind::InvalidOperation;
    return {};
  }
  FrameParser parser(text, frame);
  if (!parser.parse()) {
    clear(frame);
    // Other texts are no messages about books.
    const bool messages = bare.starts_with('{') || bare.starts_with('[');
    if (messages) frame.unreadable.push_back({.error = parser.error(), .market = std::nullopt});
    return parser.error();
  }
  const bool nothing = frame.events.empty() && frame.unknown_events == 0;
  if (nothing && !frame.unreadable.empty()) return frame.unreadable.front().error;
  return {};
}

}  // namespace polybot::polymarket
