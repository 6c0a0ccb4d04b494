#include "common/polymarket/messages/account_state.hpp"

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

bool said_flag(ObjectReader& reader, std::string_view key) {
  if (!reader.has(key)) reader.fail(ParseFault::MissingField, key);
  return reader.flag(key);
}

}  // namespace

ParseResult<Geoblock> parse_geoblock(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "geoblock"};
  ObjectReader reader(*json, "geoblock");
  Geoblock gate;
  gate.blocked = said_flag(reader, "blocked");
  gate.country = reader.text("country");
  gate.region = reader.text("region");
  return finish(reader, std::move(gate));
}

std::string write_geoblock(const Geoblock& gate) {
  std::string out;
  ObjectWriter(out)
      .flag("blocked", gate.blocked)
      .text("ip", "127.0.0.1")
      .text("country", gate.country)
      .text("region", gate.region)
      .end();
  return out;
}

ParseResult<bool> parse_closed_only(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "closed only"};
  ObjectReader reader(*json, "closed only");
  const bool closed_only = said_flag(reader, "closed_only");
  return finish(reader, closed_only);
}

std::string write_closed_only(bool closed_only) {
  std::string out;
  ObjectWriter(out).flag("closed_only", closed_only).end();
  return out;
}

}  // namespace polybot::polymarket
