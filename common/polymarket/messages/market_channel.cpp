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

namespace {

// Members in the venue's order, which is the fastest to read.
constexpr std::array<std::string_view, 16> kMemberKeys = {
    "market",        "price_changes", "timestamp",        "event_type", "asset_id", "bids",
    "asks",          "tick_size",     "last_trade_price", "price",      "size",     "side",
    "old_tick_size", "new_tick_size", "best_bid",         "best_ask"};
constexpr std::array<std::string_view, 2> kLevelKeys = {"price", "size"};
constexpr std::array<std::string_view, 7> kChangeKeys = {"asset_id", "price",    "size",    "side",
                                                         "hash",     "best_bid", "best_ask"};

}  // namespace

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

// Of a message that cannot be read. The other known kinds change no book.
bool FrameParser::may_change_books(const Scalar& event_type) {
  constexpr std::array<std::string_view, 4> kOthers = {"last_trade_price", "best_bid_ask",
                                                       "new_market", "market_resolved"};
  return event_type.kind != JsonCursor::ScalarKind::String ||
         std::find(kOthers.begin(), kOthers.end(), event_type.text) == kOthers.end();
}

// False when the bytes are not JSON. Valid JSON that is no message we can read is left out.
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
  if (!cursor_.read_members<kMemberKeys>([&](std::size_t i) { return read_member(i, members); })) {
    return false;
  }
  if (!finish(members, {begin, static_cast<std::size_t>(cursor_.position() - begin)})) {
    const ParseError error = error_;
    MarketId id;
    const bool known = market(members.texts[kMarket], id);
    frame_.unreadable.push_back({.error = error,
                                 .market = known ? std::optional(id) : std::nullopt,
                                 .events_before = frame_.events.size(),
                                 .changes_books = may_change_books(members.texts[kEventType])});
  }
  return true;
}

bool FrameParser::read_member(std::size_t i, Members& members) {
  const std::string_view key = kMemberKeys[i];
  if (i == kChanges)
    return read_run(frame_.changes, members.changes, members, &FrameParser::read_change, key);
  if (i == kBids)
    return read_run(frame_.levels, members.bids, members, &FrameParser::read_level, key);
  if (i == kAsks)
    return read_run(frame_.levels, members.asks, members, &FrameParser::read_level, key);
  return cursor_.read_scalar(members.texts[i]);
}

template <class Element>
bool FrameParser::read_run(std::vector<Element>& pool, std::optional<Run>& run, Members& members,
                           bool (FrameParser::*read)(Element&), std::string_view where) {
  const char* const begin = cursor_.position();
  const std::size_t first = pool.size();
  const bool is_array = cursor_.peek() == '[';
  error_ = {ParseFault::InvalidJson, "frame"};
  const bool good = is_array && cursor_.read_array([&] {
    if (pool.size() >= kFrameLevelsMax) return fail(ParseFault::TooMany, where);
    return (this->*read)(pool.emplace_back());
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
  std::array<Scalar, kLevelKeys.size()> texts;
  const auto& [price_text, size_text] = texts;
  if (cursor_.peek() != '{') return fail(ParseFault::UnexpectedType, "level");
  return cursor_.read_members<kLevelKeys>([&](std::size_t i) {
    return cursor_.read_scalar(texts[i]);
  }) && trade_price(price_text, "price", level.price) &&
         quantity(size_text, "size", level.quantity);
}

bool FrameParser::read_change(PriceChange& change) {
  std::array<Scalar, kChangeKeys.size()> texts;
  const auto& [token_text, price_text, size_text, side_text, hash, bid_text, ask_text] = texts;
  if (cursor_.peek() != '{') return fail(ParseFault::UnexpectedType, "price_changes");
  if (!cursor_.read_members<kChangeKeys>(
          [&](std::size_t i) { return cursor_.read_scalar(texts[i]); })) {
    return false;
  }
  change.has_best = bid_text.present() && ask_text.present();
  return token(token_text, change.token) && trade_price(price_text, "price", change.price) &&
         quantity(size_text, "size", change.quantity) && side(side_text, change.side) &&
         best(bid_text, "best_bid", change.best_bid) && best(ask_text, "best_ask", change.best_ask);
}

bool FrameParser::finish(const Members& members, std::string_view message_text) {
  const std::string_view type = members.texts[kEventType].text;
  if (members.texts[kEventType].kind != JsonCursor::ScalarKind::String) {
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

bool FrameParser::add(MarketEvent event, Run first, Run second) {
  frame_.events.push_back(std::move(event));
  frame_.runs.emplace_back(first, second);
  return true;
}

template <class Event>
bool FrameParser::read_head(const Members& members, Event& event) {
  if (!market(members.texts[kMarket], event.market)) return false;
  if constexpr (requires { event.token; }) {
    if (!token(members.texts[kToken], event.token)) return false;
  }
  return timestamp(members.texts[kTimestamp], event.venue_at);
}

bool FrameParser::add_book(const Members& members) {
  if (members.array_fault) return fail(members.array_fault->fault, members.array_fault->where);
  if (!members.bids) return fail(ParseFault::MissingField, "bids");
  if (!members.asks) return fail(ParseFault::MissingField, "asks");
  BookEvent event;
  return read_head(members, event) &&
         optional_price(members.texts[kTick], "tick_size", event.tick) &&
         optional_price(members.texts[kLastTradePrice], "last_trade_price",
                        event.last_trade_price) &&
         add(event, *members.bids, *members.asks);
}

bool FrameParser::add_changes(const Members& members) {
  if (members.array_fault) return fail(members.array_fault->fault, members.array_fault->where);
  if (!members.changes) return fail(ParseFault::MissingField, "price_changes");
  PriceChangeEvent event;
  return read_head(members, event) && add(event, *members.changes);
}

bool FrameParser::add_trade(const Members& members) {
  LastTradeEvent event;
  return read_head(members, event) && side(members.texts[kSide], event.side) &&
         trade_price(members.texts[kPrice], "price", event.price) &&
         quantity(members.texts[kSize], "size", event.quantity) && add(event);
}

bool FrameParser::add_tick_change(const Members& members) {
  TickSizeChangeEvent event;
  return read_head(members, event) &&
         trade_price(members.texts[kOldTick], "old_tick_size", event.old_tick) &&
         trade_price(members.texts[kNewTick], "new_tick_size", event.new_tick) && add(event);
}

bool FrameParser::add_best(const Members& members) {
  BestBidAskEvent event;
  return read_head(members, event) && best(members.texts[kBestBid], "best_bid", event.best_bid) &&
         best(members.texts[kBestAsk], "best_ask", event.best_ask) && add(event);
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
  return add(std::move(event));
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
  return add(std::move(event));
}

bool FrameParser::market(const Scalar& scalar, MarketId& id) {
  if (!scalar.present()) return fail(ParseFault::MissingField, "market");
  const auto parsed = frame_.markets.read(scalar.text);
  if (!parsed) return fail(ParseFault::BadId, "market");
  id = {*parsed};
  return true;
}

bool FrameParser::token(const Scalar& scalar, TokenId& id) {
  if (!scalar.present()) return fail(ParseFault::MissingField, "asset_id");
  const auto parsed = frame_.tokens.read(scalar.text);
  if (!parsed) return fail(ParseFault::BadId, "asset_id");
  id = {*parsed};
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
