// Multi-leg buys that belong together: what was filled of each leg, what has corrected it since,
// and whether the legs are level. A fold over order events; order-manager decides when to record
// it.
//
// A group holds the legs of one signal and the orders that later complete or unwind it. It is kept
// until it is level and nothing about it can change any more.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "common/domain/amounts.hpp"
#include "common/domain/events.hpp"
#include "services/order-manager/core/ledger/orders.hpp"

namespace polybot::order_manager {

// Quantities that differ by less cannot be told apart by an order.
inline constexpr domain::Quantity kLevelTolerance = domain::kShareStep;

struct LegGroup {
  domain::StrategyName strategy;
  domain::EventGroupId event;
  domain::TraceId trace;
  struct Leg {
    domain::ClientOrderId order;
    domain::Instrument instrument;
  };
  std::vector<Leg> legs;
  std::vector<domain::ClientOrderId> correctors;
  bool unlevel = false;  // LegsImbalanced said so, LegsLevelled has not
  domain::Timestamp unlevel_since{};
  domain::Quantity accepted_spread;  // what was left when it was last declared level
};

// Net quantity of one leg: what its order and its correctors came to.
struct LegQuantity {
  domain::Instrument instrument;
  domain::Quantity quantity;
};

class LegGroups {
 public:
  using Table = std::map<domain::SignalId, LegGroup>;

  // A buying leg joins the group of its signal; an order in an instrument of an unlevel group of
  // its strategy and event corrects that group instead.
  void submitted(const domain::Order& order);
  // Journals of an earlier version of the fold name groups that this version has forgotten: they
  // are ignored.
  void imbalanced(const domain::LegsImbalanced& event, domain::Timestamp at);
  // `held_spread` is the spread of what is still held of the legs: other orders of the strategy may
  // have sold some.
  void levelled(const domain::LegsLevelled& event, domain::Quantity held_spread,
                const Orders& orders);
  // Drops the group of the order when it is level, its orders have ended and its fills are final.
  void forget_if_final(const domain::ClientOrderId& order, const Orders& orders);

  [[nodiscard]] const Table& all() const { return groups_; }
  // The groups that LegsImbalanced has named, and the groups of several legs or named so: those
  // that can be, or become, unlevel. In the order of all().
  [[nodiscard]] const std::set<domain::SignalId>& unlevel() const { return unlevel_; }
  [[nodiscard]] const std::set<domain::SignalId>& judged() const { return judged_; }
  // The oldest unlevel group of the strategy in the event, if any.
  [[nodiscard]] const LegGroup* unlevel(const domain::StrategyName& strategy,
                                        const domain::EventGroupId& event) const;
  [[nodiscard]] static std::vector<LegQuantity> quantities(const LegGroup& group,
                                                           const Orders& orders);
  // Whether every leg and corrector has ended.
  [[nodiscard]] static bool ended(const LegGroup& group, const Orders& orders);
  // The largest difference between two legs.
  [[nodiscard]] static domain::Quantity spread(const std::vector<LegQuantity>& quantities);

  void digest(Digest& digest) const;

 private:
  friend struct LedgerImage;
  void index(const domain::SignalId& signal, const LegGroup& group);
  Table groups_;
  std::map<domain::ClientOrderId, domain::SignalId> members_;
  std::set<domain::SignalId> unlevel_;  // indices over groups_
  std::set<domain::SignalId> judged_;
};

}  // namespace polybot::order_manager
