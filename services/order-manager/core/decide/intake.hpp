// Decides about a signal: it is fenced, deduplicated, judged, and answered by a record. Signals of
// markets whose record has to be read first wait here.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "services/order-manager/core/decide/quoting.hpp"

namespace polybot::order_manager {

class Intake {
 public:
  Intake(const Settings& settings, const Readiness& readiness, const LeaseDesk& leases,
         MarketWatches& markets, OrderDesk& desk, Quoting& quoting);

  void received(Turn& turn, const SignalReceived& input);
  // Called when the market's record has been read, or there is none.
  void release(Turn& turn, const domain::MarketId& market);
  void expire(Turn& turn);
  void clear() { parked_.clear(); }

  [[nodiscard]] std::set<domain::MarketId> waited_for() const;
  // Counts of one strategy, since this start.
  struct Counts {
    std::uint64_t duplicate = 0;
    std::uint64_t shed = 0;
  };
  [[nodiscard]] Counts counts(const StrategyName& strategy) const;

 private:
  struct Parked {
    domain::Signal signal;
    domain::MarketId waits_for;
  };
  void decide(Turn& turn, const domain::Signal& signal);
  void deny(Turn& turn, const domain::Signal& signal, const StrategyName& strategy,
            domain::DenyReason reason) const;
  [[nodiscard]] domain::DenyReason refuses(const Turn& turn, const domain::Signal& signal) const;
  [[nodiscard]] domain::DenyReason refuses_markets(const Turn& turn,
                                                   const domain::Signal& signal) const;
  [[nodiscard]] bool park(Turn& turn, const domain::Signal& signal);
  // Takes the parked signals that `chooses` names.
  template <class Chooses>
  [[nodiscard]] std::vector<domain::Signal> take_parked(const Chooses& chooses);
  void take_legs(Turn& turn, const domain::Signal& signal, const std::vector<domain::Leg>& legs);
  void take_target(Turn& turn, const domain::Signal& signal, const domain::QuoteTarget& quotes);

  const Settings& settings_;
  const Readiness& readiness_;
  const LeaseDesk& leases_;
  MarketWatches& markets_;
  OrderDesk& desk_;
  Quoting& quoting_;
  std::vector<Parked> parked_;
  std::map<StrategyName, TokenBucket> rates_;
  std::map<StrategyName, Counts> counts_;
};

}  // namespace polybot::order_manager
