// The other direction of market_channel.hpp: subscriptions, and frames as the venue writes them.
#include "common/polymarket/digest.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/market_channel.hpp"

namespace polybot::polymarket {
namespace {

using domain::Level;
using domain::TokenId;

void append_token(const TokenId& token, std::string& out) {
  append_json_text(to_string(token), out);
}

std::string token_array(std::span<const TokenId> tokens) {
  std::string out;
  append_array(tokens, out, append_token);
  return out;
}

void append_level(const Level& level, std::string& out) {
  ObjectWriter(out)
      .text("price", level.price.to_string())
      .text("size", level.quantity.to_string())
      .end();
}

std::string epoch_ms(domain::Timestamp at) {
  return std::to_string(domain::to_unix_ms(at));
}

// The venue writes an empty side as an impossible price.
std::string best_bid_text(const std::optional<domain::Price>& price) {
  return price ? price->to_string() : "0";
}
std::string best_ask_text(const std::optional<domain::Price>& price) {
  return price ? price->to_string() : "1";
}

std::string operation(std::string_view name, std::span<const TokenId> tokens) {
  std::string out;
  ObjectWriter writer(out);
  writer.text("operation", name).json("assets_ids", token_array(tokens));
  if (name == "subscribe") writer.flag("custom_feature_enabled", true);
  writer.end();
  return out;
}

// The members the book hash covers, in the venue's order, with `hash` as given.
void append_book_members(const BookEvent& book, const BookDetails& details, std::string_view hash,
                         ObjectWriter& writer, std::string& out) {
  writer.text("market", to_string(book.market))
      .text("asset_id", to_string(book.token))
      .text("timestamp", epoch_ms(book.venue_at))
      .text("hash", hash);
  writer.begin("bids");
  append_array(book.bids, out, append_level);
  writer.begin("asks");
  append_array(book.asks, out, append_level);
  writer.text("min_order_size", details.min_size.to_string())
      .text("tick_size", book.tick ? book.tick->to_string() : "")
      .flag("neg_risk", details.neg_risk)
      .text("last_trade_price", book.last_trade_price ? book.last_trade_price->to_string() : "");
}

// With the hash, which is that of the text without it.
void append_hashed_book(const BookEvent& book, const BookDetails& details, ObjectWriter& writer,
                        std::string& out) {
  std::string hashed;
  ObjectWriter hashed_writer(hashed);
  append_book_members(book, details, "", hashed_writer, hashed);
  hashed_writer.end();
  append_book_members(book, details, sha1_hex(hashed), writer, out);
}

void append_change(const PriceChange& change, std::string& out) {
  ObjectWriter writer(out);
  writer.text("asset_id", to_string(change.token))
      .text("price", change.price.to_string())
      .text("size", change.quantity.to_string())
      .text("side", change.side == domain::Side::Buy ? "BUY" : "SELL")
      .text("hash", "");
  if (change.has_best) {
    writer.text("best_bid", best_bid_text(change.best_bid))
        .text("best_ask", best_ask_text(change.best_ask));
  }
  writer.end();
}

}  // namespace

std::string market_subscribe(std::span<const TokenId> tokens) {
  std::string out;
  ObjectWriter(out)
      .text("type", "market")
      .json("assets_ids", token_array(tokens))
      .flag("initial_dump", true)
      .number("level", 2)
      .flag("custom_feature_enabled", true)
      .end();
  return out;
}

std::string market_subscribe_more(std::span<const TokenId> tokens) {
  return operation("subscribe", tokens);
}

std::string market_unsubscribe(std::span<const TokenId> tokens) {
  return operation("unsubscribe", tokens);
}

ParseResult<MarketSubscription> parse_market_subscription(std::string_view text) {
  using Operation = MarketSubscription::Operation;
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "subscription"};
  ObjectReader reader(*value, "subscription");
  MarketSubscription subscription;
  const std::string operation_name = reader.text("operation");
  if (operation_name == "subscribe") {
    subscription.operation = Operation::Subscribe;
  } else if (operation_name == "unsubscribe") {
    subscription.operation = Operation::Unsubscribe;
  } else if (!operation_name.empty()) {
    reader.fail(ParseFault::UnknownValue, "operation");
  } else if (const std::string type = reader.text("type"); type != "market" && type != "MARKET") {
    reader.fail(type.empty() ? ParseFault::MissingField : ParseFault::UnknownValue, "type");
  }
  if (!reader.has("assets_ids")) reader.fail(ParseFault::MissingField, "assets_ids");
  for (const std::string& token_text : reader.texts("assets_ids")) {
    const auto token = domain::parse_token(token_text);
    if (!token) reader.fail(ParseFault::BadId, "assets_ids");
    subscription.tokens.push_back(token.value_or(TokenId{}));
  }
  subscription.initial_dump = !reader.has("initial_dump") || reader.flag("initial_dump");
  subscription.custom_features = reader.flag("custom_feature_enabled");
  return finish(reader, std::move(subscription));
}

void write_book(const BookEvent& book, const BookDetails& details, std::string& out) {
  ObjectWriter writer(out);
  append_hashed_book(book, details, writer, out);
  writer.text("event_type", "book").end();
}

void write_rest_book(const BookEvent& book, const BookDetails& details, std::string& out) {
  ObjectWriter writer(out);
  append_hashed_book(book, details, writer, out);
  writer.end();
}

void write_price_change(const PriceChangeEvent& event, std::string& out) {
  ObjectWriter writer(out);
  writer.text("market", to_string(event.market));
  writer.begin("price_changes");
  append_array(event.changes, out, append_change);
  writer.text("timestamp", epoch_ms(event.venue_at)).text("event_type", "price_change").end();
}

void write_last_trade(const LastTradeEvent& event, std::string& out) {
  ObjectWriter(out)
      .text("market", to_string(event.market))
      .text("asset_id", to_string(event.token))
      .text("price", event.price.to_string())
      .text("size", event.quantity.to_string())
      .text("fee_rate_bps", "0")
      .text("side", event.side == domain::Side::Buy ? "BUY" : "SELL")
      .text("timestamp", epoch_ms(event.venue_at))
      .text("event_type", "last_trade_price")
      .text("transaction_hash", "")
      .end();
}

void write_tick_size_change(const TickSizeChangeEvent& event, std::string& out) {
  ObjectWriter(out)
      .text("event_type", "tick_size_change")
      .text("market", to_string(event.market))
      .text("asset_id", to_string(event.token))
      .text("old_tick_size", event.old_tick.to_string())
      .text("new_tick_size", event.new_tick.to_string())
      .text("timestamp", epoch_ms(event.venue_at))
      .end();
}

void write_best_bid_ask(const BestBidAskEvent& event, std::string& out) {
  ObjectWriter writer(out);
  writer.text("event_type", "best_bid_ask")
      .text("market", to_string(event.market))
      .text("asset_id", to_string(event.token))
      .text("best_bid", best_bid_text(event.best_bid))
      .text("best_ask", best_ask_text(event.best_ask));
  const domain::Price bid = event.best_bid.value_or(domain::Price{});
  const domain::Price ask = event.best_ask.value_or(domain::kPriceOne);
  writer.text("spread", (ask - bid).to_string()).text("timestamp", epoch_ms(event.venue_at)).end();
}

void write_new_market(const NewMarketEvent& event, std::string& out) {
  std::string event_message;
  ObjectWriter(event_message).text("slug", event.event_slug).end();
  ObjectWriter(out)
      .text("event_type", "new_market")
      .text("question", event.question)
      .text("market", to_string(event.market))
      .text("slug", event.slug)
      .json("assets_ids", token_array(event.tokens))
      .json("outcomes", json_texts(event.outcomes))
      .json("event_message", event_message)
      .text("timestamp", epoch_ms(event.venue_at))
      .text("condition_id", to_string(event.market))
      .flag("active", true)
      .json("clob_token_ids", token_array(event.tokens))
      .text("order_price_min_tick_size", event.tick ? event.tick->to_string() : "")
      .end();
}

void write_market_resolved(const MarketResolvedEvent& event, std::string& out) {
  ObjectWriter(out)
      .text("event_type", "market_resolved")
      .text("market", to_string(event.market))
      .json("assets_ids", token_array(event.tokens))
      .text("winning_asset_id", event.winning_token ? to_string(*event.winning_token) : "")
      .text("winning_outcome", event.winning_outcome)
      .text("timestamp", epoch_ms(event.venue_at))
      .end();
}

}  // namespace polybot::polymarket
