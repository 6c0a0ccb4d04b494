#include "common/wire/lease_codec.hpp"

#include "common/wire/parameters_codec.hpp"
#include "polybot/v1/lease.pb.h"

namespace polybot::wire {
namespace {

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
  for (const auto& [strategy, parameters] : runner.parameters) {
    v1::StrategyParameters& to = *out.add_parameters();
    to.set_strategy(strategy.value);
    put_parameters(parameters, to);
  }
  return out.SerializeAsString();
}

DecodeError decode_runner(std::string_view bytes, domain::RunnerAnnounced& out) {
  v1::RunnerAnnounced message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (static_cast<std::size_t>(message.strategies_size()) > kStrategiesMax ||
      static_cast<std::size_t>(message.parameters_size()) > kStrategiesMax ||
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
  out.parameters.clear();
  for (const v1::StrategyParameters& one : message.parameters())
    out.parameters[reading.strategy(one.strategy())] = read_parameters(reading, one);
  return reading.error();
}

}  // namespace polybot::wire
