// What the shell publishes of a runner.
#include <bit>

#include "services/strategy-runner/core/trader.hpp"

namespace polybot::strategy_runner {

std::uint64_t Runner::shards() const {
  std::uint64_t mask = 0;
  for (const auto& trader : traders_) {
    for (const auto& [shard, lease] : trader->leases) mask |= std::uint64_t{1} << shard.value;
  }
  return mask;
}

const domain::StrategyName& Runner::name(std::size_t strategy) const {
  return traders_.at(strategy)->settings.name;
}

Runner::StrategyStatus Runner::status(std::size_t strategy, domain::Timestamp now) const {
  const Trader& trader = *traders_.at(strategy);
  StrategyStatus status{.enabled = trader.enabled,
                        .trading_state = trader.trading_state,
                        .shards_held = static_cast<int>(trader.leases.size()),
                        .shards_in_force = 0,
                        .shards_warm = 0,
                        .scans = trader.scans,
                        .applied_seq = trader.holdings.applied_seq(),
                        .stream_known = trader.stream_known,
                        .signals_pending = trader.desk.pending()};
  for (const auto& [shard, lease] : trader.leases) {
    if (now < lease.expires_at) ++status.shards_in_force;
  }
  status.shards_warm = std::popcount(shards_warm(strategy, now));
  return status;
}

std::uint64_t Runner::shards_warm(std::size_t strategy, domain::Timestamp now) const {
  const Trader& trader = *traders_.at(strategy);
  std::uint64_t mask = 0;
  for (const auto& [shard, seat] : trader.seats) {
    const bool warm = trader.warm(seat, now) && now < seat.lease.expires_at;
    if (warm) mask |= std::uint64_t{1} << shard.value;
  }
  return mask;
}

std::size_t Runner::markets_traded(std::size_t strategy) const {
  const Trader& trader = *traders_.at(strategy);
  std::size_t count = 0;
  for (const auto& [shard, seat] : trader.seats) {
    for (const domain::MarketId& id : markets_.markets_in(shard)) {
      const domain::Market& market = *markets_.find(id);
      const bool open = domain::accepts_orders(market.status);
      if (open && trader.settings.markets.admits(market)) ++count;
    }
  }
  return count;
}

const SignalDesk& Runner::desk(std::size_t strategy) const {
  return traders_.at(strategy)->desk;
}

const Holdings& Runner::holdings(std::size_t strategy) const {
  return traders_.at(strategy)->holdings;
}

std::vector<std::string> Runner::reasons_not_ready(domain::Timestamp now) const {
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    const StrategyStatus state = status(i, now);
    if (!state.enabled || state.shards_warm == state.shards_held) continue;
    const int cold = state.shards_held - state.shards_warm;
    std::string reason = name(i).value + ": ";
    reason += std::to_string(cold) + " of " + std::to_string(state.shards_held) + " leases ";
    reason += state.stream_known ? "warming up" : "waiting for order events";
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

}  // namespace polybot::strategy_runner
