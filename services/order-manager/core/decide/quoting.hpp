// Quote targets: kept up while their conditions hold, withdrawn when they do not.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "services/order-manager/core/decide/lease_desk.hpp"
#include "services/order-manager/core/decide/quoter.hpp"
#include "services/order-manager/core/orders/order_desk.hpp"

namespace polybot::order_manager {

struct TargetKey {
  StrategyName strategy;
  domain::MarketId market;
  auto operator<=>(const TargetKey&) const = default;
};

struct Target {
  domain::QuoteTarget quotes;
  domain::SignalId signal;
  domain::TraceId trace;
  std::uint32_t next_leg = 0;
  domain::Timestamp since{};
  // The shard of the lease under which the target was set: a later holder must set its own.
  domain::Shard shard;
  domain::LeaseEpoch epoch;
  std::uint64_t applied_seq = 0;  // what its runner knew
};

class Quoting {
 public:
  Quoting(const Settings& settings, const Readiness& readiness, const LeaseDesk& leases,
          const QuoteBoard& quotes, OrderDesk& desk)
      : settings_(settings), readiness_(readiness), leases_(leases), quotes_(quotes), desk_(desk) {}

  // Whether a newer target of the same runner stands: signals may overtake each other.
  [[nodiscard]] bool superseded(const TargetKey& key, const domain::SignalId& signal) const;
  // `tick_at`: see SubmitBatch.
  void set(Turn& turn, const TargetKey& key, const Target& target, domain::Timestamp tick_at);
  void withdraw(Turn& turn, const TargetKey& key, domain::CancelReason reason);
  template <class Chooses>
  void withdraw_where(Turn& turn, domain::CancelReason reason, const Chooses& chooses) {
    std::vector<TargetKey> chosen;
    for (const auto& [key, target] : targets_) {
      if (chooses(key, target)) chosen.push_back(key);
    }
    for (const TargetKey& key : chosen) withdraw(turn, key, reason);
  }

  // Call it when the market's quote has changed.
  void quoted(Turn& turn, const domain::MarketId& market);
  // Brings all targets up to date.
  void drive(Turn& turn);
  // Cancels what rests in lost shards, and in shards that were left to wait.
  void give_up(Turn& turn, const std::set<ShardKey>& shards);
  void cancel_orphans(Turn& turn);
  // Cancels opening orders on a quote that has been stale for too long.
  void cancel_stale(Turn& turn);
  // The venue has refused a quote there, so it is not tried again at once.
  void refused(const TargetKey& key, domain::BookSide side, domain::Timestamp now);
  // It has taken one: the next refusal is the first again.
  void accepted(const TargetKey& key, domain::BookSide side);

  void clear() { targets_.clear(); }
  void forget_old(domain::Timestamp now);

 private:
  // Keeps a refused quote from being tried again at once; survives the target it belongs to.
  struct Pause {
    domain::Timestamp until{};
    domain::Duration length{};
    domain::DenyReason told = domain::DenyReason::None;  // recorded last
  };
  void sync(Turn& turn, const TargetKey& key, Target& target, domain::Timestamp tick_at = {});
  void place(Turn& turn, const TargetKey& key, Target& target, const WantedQuote& wanted,
             domain::Timestamp tick_at);

  const Settings& settings_;
  const Readiness& readiness_;
  const LeaseDesk& leases_;
  const QuoteBoard& quotes_;
  OrderDesk& desk_;
  std::map<TargetKey, Target> targets_;
  std::map<std::pair<TargetKey, domain::BookSide>, Pause> pauses_;
};

}  // namespace polybot::order_manager
