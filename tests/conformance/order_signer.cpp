// Reads orders of the venue's official clients, one JSON object a line, and answers each with what
// common/polymarket makes of the same terms: the body, the EIP-712 digest, the signature, and the
// HMAC of POST /order over both bodies. Amounts are computed from price and size where the order
// has them. A line that cannot be made says why in "error".
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "common/domain/number_text.hpp"
#include "common/polymarket/amounts.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"

namespace {

using namespace polybot;
namespace json = boost::json;

class Terms {
 public:
  explicit Terms(json::object object) : object_(std::move(object)) {}

  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  [[nodiscard]] std::string text(const char* key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_string()) throw std::invalid_argument(key);
    return std::string(value->as_string());
  }
  template <class Number>
  [[nodiscard]] Number number(const char* key) const {
    const auto value = domain::parse_number<Number>(text(key));
    if (!value) throw std::invalid_argument(key);
    return *value;
  }
  // What `parse` makes of the text, which must be something.
  template <class Parse>
  [[nodiscard]] auto read(const char* key, Parse parse) const {
    const auto value = parse(text(key));
    if (!value) throw std::invalid_argument(key);
    return *value;
  }

 private:
  json::object object_;
};

polymarket::Hash32 word(const Terms& terms, const char* key) {
  return terms.read(key, [](const std::string& text) { return domain::parse_hex32(text); });
}

domain::ExchangeVersion exchange_of(const Terms& terms) {
  const std::string name = terms.text("exchange");
  if (name == "v2") return domain::ExchangeVersion::V2;
  if (name == "v2_neg_risk") return domain::ExchangeVersion::V2NegRisk;
  if (name == "v3") return domain::ExchangeVersion::V3;
  throw std::invalid_argument("exchange");
}

polymarket::OrderAmounts amounts_of(const Terms& terms, domain::Side side,
                                    domain::TimeInForce time_in_force) {
  if (!terms.has("price")) {
    return {terms.number<std::uint64_t>("makerAmount"), terms.number<std::uint64_t>("takerAmount")};
  }
  const auto amounts = polymarket::amounts_for_shares(
      side, terms.read("size", domain::Quantity::parse), terms.read("price", domain::Price::parse),
      terms.read("tick", domain::Price::parse), time_in_force);
  if (!amounts) throw std::invalid_argument(std::string(to_string(amounts.error())));
  return *amounts;
}

polymarket::PostedOrder order_of(const Terms& terms) {
  polymarket::PostedOrder posted;
  posted.owner = terms.text("apiKey");
  posted.time_in_force = terms.read("orderType", polymarket::parse_time_in_force);
  posted.post_only = terms.text("postOnly") == "true";
  posted.expiration_s = terms.number<std::int64_t>("expiration");
  polymarket::OrderToSign& order = posted.order;
  order.salt = terms.number<std::uint64_t>("salt");
  order.maker = terms.read("maker", polymarket::Address::parse);
  order.signer = terms.read("signer", polymarket::Address::parse);
  order.token = terms.read("tokenId", domain::parse_token);
  order.side = terms.read("side", polymarket::parse_side);
  order.signature_type =
      static_cast<polymarket::SignatureType>(terms.number<std::uint8_t>("signatureType"));
  order.timestamp_ms = terms.number<std::uint64_t>("timestamp");
  order.metadata = word(terms, "metadata");
  order.builder = word(terms, "builder");
  const auto amounts = amounts_of(terms, order.side, posted.time_in_force);
  order.maker_amount = amounts.maker;
  order.taker_amount = amounts.taker;
  return posted;
}

std::string rewritten(const std::string& body) {
  const auto order = polymarket::parse_order_body(body);
  if (!order) throw std::invalid_argument("their body: " + to_string(order.error()));
  return polymarket::write_order_body(*order);
}

json::object answer(const Terms& terms) {
  const polymarket::OrderSigner signer(terms.text("key"));
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::ExchangeDomain& domain = domains.of(exchange_of(terms));
  polymarket::PostedOrder posted = order_of(terms);
  const auto signature = signer.sign(posted.order, domain);
  if (!signature) throw std::invalid_argument(std::string(to_string(signature.error())));
  posted.signature = *signature;
  const polymarket::ApiCredentials credentials(terms.text("apiKey"), terms.text("secret"),
                                               terms.text("passphrase"));
  const auto at = terms.number<std::uint64_t>("hmacTimestamp");
  const auto hmac = [&](const std::string& body) {
    return credentials.hmac(at, {.method = "POST", .path = "/order", .body = body});
  };
  const std::string body = polymarket::write_order_body(posted);
  const std::string theirs = terms.text("body");
  return {{"body", body},
          {"digest", domain::to_string(polymarket::order_digest(posted.order, domain))},
          {"signature", to_string(posted.signature)},
          {"hmac", hmac(body)},
          {"hmacOfTheirs", hmac(theirs)},
          {"rewritten", rewritten(theirs)}};
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    json::object out;
    try {
      out = answer(Terms(json::parse(line).as_object()));
    } catch (const std::exception& error) {
      out = {{"error", error.what()}};
    }
    std::cout << json::serialize(out) << "\n";
  }
  return 0;
}
