#include "common/polymarket/messages/heartbeats.hpp"

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {

ParseResult<std::string> parse_heartbeat_body(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "heartbeat"};
  ObjectReader reader(*json, "heartbeat");
  if (!reader.fault() && !reader.has("heartbeat_id"))
    reader.fail(ParseFault::MissingField, "heartbeat_id");
  return finish(reader, reader.text("heartbeat_id"));
}

std::string write_heartbeat_body(std::string_view heartbeat_id) {
  std::string out;
  ObjectWriter(out).text("heartbeat_id", heartbeat_id).end();
  return out;
}

ParseResult<HeartbeatResponse> parse_heartbeat_answer(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "heartbeat answer"};
  ObjectReader reader(*json, "heartbeat answer");
  HeartbeatResponse response;
  response.refused = reader.text("error_msg") == kInvalidHeartbeatId;
  response.heartbeat_id = reader.text("heartbeat_id");
  // A chain that has not begun expects an empty id.
  const bool named = response.refused ? reader.has("heartbeat_id") : !response.heartbeat_id.empty();
  if (!reader.fault() && !named) reader.fail(ParseFault::MissingField, "heartbeat_id");
  return finish(reader, std::move(response));
}

std::string write_heartbeat_answer(const HeartbeatResponse& response) {
  std::string out;
  ObjectWriter writer(out);
  if (response.refused) writer.text("error_msg", kInvalidHeartbeatId);
  writer.text("heartbeat_id", response.heartbeat_id).end();
  return out;
}

}  // namespace polybot::polymarket
