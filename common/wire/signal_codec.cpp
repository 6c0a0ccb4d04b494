#include "common/wire/signal_codec.hpp"

#include "common/wire/types_codec.hpp"
#include "polybot/v1/command.pb.h"
#include "polybot/v1/signal.pb.h"

namespace polybot::wire {
namespace {

// ---- signals

void put_intent(const std::vector<domain::Leg>& legs, v1::Signal& out) {
  v1::Legs& encoded = *out.mutable_legs();  // present even when empty
  for (const domain::Leg& leg : legs) {
    v1::Leg& to = *encoded.add_legs();
    wire::put(leg.instrument, *to.mutable_instrument());
    to.set_side(wire_enum<v1::Side>(leg.side));
    to.set_limit(wire_price(leg.limit));
    to.set_quantity(wire_number(leg.quantity));
  }
}

void put_intent(const domain::QuoteTarget& target, v1::Signal& out) {
  v1::QuoteTarget& to = *out.mutable_target();
  put_id(target.market, to.mutable_market());
  if (target.bid) wire::put(*target.bid, *to.mutable_bid());
  if (target.ask) wire::put(*target.ask, *to.mutable_ask());
}

std::vector<domain::Leg> read_legs(Reading& reading, const v1::Legs& message) {
  std::vector<domain::Leg> legs;
  const auto count = static_cast<std::size_t>(message.legs_size());
  if (count == 0 || count > domain::kLegsMax) {
    reading.fail(DecodeError::OutOfRange);
    return legs;
  }
  legs.reserve(count);
  for (const v1::Leg& leg : message.legs()) {
    legs.push_back({.instrument = reading.instrument(leg.instrument()),
                    .side = reading.enumerated<domain::Side>(leg.side()),
                    .limit = reading.price_inside(leg.limit()),
                    .quantity = reading.quantity_positive(leg.quantity())});
  }
  return legs;
}

domain::QuoteTarget read_target(Reading& reading, const v1::QuoteTarget& message) {
  domain::QuoteTarget target{.market = reading.id32<domain::MarketId>(message.market())};
  if (message.has_bid()) target.bid = reading.level(message.bid());
  if (message.has_ask()) target.ask = reading.level(message.ask());
  return target;
}

// ---- commands

struct PutCommandBody {
  v1::Command& out;
  void operator()(const domain::StartStrategy& body) const {
    out.mutable_start_strategy()->set_strategy(body.strategy.value);
  }
  void operator()(const domain::StopStrategy& body) const {
    out.mutable_stop_strategy()->set_strategy(body.strategy.value);
  }
  void operator()(const domain::SetTradingState& body) const {
    v1::SetTradingState& to = *out.mutable_set_trading_state();
    if (body.strategy) to.set_strategy(body.strategy->value);
    to.set_state(wire_enum<v1::TradingState>(body.state));
    to.set_stated_reason(body.stated_reason);
    to.set_acknowledged_until_ns(domain::to_unix_ns(body.acknowledged_until));
  }
  void operator()(const domain::CancelOrder& body) const {
    wire::put(body.order, *out.mutable_cancel_order()->mutable_order());
  }
  void operator()(const domain::CancelAllOrders& body) const {
    v1::CancelAllOrders& to = *out.mutable_cancel_all_orders();
    if (body.strategy) to.set_strategy(body.strategy->value);
    if (body.market) put_id(*body.market, to.mutable_market());
  }
  void operator()(const domain::FlattenPositions& body) const {
    v1::FlattenPositions& to = *out.mutable_flatten_positions();
    if (body.strategy) to.set_strategy(body.strategy->value);
  }
};

template <class Message>
std::optional<domain::StrategyName> scope_of(Reading& reading, const Message& message) {
  if (!message.has_strategy()) return std::nullopt;
  return reading.strategy(message.strategy());
}

domain::CommandBody read_body(Reading& reading, const v1::Command& message) {
  switch (message.body_case()) {
    case v1::Command::kStartStrategy:
      return domain::StartStrategy{reading.strategy(message.start_strategy().strategy())};
    case v1::Command::kStopStrategy:
      return domain::StopStrategy{reading.strategy(message.stop_strategy().strategy())};
    case v1::Command::kSetTradingState: {
      const v1::SetTradingState& body = message.set_trading_state();
      return domain::SetTradingState{
          .strategy = scope_of(reading, body),
          .state = reading.enumerated<domain::TradingState>(body.state()),
          .stated_reason = reading.text(body.stated_reason(), domain::kStatedReasonBytesMax),
          .acknowledged_until = reading.at(body.acknowledged_until_ns())};
    }
    case v1::Command::kCancelOrder:
      reading.require(message.cancel_order().has_order(), DecodeError::Missing);
      return domain::CancelOrder{reading.client_order_id(message.cancel_order().order())};
    case v1::Command::kCancelAllOrders: {
      const v1::CancelAllOrders& body = message.cancel_all_orders();
      domain::CancelAllOrders cancel{.strategy = scope_of(reading, body), .market = std::nullopt};
      if (body.has_market()) cancel.market = reading.id32<domain::MarketId>(body.market());
      return cancel;
    }
    case v1::Command::kFlattenPositions:
      return domain::FlattenPositions{scope_of(reading, message.flatten_positions())};
    case v1::Command::BODY_NOT_SET:
      break;
  }
  reading.fail(DecodeError::Missing);
  return {};
}

}  // namespace

std::string encode_signal(const domain::Signal& signal) {
  v1::Signal out;
  put(signal.id, *out.mutable_id());
  out.set_strategy(signal.strategy.value);
  put_id(signal.event, out.mutable_event());
  out.set_shard(signal.shard.value);
  put(signal.lease_epoch, *out.mutable_lease_epoch());
  out.set_applied_seq(signal.applied_seq);
  out.set_action(wire_enum<v1::SignalAction>(signal.action));
  std::visit([&](const auto& intent) { put_intent(intent, out); }, signal.intent);
  out.set_oldest_book_at_ns(domain::to_unix_ns(signal.oldest_book_at));
  out.set_tick_at_ns(domain::to_unix_ns(signal.tick_at));
  out.set_decided_at_ns(domain::to_unix_ns(signal.decided_at));
  out.set_expires_at_ns(domain::to_unix_ns(signal.expires_at));
  out.set_trace(signal.trace.value);
  return out.SerializeAsString();
}

DecodeError decode_signal(std::string_view bytes, domain::Signal& out) {
  v1::Signal message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (!message.has_id() || message.intent_case() == v1::Signal::INTENT_NOT_SET)
    return DecodeError::Missing;
  Reading reading;
  out.id = reading.signal_id(message.id());
  out.strategy = reading.strategy(message.strategy());
  out.event = reading.id32<domain::EventGroupId>(message.event());
  out.shard = reading.shard(message.shard());
  out.lease_epoch = reading.lease_epoch(message.lease_epoch());
  out.applied_seq = message.applied_seq();
  out.action = reading.enumerated<domain::SignalAction>(message.action());
  if (message.has_legs()) out.intent = read_legs(reading, message.legs());
  if (message.has_target()) out.intent = read_target(reading, message.target());
  out.oldest_book_at = reading.at(message.oldest_book_at_ns());
  out.tick_at = reading.at(message.tick_at_ns());
  out.decided_at = reading.at(message.decided_at_ns());
  out.expires_at = reading.at(message.expires_at_ns());
  out.trace = {message.trace()};
  return reading.error();
}

std::string encode_command(const domain::Command& command) {
  v1::Command out;
  out.mutable_id()->set_high(command.id.high);
  out.mutable_id()->set_low(command.id.low);
  std::visit(PutCommandBody{out}, command.body);
  out.set_issued_at_ns(domain::to_unix_ns(command.issued_at));
  out.set_expires_at_ns(domain::to_unix_ns(command.expires_at));
  out.set_trace(command.trace.value);
  out.set_issuer(command.issuer);
  return out.SerializeAsString();
}

DecodeError decode_command(std::string_view bytes, domain::Command& out) {
  v1::Command message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (!message.has_id()) return DecodeError::Missing;
  Reading reading;
  out.id = {.high = message.id().high(), .low = message.id().low()};
  out.body = read_body(reading, message);
  out.issued_at = reading.at(message.issued_at_ns());
  out.expires_at = reading.at(message.expires_at_ns());
  out.trace = {message.trace()};
  out.issuer = reading.token_name(message.issuer());
  return reading.error();
}

}  // namespace polybot::wire
