#include "common/wire/order_codec.hpp"

#include <google/protobuf/arena.h>

#include <array>

#include "common/wire/order_codec_bodies.hpp"

namespace polybot::wire {
namespace {

constexpr std::size_t kEncodingBlockBytes = 4'096;  // an order with all its ids takes half

// An empty name means that the event is account-wide.
domain::StrategyName read_owner(Reading& reading, std::string_view bytes) {
  return bytes.empty() ? domain::StrategyName{} : reading.strategy(bytes);
}

void put(const domain::Event& event, v1::Event& out) {
  out.set_seq(event.seq);
  out.set_at_ns(domain::to_unix_ns(event.at));
  out.set_strategy(event.strategy.value);
  out.set_trace(event.trace.value);
  put_event_body(event.body, out);
}

domain::Event read_event(Reading& reading, const v1::Event& message) {
  domain::Event event;
  event.seq = message.seq();
  event.at = reading.at(message.at_ns());
  event.strategy = read_owner(reading, message.strategy());
  event.trace = {message.trace()};
  event.body = read_event_body(reading, message);
  return event;
}

void put(const domain::PositionState& position, v1::PositionState& out) {
  put_id(position.market, out.mutable_market());
  out.set_yes(position.yes.raw());
  out.set_no(position.no.raw());
  out.set_yes_cost(position.yes_cost.raw());
  out.set_no_cost(position.no_cost.raw());
  out.set_realized(position.realized.raw());
}

domain::PositionState read_position(Reading& reading, const v1::PositionState& message) {
  return {.market = reading.id32<domain::MarketId>(message.market()),
          .yes = domain::Quantity::from_raw(message.yes()),
          .no = domain::Quantity::from_raw(message.no()),
          .yes_cost = domain::Money::from_raw(message.yes_cost()),
          .no_cost = domain::Money::from_raw(message.no_cost()),
          .realized = domain::Money::from_raw(message.realized())};
}

}  // namespace

std::string encode_event(const domain::Event& event) {
  // A message has a dozen parts and lives for a moment, so they share one block.
  std::array<char, kEncodingBlockBytes> block;  // NOLINT: the arena writes before it reads
  google::protobuf::Arena arena(block.data(), block.size());
  v1::Event& out = *google::protobuf::Arena::CreateMessage<v1::Event>(&arena);
  put(event, out);
  return out.SerializeAsString();
}

DecodeError decode_event(std::string_view bytes, domain::Event& out) {
  v1::Event message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  out = read_event(reading, message);
  return reading.error();
}

std::string encode_streamed(const domain::StreamedEvent& event) {
  v1::StreamedEvent out;
  put(event.event, *out.mutable_event());
  out.set_prev(event.prev);
  if (event.position) put(*event.position, *out.mutable_position());
  if (event.status) out.set_status_n(static_cast<std::uint32_t>(*event.status) + 1);
  return out.SerializeAsString();
}

DecodeError decode_streamed(std::string_view bytes, domain::StreamedEvent& out) {
  v1::StreamedEvent message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (!message.has_event()) return DecodeError::Missing;
  Reading reading;
  out.event = read_event(reading, message.event());
  out.prev = message.prev();
  out.position.reset();
  if (message.has_position()) out.position = read_position(reading, message.position());
  out.status.reset();
  if (message.status_n() != 0) {
    out.status = reading.enumerated<domain::OrderStatus>(message.status_n());
  }
  return reading.error();
}

}  // namespace polybot::wire
