// The CLOB's records of a market of catalogue.hpp, and what listings spell as they do.
#include <algorithm>
#include <boost/json/array.hpp>

#include "common/domain/bounds.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/market_json.hpp"

namespace polybot::polymarket {

ProtocolVersion read_version(ObjectReader& reader, std::string_view key) {
  const std::string version = reader.text(key);
  if (version == "v2") return ProtocolVersion::V2;
  if (!version.empty() && version != "v1") reader.fail(ParseFault::UnknownValue, key);
  return ProtocolVersion::V1;
}

std::string_view version_name(ProtocolVersion version) {
  return version == ProtocolVersion::V1 ? "v1" : "v2";
}

domain::FeeSchedule read_fee(const boost::json::value* value, std::string_view rate_key,
                             std::string_view exponent_key, ObjectReader& parent) {
  if (value == nullptr) return {};
  ObjectReader reader(*value, "fee schedule");
  domain::FeeSchedule fee;
  // Parts per million, through the same exact decimals as everything else.
  fee.rate_ppm = reader.quantity(rate_key).value_or(domain::Quantity{}).raw();
  if (fee.rate_ppm > domain::kFeeRatePpmMax) reader.fail(ParseFault::BadNumber, rate_key);
  const std::int64_t exponent = reader.integer(exponent_key).value_or(1);
  // Formula and rounding are known for these two exponents; a market with another one is not
  // traded.
  if (exponent != 1 && exponent != 2) reader.fail(ParseFault::UnknownValue, exponent_key);
  fee.exponent = exponent == 2 ? 2 : 1;
  if (reader.fault()) parent.fail(reader.fault()->fault, reader.fault()->where);
  return fee.rate_ppm == 0 ? domain::FeeSchedule{} : fee;
}

std::string rate_text(std::int64_t ppm) {
  return domain::Quantity::from_raw(ppm).to_string();
}

ParseResult<ClobMarket> parse_clob_market(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "clob-market"};
  ObjectReader reader(*value, "clob-market");
  ClobMarket market;
  market.id = reader.required(reader.hex_id<domain::MarketId>("c"), "c");
  const boost::json::array* const tokens = reader.array("t");
  if (tokens == nullptr || tokens->size() != 2) {
    reader.fail(ParseFault::MissingField, "t");
    return *reader.fault();
  }
  for (std::size_t i = 0; i < 2; ++i) {
    ObjectReader token((*tokens)[i], "t");
    market.tokens[i] = token.required(token.token("t"), "t");
    market.outcomes[i] = token.text("o");
    if (token.fault()) reader.fail(token.fault()->fault, token.fault()->where);
  }
  market.tick = reader.required(reader.price("mts"), "mts");
  if (!market.tick.is_positive() || market.tick >= domain::kPriceOne) {
    reader.fail(ParseFault::BadNumber, "mts");
  }
  market.min_size = reader.required(reader.quantity("mos"), "mos");
  market.neg_risk = reader.flag("nr");
  market.fee = read_fee(reader.find("fd"), "r", "e", reader);
  market.accepting_orders = reader.flag("ao");
  const std::int64_t delay = reader.integer("sd").value_or(0);
  if (delay < 0 || delay > 3600) reader.fail(ParseFault::BadNumber, "sd");
  market.seconds_delay = static_cast<std::int32_t>(delay);
  market.taker_delay = reader.flag("itode") || delay > 0;
  market.version = read_version(reader, "v");
  return finish(reader, std::move(market));
}

std::string write_clob_market(const ClobMarket& market) {
  std::string out;
  ObjectWriter writer(out);
  writer.text("c", to_string(market.id));
  writer.begin("t");
  out.push_back('[');
  ObjectWriter(out).text("t", to_string(market.tokens[0])).text("o", market.outcomes[0]).end();
  out.push_back(',');
  ObjectWriter(out).text("t", to_string(market.tokens[1])).text("o", market.outcomes[1]).end();
  out.push_back(']');
  writer.json("mts", market.tick.to_string()).json("mos", market.min_size.to_string());
  if (market.neg_risk) writer.flag("nr", true);
  if (market.fee.rate_ppm > 0) {
    writer.begin("fd");
    ObjectWriter(out)
        .json("r", rate_text(market.fee.rate_ppm))
        .number("e", market.fee.exponent)
        .flag("to", true)
        .end();
  }
  writer.number("mbf", market.fee.rate_ppm > 0 ? 1000 : 0)
      .number("tbf", market.fee.rate_ppm > 0 ? 1000 : 0)
      .flag("ao", market.accepting_orders)
      .number("sd", market.seconds_delay)
      .flag("itode", market.taker_delay)
      .json("r", "null")
      .text("v", version_name(market.version))
      .end();
  return out;
}

ParseResult<ClobResult> parse_clob_result(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "market"};
  ObjectReader reader(*value, "market");
  ClobResult result;
  result.id = reader.required(reader.hex_id<domain::MarketId>("condition_id"), "condition_id");
  result.closed = reader.flag("closed");
  const boost::json::array* const tokens = reader.array("tokens");
  if (tokens == nullptr || tokens->size() != 2) {
    reader.fail(ParseFault::MissingField, "tokens");
    return *reader.fault();
  }
  int winners = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    ObjectReader token((*tokens)[i], "tokens");
    result.tokens[i] = token.required(token.token("token_id"), "token_id");
    if (token.flag("winner")) {
      result.winner = result.tokens[i];
      ++winners;
    }
    if (token.fault()) reader.fail(token.fault()->fault, token.fault()->where);
  }
  if (winners > 1) reader.fail(ParseFault::TooMany, "winner");
  return finish(reader, std::move(result));
}

std::string write_clob_result(const ClobResult& result) {
  std::string out;
  ObjectWriter writer(out);
  writer.text("condition_id", to_string(result.id)).flag("closed", result.closed);
  writer.begin("tokens");
  append_array(result.tokens, out, [&](const domain::TokenId& token, std::string& text) {
    ObjectWriter(text)
        .text("token_id", to_string(token))
        .flag("winner", result.winner == token)
        .end();
  });
  writer.end();
  return out;
}

bool confirms(const ClobResult& result, const GammaMarket& market, const domain::Payout& claimed) {
  if (result.id != market.id || !result.closed || !result.winner) return false;
  // The two lists need not agree in their order.
  if (!std::is_permutation(result.tokens.begin(), result.tokens.end(), market.tokens.begin()))
    return false;
  return *result.winner == market.tokens[0] ? claimed.yes == domain::kPriceOne
                                            : claimed.no == domain::kPriceOne;
}

std::string_view contradiction(const domain::Market& listed, const ClobMarket& record) {
  if (listed.id != record.id) return "condition id";
  if (listed.yes_token != record.tokens[0] || listed.no_token != record.tokens[1]) return "tokens";
  if (listed.neg_risk != record.neg_risk) return "neg-risk";
  if (listed.exchange != exchange_of(record.version, record.neg_risk)) return "version";
  return {};
}

domain::Market with_record(domain::Market listed, const ClobMarket& record) {
  listed.tick = record.tick;
  listed.min_size = record.min_size;
  listed.fee = record.fee;
  listed.taker_delay = record.taker_delay;
  if (domain::accepts_orders(listed.status) && !record.accepting_orders) {
    listed.status = domain::MarketStatus::Paused;
  }
  return listed;
}

}  // namespace polybot::polymarket
