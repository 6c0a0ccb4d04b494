#include "common/polymarket/messages/user_channel.hpp"

#include <boost/json/array.hpp>

#include "common/polymarket/messages/account_json.hpp"
#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

constexpr std::size_t kUserEventsMax = 10'000;  // of one frame

std::optional<UserOrderEventType> parse_type(std::string_view text) {
  if (text == "PLACEMENT") return UserOrderEventType::Placement;
  if (text == "UPDATE") return UserOrderEventType::Update;
  if (text == "CANCELLATION") return UserOrderEventType::Cancellation;
  return std::nullopt;
}

std::string_view type_name(UserOrderEventType type) {
  switch (type) {
    case UserOrderEventType::Placement:
      return "PLACEMENT";
    case UserOrderEventType::Update:
      return "UPDATE";
    case UserOrderEventType::Cancellation:
      return "CANCELLATION";
  }
  return "";
}

// The documented sample of an order event has a type and no status.
UserOrderEvent read_order_event(ObjectReader& reader) {
  UserOrderEvent event;
  const auto type = parse_type(reader.text("type"));
  if (!type) reader.fail(ParseFault::UnknownValue, "type");
  event.type = type.value_or(UserOrderEventType::Update);
  event.venue_at = reader.required(reader.epoch("timestamp"), "timestamp");
  const bool canceled = event.type == UserOrderEventType::Cancellation;
  event.order = read_order_record(
      reader, canceled ? domain::VenueOrderStatus::Canceled : domain::VenueOrderStatus::Live);
  return event;
}

// Adds one message to the frame, unless it is malformed.
void add_event(const boost::json::value& value, UserFrame& frame) {
  ObjectReader reader(value, "frame");
  const std::string event_type = reader.text("event_type");
  if (event_type.empty()) reader.fail(ParseFault::MissingField, "event_type");
  std::optional<UserEvent> event;
  if (event_type == "order") {
    event = read_order_event(reader);
  } else if (event_type == "trade") {
    UserTradeEvent trade;
    trade.trade = read_trade_record(reader);
    trade.venue_at = reader.epoch("timestamp").value_or(trade.trade.matched_at);
    event = std::move(trade);
  }
  if (reader.fault()) {
    frame.unreadable.push_back(*reader.fault());
  } else if (event) {
    frame.events.push_back(std::move(*event));
  } else {
    ++frame.unknown_events;
  }
}

std::string user_epoch_ms(domain::Timestamp at) {
  return std::to_string(domain::to_unix_ms(at));
}

}  // namespace

ParseResult<UserFrame> parse_user_frame(std::string_view text) {
  UserFrame frame;
  const std::string_view bare = trimmed(text);
  if (bare == kPong || bare == kInvalidOperation) {
    frame.kind = bare == kPong ? FrameKind::Pong : FrameKind::InvalidOperation;
    return frame;
  }
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "frame"};
  const boost::json::array* const batch = value->if_array();
  if (batch == nullptr) {
    add_event(*value, frame);
  } else {
    if (batch->size() > kUserEventsMax) return ParseError{ParseFault::TooMany, "frame"};
    for (const boost::json::value& message : *batch) add_event(message, frame);
  }
  const bool nothing = frame.events.empty() && frame.unknown_events == 0;
  if (nothing && !frame.unreadable.empty()) return frame.unreadable.front();
  return frame;
}

std::string user_subscribe(const ApiCredentials& credentials,
                           std::span<const domain::MarketId> markets) {
  std::string auth;
  ObjectWriter(auth)
      .text("apiKey", credentials.api_key())
      .text("secret", credentials.secret())
      .text("passphrase", credentials.passphrase())
      .end();
  std::string market_array;
  append_array(markets, market_array, [](const domain::MarketId& market, std::string& out) {
    append_json_text(to_string(market), out);
  });
  std::string out;
  ObjectWriter writer(out);
  writer.text("type", "user").json("auth", auth);
  if (!markets.empty()) writer.json("markets", market_array);
  writer.end();
  return out;
}

ParseResult<UserSubscription> parse_user_subscription(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "subscription"};
  ObjectReader reader(*value, "subscription");
  UserSubscription subscription;
  if (const std::string type = reader.text("type"); type != "user" && type != "USER") {
    reader.fail(type.empty() ? ParseFault::MissingField : ParseFault::UnknownValue, "type");
  }
  if (const auto* const auth = reader.find("auth")) {
    ObjectReader auth_reader(*auth, "auth");
    subscription.api_key = auth_reader.text("apiKey");
    subscription.secret = auth_reader.text("secret");
    subscription.passphrase = auth_reader.text("passphrase");
    if (auth_reader.fault()) reader.fail(auth_reader.fault()->fault, auth_reader.fault()->where);
  } else {
    reader.fail(ParseFault::MissingField, "auth");
  }
  subscription.no_trades = reader.has("markets") && reader.texts("markets").empty();
  for (const std::string& market_text : reader.texts("markets")) {
    const auto market = domain::parse_hex<domain::MarketId>(market_text);
    if (!market) reader.fail(ParseFault::BadId, "markets");
    subscription.markets.push_back(market.value_or(domain::MarketId{}));
  }
  return finish(reader, std::move(subscription));
}

void write_user_order(const UserOrderEvent& event, std::string& out) {
  ObjectWriter writer(out);
  writer.text("event_type", "order").text("type", type_name(event.type));
  write_order_members(event.order, SentAs::Event, writer);
  writer.text("order_owner", event.order.owner)
      .text("timestamp", user_epoch_ms(event.venue_at))
      .end();
}

void write_user_trade(const UserTradeEvent& event, std::string& out) {
  ObjectWriter writer(out);
  writer.text("event_type", "trade").text("type", "TRADE");
  write_trade_members(event.trade, writer);
  writer.text("trade_owner", event.trade.trade_owner)
      .text("timestamp", user_epoch_ms(event.venue_at))
      .end();
}

}  // namespace polybot::polymarket
