#include "common/wire/lease_codec.hpp"

#include "common/wire/types_codec.hpp"
#include "polybot/v1/lease.pb.h"

namespace polybot::wire {
namespace {

constexpr std::size_t kParameterBytesMax = 256;

void put_figures(const domain::StrategyFigures& from, v1::StrategyFigures& to) {
  to.set_realized(from.realized.raw());
  to.set_unrealized(from.unrealized.raw());
  to.set_daily_pnl(from.daily_pnl.raw());
  to.set_drawdown(from.drawdown.raw());
  to.set_exposure(from.exposure.raw());
  to.set_orders_live(from.orders_live);
  to.set_positions_open(from.positions_open);
}

domain::StrategyFigures read_figures(const v1::StrategyFigures& message) {
  return {.realized = domain::Money::from_raw(message.realized()),
          .unrealized = domain::Money::from_raw(message.unrealized()),
          .daily_pnl = domain::Money::from_raw(message.daily_pnl()),
          .drawdown = domain::Money::from_raw(message.drawdown()),
          .exposure = domain::Money::from_raw(message.exposure()),
          .orders_live = message.orders_live(),
          .positions_open = message.positions_open()};
}

domain::StrategyState read_state(Reading& reading, const v1::StrategyState& message) {
  domain::StrategyState state;
  state.strategy = reading.strategy(message.strategy());
  state.enabled = message.enabled();
  state.trading_state = reading.trading_state(message.trading_state());
  if (static_cast<std::size_t>(message.parameters_size()) > kParametersMax) {
    reading.fail(DecodeError::OutOfRange);
    return state;
  }
  for (const v1::Parameter& parameter : message.parameters()) {
    state.parameters.insert_or_assign(reading.text(parameter.key(), kParameterBytesMax),
                                      reading.text(parameter.value(), kParameterBytesMax));
  }
  state.last_seq = message.last_seq();
  state.figures = read_figures(message.figures());
  return state;
}

domain::Lease read_lease(Reading& reading, const v1::Lease& message) {
  return {.strategy = reading.strategy(message.strategy()),
          .shard = reading.shard(message.shard()),
          .replica = reading.replica(message.replica()),
          .incarnation = message.incarnation(),
          .epoch = reading.lease_epoch(message.epoch()),
          .expires_at = reading.at(message.expires_at_ns()),
          .granted_seq = message.granted_seq(),
          .revoked = message.revoked()};
}

}  // namespace

std::string encode_leases(std::span<const domain::Lease> leases) {
  v1::LeaseTable out;
  for (const domain::Lease& lease : leases) {
    v1::Lease& to = *out.add_leases();
    to.set_strategy(lease.strategy.value);
    to.set_shard(lease.shard.value);
    to.set_replica(lease.replica.value);
    to.set_incarnation(lease.incarnation);
    put(lease.epoch, *to.mutable_epoch());
    to.set_expires_at_ns(domain::to_unix_ns(lease.expires_at));
    to.set_granted_seq(lease.granted_seq);
    to.set_revoked(lease.revoked);
  }
  return out.SerializeAsString();
}

DecodeError decode_leases(std::string_view bytes, std::vector<domain::Lease>& out) {
  v1::LeaseTable message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (static_cast<std::size_t>(message.leases_size()) > kLeasesMax) return DecodeError::OutOfRange;
  Reading reading;
  out.clear();
  for (const v1::Lease& lease : message.leases()) out.push_back(read_lease(reading, lease));
  return reading.error();
}

std::string encode_runner(const domain::RunnerAnnounced& runner) {
  v1::RunnerAnnounced out;
  out.set_replica(runner.replica.value);
  out.set_incarnation(runner.incarnation);
  for (const domain::StrategyName& strategy : runner.strategies) out.add_strategies(strategy.value);
  out.set_leaving(runner.leaving);
  for (const domain::LeaseReleased& released : runner.released) {
    v1::LeaseReleased& to = *out.add_released();
    to.set_strategy(released.strategy.value);
    put(released.epoch, *to.mutable_epoch());
    to.set_shards(released.shards);
  }
  return out.SerializeAsString();
}

DecodeError decode_runner(std::string_view bytes, domain::RunnerAnnounced& out) {
  v1::RunnerAnnounced message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (static_cast<std::size_t>(message.strategies_size()) > kStrategiesMax ||
      static_cast<std::size_t>(message.released_size()) > kLeasesMax)
    return DecodeError::OutOfRange;
  Reading reading;
  out.replica = reading.replica(message.replica());
  out.incarnation = message.incarnation();
  out.strategies.clear();
  for (const std::string& strategy : message.strategies())
    out.strategies.push_back(reading.strategy(strategy));
  out.leaving = message.leaving();
  out.released.clear();
  for (const v1::LeaseReleased& released : message.released()) {
    out.released.push_back({.strategy = reading.strategy(released.strategy()),
                            .epoch = reading.lease_epoch(released.epoch()),
                            .shards = released.shards()});
  }
  return reading.error();
}

std::string encode_strategies(std::span<const domain::StrategyState> strategies) {
  v1::StrategyTable out;
  for (const domain::StrategyState& state : strategies) {
    v1::StrategyState& to = *out.add_strategies();
    to.set_strategy(state.strategy.value);
    to.set_enabled(state.enabled);
    to.set_trading_state(wire_enum<v1::TradingState>(state.trading_state));
    for (const auto& [key, value] : state.parameters) {
      v1::Parameter& parameter = *to.add_parameters();
      parameter.set_key(key);
      parameter.set_value(value);
    }
    to.set_last_seq(state.last_seq);
    put_figures(state.figures, *to.mutable_figures());
  }
  return out.SerializeAsString();
}

DecodeError decode_strategies(std::string_view bytes, std::vector<domain::StrategyState>& out) {
  v1::StrategyTable message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (static_cast<std::size_t>(message.strategies_size()) > kStrategiesMax)
    return DecodeError::OutOfRange;
  Reading reading;
  out.clear();
  for (const v1::StrategyState& state : message.strategies())
    out.push_back(read_state(reading, state));
  return reading.error();
}

}  // namespace polybot::wire
