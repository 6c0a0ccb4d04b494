#include "common/polymarket/messages/account_records.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "common/domain/bounds.hpp"
#include "common/polymarket/messages/account_json.hpp"
#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

using domain::VenueOrderStatus;
using domain::VenueTradeStatus;

struct StatusName {
  std::string_view name;
  VenueOrderStatus status;
};
constexpr StatusName kStatusNames[] = {
    {"LIVE", VenueOrderStatus::Live},         {"MATCHED", VenueOrderStatus::Matched},
    {"DELAYED", VenueOrderStatus::Delayed},   {"UNMATCHED", VenueOrderStatus::Unmatched},
    {"CANCELED", VenueOrderStatus::Canceled}, {"CANCELLED", VenueOrderStatus::Canceled},
    {"INVALID", VenueOrderStatus::Invalid},   {"EXPIRED", VenueOrderStatus::Expired},
};

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// "CANCELED_order couldn't be fully filled..." is a status and a reason in one.
void read_order_status(std::string_view text, OrderRecord& order) {
  const std::string_view plain = without_prefix(text, "ORDER_STATUS_");
  const std::size_t cut = std::min(plain.find('_'), plain.size());
  for (const StatusName& known : kStatusNames) {
    if (known.name != plain.substr(0, cut)) continue;
    order.status = known.status;
    order.reason = plain.substr(std::min(cut + 1, plain.size()));
    return;
  }
  order.status = VenueOrderStatus::Live;
  order.reason = text;
}

std::optional<VenueTradeStatus> parse_trade_status(std::string_view text) {
  const std::string_view plain = without_prefix(text, "TRADE_STATUS_");
  if (plain == "MATCHED" || plain == "MATCHED_NOT_BROADCASTED") return VenueTradeStatus::Matched;
  if (plain == "MINED") return VenueTradeStatus::Mined;
  if (plain == "CONFIRMED") return VenueTradeStatus::Confirmed;
  if (plain == "RETRYING") return VenueTradeStatus::Retrying;
  if (plain == "FAILED") return VenueTradeStatus::Failed;
  return std::nullopt;
}

domain::TradeId trade_id(std::string text, ObjectReader& reader, std::string_view key) {
  if (text.empty()) reader.fail(ParseFault::MissingField, key);
  if (text.size() > domain::kTradeIdBytesMax) reader.fail(ParseFault::BadId, key);
  return {std::move(text)};
}

MakerRecord read_maker(const boost::json::value& value, ObjectReader& parent) {
  ObjectReader reader(value, "maker_orders");
  MakerRecord maker;
  maker.order = reader.required(reader.hex_id<domain::VenueOrderId>("order_id"), "order_id");
  maker.owner = reader.text("owner");
  maker.maker_address = reader.text("maker_address");
  maker.token = reader.required(reader.token("asset_id"), "asset_id");
  if (!reader.text("side").empty()) maker.side = reader.side("side");
  maker.quantity = reader.required(reader.quantity("matched_amount"), "matched_amount");
  maker.price = reader.required(reader.price("price"), "price");
  maker.outcome = reader.text("outcome");
  if (reader.fault()) parent.fail(reader.fault()->fault, reader.fault()->where);
  return maker;
}

// match_time has seconds only; newer payloads add the same instant in nanoseconds.
std::optional<domain::Timestamp> read_match_time(ObjectReader& reader) {
  if (const auto ns = reader.integer("match_time_nano"); ns && *ns > 0) {
    const domain::Timestamp at = domain::from_unix_ns(*ns);
    if (at <= domain::kTimestampMax) return at;
    reader.fail(ParseFault::BadTimestamp, "match_time_nano");
  }
  for (const std::string_view key : {"match_time", "matchtime", "timestamp"}) {
    if (const auto at = reader.epoch(key)) return at;
  }
  return std::nullopt;
}

std::string seconds(domain::Timestamp at) {
  return std::to_string(domain::to_unix_ms(at) / 1000);
}

std::string status_text(const OrderRecord& order) {
  std::string text(wire_name(order.status));
  if (!order.reason.empty()) text += "_" + order.reason;
  return text;
}

enum class Numbers : std::uint8_t { Told, Pending };

// A number of a trade, as text.
template <class Decimal>
std::string told(Numbers numbers, Decimal value) {
  return numbers == Numbers::Told ? value.to_string() : "";
}

void append_maker(const MakerRecord& maker, Numbers numbers, std::string& out) {
  ObjectWriter writer(out);
  writer.text("order_id", to_string(maker.order))
      .text("owner", maker.owner)
      .text("maker_address", maker.maker_address)
      .text("matched_amount", told(numbers, maker.quantity))
      .text("price", told(numbers, maker.price))
      .text("fee_rate_bps", numbers == Numbers::Told ? "0" : "")
      .text("asset_id", to_string(maker.token))
      .text("outcome", maker.outcome);
  if (maker.side) writer.text("side", wire_name(*maker.side));
  writer.end();
}

bool same_hex(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char left, char right) { return lower(left) == lower(right); });
}

bool is_ours(std::string_view owner, std::string_view address, const TraderIdentity& us) {
  return (!us.api_key.empty() && owner == us.api_key) ||
         (!us.address.empty() && same_hex(address, us.address));
}

// `owner` names whose event it is, which says nothing of the taker once there is a better word.
bool we_took(const TradeRecord& trade, const TraderIdentity& us) {
  if (trade.trader_side) return *trade.trader_side == domain::LiquiditySide::Taker;
  if (!trade.trade_owner.empty() || !trade.maker_address.empty())
    return is_ours(trade.trade_owner, trade.maker_address, us);
  return trade.owner == us.api_key &&
         std::none_of(trade.makers.begin(), trade.makers.end(), [&](const MakerRecord& maker) {
           return is_ours(maker.owner, maker.maker_address, us);
         });
}

std::string optional_text(const std::optional<domain::Quantity>& quantity) {
  return quantity ? quantity->to_string() : "";
}

}  // namespace

std::string_view wire_name(domain::TimeInForce time_in_force) {
  switch (time_in_force) {
    case domain::TimeInForce::Gtc:
      return "GTC";
    case domain::TimeInForce::Gtd:
      return "GTD";
    case domain::TimeInForce::Fak:
      return "FAK";
    case domain::TimeInForce::Fok:
      return "FOK";
  }
  return "";
}

std::string_view wire_name(domain::Side side) {
  return side == domain::Side::Buy ? "BUY" : "SELL";
}

std::string_view wire_name(VenueOrderStatus status) {
  for (const StatusName& known : kStatusNames) {
    if (known.status == status) return known.name;
  }
  return "";
}

std::string_view wire_name(VenueTradeStatus status) {
  switch (status) {
    case VenueTradeStatus::Matched:
      return "MATCHED";
    case VenueTradeStatus::Mined:
      return "MINED";
    case VenueTradeStatus::Confirmed:
      return "CONFIRMED";
    case VenueTradeStatus::Retrying:
      return "RETRYING";
    case VenueTradeStatus::Failed:
      return "FAILED";
  }
  return "";
}

domain::VenueOrderUpdate to_update(const OrderRecord& order, domain::Timestamp at) {
  return {.order = order.id,
          .market = order.market,
          .token = order.token,
          .side = order.side,
          .status = order.status,
          .price = order.price,
          .original_quantity = order.original_size.value_or(domain::Quantity{}),
          .matched_quantity = order.size_matched.value_or(domain::Quantity{}),
          .reason = order.reason,
          .at = at,
          .created_at = order.created_at};
}

domain::VenueTrade to_trade(const TradeRecord& trade, const TraderIdentity& us) {
  domain::VenueTrade result{.id = trade.id,
                            .status = trade.status,
                            .taker_order = trade.taker_order,
                            .market = trade.market,
                            .token = trade.token,
                            .side = trade.side,
                            .quantity = trade.quantity,
                            .price = trade.price,
                            .matched_at = trade.matched_at,
                            .updated_at = trade.updated_at.value_or(trade.matched_at)};
  result.we_are_taker = we_took(trade, us);
  for (const MakerRecord& maker : trade.makers) {
    const domain::Side implied =
        maker.token == trade.token ? domain::opposite(trade.side) : trade.side;
    result.makers.push_back({.order = maker.order,
                             .token = maker.token,
                             .side = maker.side.value_or(implied),
                             .quantity = maker.quantity,
                             .price = maker.price,
                             .ours = is_ours(maker.owner, maker.maker_address, us)});
  }
  return result;
}

domain::VenueAccount::Unread to_unread(const UnreadableRow& row,
                                       domain::VenueAccount::Unread::Kind kind) {
  return {.kind = kind,
          .id = row.id,
          .orders = row.orders,
          .names_all = row.names_all,
          .matched_at = row.matched_at};
}

OrderRecord read_order_record(ObjectReader& reader, std::optional<VenueOrderStatus> unsaid) {
  OrderRecord order;
  order.id = reader.required(reader.hex_id<domain::VenueOrderId>("id"), "id");
  order.market = reader.required(reader.hex_id<domain::MarketId>("market"), "market");
  order.token = reader.required(reader.token("asset_id"), "asset_id");
  order.side = reader.side("side");
  order.price = reader.required(reader.price_rounded("price"), "price");
  order.original_size = reader.quantity("original_size");
  order.size_matched = reader.quantity("size_matched");
  if (const std::string status = reader.text("status"); !status.empty()) {
    read_order_status(status, order);
  } else {
    order.status = reader.required(unsaid, "status");
  }
  order.time_in_force = parse_time_in_force(reader.text("order_type"));
  order.owner = reader.text("owner");
  order.maker_address = reader.text("maker_address");
  order.outcome = reader.text("outcome");
  order.created_at = reader.epoch("created_at");
  order.expiration_s = reader.integer("expiration");
  if (order.expiration_s == 0) order.expiration_s.reset();
  for (std::string& trade : reader.texts("associate_trades")) {
    order.trades.push_back(trade_id(std::move(trade), reader, "associate_trades"));
  }
  return order;
}

TradeRecord read_trade_record(ObjectReader& reader) {
  TradeRecord trade;
  trade.id = trade_id(reader.text("id"), reader, "id");
  trade.taker_order =
      reader.required(reader.hex_id<domain::VenueOrderId>("taker_order_id"), "taker_order_id");
  trade.market = reader.required(reader.hex_id<domain::MarketId>("market"), "market");
  trade.token = reader.required(reader.token("asset_id"), "asset_id");
  trade.side = reader.side("side");
  trade.quantity = reader.required(reader.quantity("size"), "size");
  trade.price = reader.required(reader.price_rounded("price"), "price");
  const auto status = parse_trade_status(reader.text("status"));
  if (!status) reader.fail(ParseFault::UnknownValue, "status");
  trade.status = status.value_or(VenueTradeStatus::Matched);
  const std::string role = reader.text("trader_side");
  if (role == "TAKER") trade.trader_side = domain::LiquiditySide::Taker;
  if (role == "MAKER") trade.trader_side = domain::LiquiditySide::Maker;
  trade.owner = reader.text("owner");
  trade.trade_owner = reader.text("trade_owner");
  trade.maker_address = reader.text("maker_address");
  trade.outcome = reader.text("outcome");
  trade.transaction_hash = reader.text("transaction_hash");
  trade.matched_at = reader.required(read_match_time(reader), "match_time");
  trade.updated_at = reader.epoch("last_update");
  if (const boost::json::array* const makers = reader.array("maker_orders")) {
    if (makers->size() > kMakersMax) reader.fail(ParseFault::TooMany, "maker_orders");
    for (const boost::json::value& maker : *makers)
      trade.makers.push_back(read_maker(maker, reader));
  }
  return trade;
}

// Faults that these readers find say nothing new: the row is known to have one.
UnreadableRow read_unreadable_order(const boost::json::value& row, const ParseError& error) {
  ObjectReader reader(row, "order");
  UnreadableRow unreadable{.error = error, .id = reader.text("id"), .orders = {}, .matched_at = {}};
  if (const auto id = reader.hex_id<domain::VenueOrderId>("id")) {
    unreadable.orders.push_back(*id);
    unreadable.names_all = true;
  }
  return unreadable;
}

UnreadableRow read_unreadable_trade(const boost::json::value& row, const ParseError& error) {
  ObjectReader reader(row, "trade");
  UnreadableRow unreadable{
      .error = error, .id = reader.text("id"), .orders = {}, .matched_at = read_match_time(reader)};
  const auto taker = reader.hex_id<domain::VenueOrderId>("taker_order_id");
  if (taker) unreadable.orders.push_back(*taker);
  const boost::json::array* const makers = reader.array("maker_orders");
  unreadable.names_all = taker && makers != nullptr && makers->size() <= kMakersMax;
  if (!unreadable.names_all) return unreadable;
  for (const boost::json::value& maker : *makers) {
    ObjectReader maker_reader(maker, "maker_orders");
    const auto order = maker_reader.hex_id<domain::VenueOrderId>("order_id");
    if (order) unreadable.orders.push_back(*order);
    unreadable.names_all = unreadable.names_all && order;
  }
  return unreadable;
}

void write_order_members(const OrderRecord& order, SentAs sent, ObjectWriter& writer) {
  std::vector<std::string> trades;
  for (const domain::TradeId& trade : order.trades) trades.push_back(trade.value);
  writer.text("id", to_string(order.id))
      .text("owner", order.owner)
      .text("market", to_string(order.market))
      .text("asset_id", to_string(order.token))
      .text("side", wire_name(order.side))
      .text("original_size", optional_text(order.original_size))
      .text("size_matched", optional_text(order.size_matched))
      .text("price", order.price.to_string())
      .json("associate_trades", json_texts(trades))
      .text("outcome", order.outcome);
  const std::string created_at = order.created_at ? seconds(*order.created_at) : "";
  if (sent == SentAs::Row && !created_at.empty()) {
    writer.json("created_at", created_at);
  } else {
    writer.text("created_at", created_at);
  }
  writer.text("expiration", std::to_string(order.expiration_s.value_or(0)))
      .text("order_type", order.time_in_force ? wire_name(*order.time_in_force) : "")
      .text("status", status_text(order))
      .text("maker_address", order.maker_address);
}

void write_trade_members(const TradeRecord& trade, ObjectWriter& writer) {
  const Numbers numbers = trade.numbers_pending ? Numbers::Pending : Numbers::Told;
  std::string makers;
  append_array(trade.makers, makers, [&](const MakerRecord& maker, std::string& out) {
    append_maker(maker, numbers, out);
  });
  writer.text("id", trade.id.value)
      .text("taker_order_id", to_string(trade.taker_order))
      .text("market", to_string(trade.market))
      .text("asset_id", to_string(trade.token))
      .text("side", wire_name(trade.side))
      .text("size", told(numbers, trade.quantity))
      .text("fee_rate_bps", numbers == Numbers::Told ? "0" : "")
      .text("price", told(numbers, trade.price))
      .text("status", wire_name(trade.status))
      .text("match_time", seconds(trade.matched_at))
      .text("match_time_nano", std::to_string(domain::to_unix_ns(trade.matched_at)))
      .text("last_update", trade.updated_at ? seconds(*trade.updated_at) : "")
      .text("outcome", trade.outcome)
      .number("bucket_index", 0)
      .text("owner", trade.owner)
      .text("maker_address", trade.maker_address)
      .json("maker_orders", makers)
      .text("transaction_hash", trade.transaction_hash);
  if (trade.trader_side) {
    writer.text("trader_side",
                *trade.trader_side == domain::LiquiditySide::Taker ? "TAKER" : "MAKER");
  }
}

}  // namespace polybot::polymarket
