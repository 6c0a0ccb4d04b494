// Request bodies of orders.hpp: orders and cancels.
#include "common/polymarket/messages/orders.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

std::string word_text(const Hash32& word) {
  return "0x" + to_hex(word);
}

void append_order(const PostedOrder& posted, std::string& out) {
  const OrderToSign& order = posted.order;
  ObjectWriter writer(out);
  writer.flag("deferExec", false).flag("postOnly", posted.post_only);
  writer.begin("order");
  ObjectWriter(out)
      .json("salt", std::to_string(order.salt))
      .text("maker", to_checksum(order.maker))
      .text("signer", to_checksum(order.signer))
      .text("tokenId", to_string(order.token))
      .text("makerAmount", std::to_string(order.maker_amount))
      .text("takerAmount", std::to_string(order.taker_amount))
      .text("side", wire_name(order.side))
      .json("signatureType", std::to_string(static_cast<int>(order.signature_type)))
      .text("timestamp", std::to_string(order.timestamp_ms))
      .text("expiration", std::to_string(posted.expiration_s))
      .text("metadata", word_text(order.metadata))
      .text("builder", word_text(order.builder))
      .text("signature", to_string(posted.signature))
      .end();
  writer.text("owner", posted.owner).text("orderType", wire_name(posted.time_in_force)).end();
}

Address read_address(ObjectReader& reader, std::string_view key) {
  const auto address = Address::parse(reader.text(key));
  if (!address) reader.fail(ParseFault::BadId, key);
  return address.value_or(Address{});
}

Hash32 read_word(ObjectReader& reader, std::string_view key) {
  Hash32 word{};
  const std::string text = reader.text(key);
  if (!text.empty() && !parse_hex(text, word)) reader.fail(ParseFault::BadId, key);
  return word;
}

std::uint64_t read_unsigned(ObjectReader& reader, std::string_view key) {
  const std::int64_t value = reader.required(reader.integer(key), key);
  if (value < 0) reader.fail(ParseFault::BadNumber, key);
  return static_cast<std::uint64_t>(value);
}

SignatureType read_signature_type(ObjectReader& reader) {
  const std::uint64_t value = read_unsigned(reader, "signatureType");
  if (value > static_cast<std::uint64_t>(SignatureType::Poly1271)) {
    reader.fail(ParseFault::UnknownValue, "signatureType");
    return SignatureType::Eoa;
  }
  return static_cast<SignatureType>(value);
}

// Fields of the venue's first protocol: an order that still has them was built for another struct.
constexpr std::array<std::string_view, 3> kOldFields{"taker", "nonce", "feeRateBps"};

void refuse_old_fields(ObjectReader& reader) {
  for (const std::string_view key : kOldFields) {
    if (reader.has(key)) reader.fail(ParseFault::UnknownValue, key);
  }
}

PostedOrder read_order(const boost::json::value& value, std::optional<ParseError>& fault) {
  ObjectReader reader(value, "order");
  PostedOrder posted;
  posted.post_only = reader.flag("postOnly");
  posted.owner = reader.text("owner");
  if (posted.owner.empty()) reader.fail(ParseFault::MissingField, "owner");
  const auto time_in_force = parse_time_in_force(reader.text("orderType"));
  if (!time_in_force) reader.fail(ParseFault::UnknownValue, "orderType");
  posted.time_in_force = time_in_force.value_or(domain::TimeInForce::Gtc);
  const boost::json::value* const body = reader.find("order");
  if (body == nullptr) {
    reader.fail(ParseFault::MissingField, "order");
    fault = reader.fault();
    return posted;
  }
  ObjectReader order(*body, "order");
  refuse_old_fields(order);
  posted.order.salt = read_unsigned(order, "salt");
  if (posted.order.salt > kSaltMax) order.fail(ParseFault::BadNumber, "salt");
  posted.order.maker = read_address(order, "maker");
  posted.order.signer = read_address(order, "signer");
  posted.order.token = order.required(order.token("tokenId"), "tokenId");
  posted.order.maker_amount = read_unsigned(order, "makerAmount");
  posted.order.taker_amount = read_unsigned(order, "takerAmount");
  posted.order.side = order.side("side");
  posted.order.signature_type = read_signature_type(order);
  posted.order.timestamp_ms = read_unsigned(order, "timestamp");
  posted.expiration_s = order.integer("expiration").value_or(0);
  posted.order.metadata = read_word(order, "metadata");
  posted.order.builder = read_word(order, "builder");
  const auto signature = OrderSignature::parse(order.text("signature"));
  if (!signature) order.fail(ParseFault::BadId, "signature");
  posted.signature = signature.value_or(OrderSignature{});
  fault = reader.fault() ? reader.fault() : order.fault();
  return posted;
}

void append_order_id(const domain::VenueOrderId& order, std::string& out) {
  append_json_text(to_string(order), out);
}

}  // namespace

OrderToSign order_to_sign(const domain::SignedFields& fields, domain::Side side,
                          const OrderParty& party) {
  return {.salt = fields.salt,
          .maker = party.wallet.address,
          .signer = party.wallet.signer(),
          .token = fields.token,
          .maker_amount = static_cast<std::uint64_t>(fields.maker_amount.raw()),
          .taker_amount = static_cast<std::uint64_t>(fields.taker_amount.raw()),
          .side = side,
          .signature_type = party.wallet.type(),
          .timestamp_ms = static_cast<std::uint64_t>(fields.timestamp_ms),
          .builder = party.builder};
}

std::string write_order_body(const PostedOrder& order) {
  std::string out;
  out.reserve(1024);
  append_order(order, out);
  return out;
}

std::string write_orders_body(std::span<const PostedOrder> orders) {
  std::string out;
  out.reserve(1024 * orders.size());
  append_array(orders, out, append_order);
  return out;
}

ParseResult<PostedOrder> parse_order_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "order"};
  std::optional<ParseError> fault;
  PostedOrder order = read_order(*value, fault);
  if (fault) return *fault;
  return order;
}

ParseResult<std::vector<PostedOrder>> parse_orders_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "orders"};
  const boost::json::array* const array = value->if_array();
  if (array == nullptr) return ParseError{ParseFault::UnexpectedType, "orders"};
  std::vector<PostedOrder> orders;
  for (const boost::json::value& element : *array) {
    std::optional<ParseError> fault;
    orders.push_back(read_order(element, fault));
    if (fault) return *fault;
  }
  return orders;
}

bool is_of_first_protocol(const ParseError& error) {
  return error.fault == ParseFault::UnknownValue &&
         std::find(kOldFields.begin(), kOldFields.end(), error.where) != kOldFields.end();
}

std::string write_cancel_body(const domain::VenueOrderId& order) {
  std::string out;
  ObjectWriter(out).text("orderID", to_string(order)).end();
  return out;
}

std::string write_cancels_body(std::span<const domain::VenueOrderId> orders) {
  std::string out;
  append_array(orders, out, append_order_id);
  return out;
}

ParseResult<domain::VenueOrderId> parse_cancel_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "cancel"};
  ObjectReader reader(*value, "cancel");
  const auto id = reader.required(reader.hex_id<domain::VenueOrderId>("orderID"), "orderID");
  return finish(reader, id);
}

ParseResult<std::vector<domain::VenueOrderId>> parse_cancels_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "cancels"};
  const boost::json::array* const array = value->if_array();
  if (array == nullptr) return ParseError{ParseFault::UnexpectedType, "cancels"};
  std::vector<domain::VenueOrderId> orders;
  for (const boost::json::value& element : *array) {
    const boost::json::string* const id_text = element.if_string();
    if (id_text == nullptr) return ParseError{ParseFault::UnexpectedType, "cancels"};
    const auto id = domain::parse_hex<domain::VenueOrderId>({id_text->data(), id_text->size()});
    if (!id) return ParseError{ParseFault::BadId, "cancels"};
    orders.push_back(*id);
  }
  return orders;
}

ParseResult<CancelMarketRequest> parse_cancel_market_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "cancel-market"};
  ObjectReader reader(*value, "cancel-market");
  CancelMarketRequest request{reader.hex_id<domain::MarketId>("market"), reader.token("asset_id")};
  if (!request.market && !request.token) reader.fail(ParseFault::MissingField, "market");
  return finish(reader, std::move(request));
}

}  // namespace polybot::polymarket
