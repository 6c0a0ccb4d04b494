// One strategy of this process: its desk, what it holds, and its seats, one for each shard that it
// trades. State of the runner, which alone changes it; what follows from that state is answered
// here.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>

#include "services/strategy-runner/core/runner.hpp"

namespace polybot::strategy_runner {

// What holds for all markets of a seat, as far as its decisions depend on it.
struct Standing {
  bool may_speak = false;
  domain::TradingState trading_state = domain::TradingState::Halted;
  bool operator==(const Standing&) const = default;
};

// One strategy on one shard, for as long as the lease lasts.
struct Runner::Seat {
  Seat(const domain::Lease& granted, domain::Timestamp now, std::unique_ptr<Strategy> made)
      : lease(granted), since(now), strategy(std::move(made)), marks(strategy->scope()) {}

  // Whether the market is woken by its own time, not by its books alone.
  [[nodiscard]] bool has_dues() const { return strategy->scope() == Scope::Market; }
  void wake(const domain::MarketId& market, domain::Timestamp at) {
    if (has_dues()) dues.ask(market, at);
  }

  domain::Lease lease;
  domain::Timestamp since;
  std::unique_ptr<Strategy> strategy;
  ScanMarks marks;
  DueQueue<domain::MarketId> dues;
  Standing standing;
};

struct Runner::Trader {
  Trader(const StrategySettings& from, const MarketTable& markets, SignalIds& ids)
      : settings(from), desk(from.desk, markets, ids) {}

  // All the order events before the grant are known here.
  [[nodiscard]] bool caught_up(const domain::Lease& lease) const {
    if (!stream_known) return false;
    if (holdings.applied_seq() >= lease.granted_seq) return true;
    // The grant may lie after the last message of this strategy's own stream.
    return last_seq && *last_seq <= lease.granted_seq && holdings.applied_seq() >= *last_seq;
  }
  [[nodiscard]] bool warm(const Seat& seat, domain::Timestamp now) const {
    return caught_up(seat.lease) && now - seat.since >= seat.strategy->warm_up();
  }
  [[nodiscard]] bool may_trade(const Seat& seat, domain::Timestamp now) const {
    return enabled && trading_state != domain::TradingState::Halted &&
           now < seat.lease.expires_at && warm(seat, now);
  }
  [[nodiscard]] Standing standing(const Seat& seat, domain::Timestamp now) const {
    return {.may_speak = may_trade(seat, now), .trading_state = trading_state};
  }
  void take_seat(const domain::Lease& lease, domain::Timestamp now) {
    seats.try_emplace(lease.shard, lease, now, settings.factory());
  }
  void drop_seat(domain::Shard shard) {
    seats.erase(shard);
    desk.drop(shard);
  }

  StrategySettings settings;
  SignalDesk desk;
  Holdings holdings;
  // The strategy does not run until the operator's wish is known.
  bool enabled = false;
  domain::TradingState trading_state = domain::TradingState::Halted;
  bool stream_known = false;
  std::optional<std::uint64_t>
      last_seq;  // of the stream, as the state topic said since the last grant
  std::map<domain::Shard, domain::Lease> leases;
  std::map<domain::Shard, domain::LeaseEpoch> let_go;  // the newest epoch released of each shard
  std::map<domain::Shard, Seat> seats;  // of the leases, while the strategy is enabled
  std::uint64_t scans = 0;
};

}  // namespace polybot::strategy_runner
