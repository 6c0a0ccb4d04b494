// Legs that were filled unevenly: said so, watched, and levelled by order-manager when nobody else
// does.
#include <algorithm>

#include "common/domain/amounts.hpp"
#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::Quantity;
using domain::SignalId;

bool OrderManager::State::tradable(const domain::MarketId& id) const {
  const domain::Market* market = ledger.market(id);
  if (market == nullptr || market->status == domain::MarketStatus::Closed ||
      market->status == domain::MarketStatus::Resolved) {
    return false;
  }
  return !ledger.portfolio().resolutions().contains(id);
}

// Whether each surplus is worth less than the venue lets anyone sell at once.
bool OrderManager::State::unsellable(const std::vector<LegQuantity>& legs) const {
  Quantity least = legs.front().quantity;
  for (const LegQuantity& leg : legs) least = std::min(least, leg.quantity);
  return std::all_of(legs.begin(), legs.end(), [&](const LegQuantity& leg) {
    const auto bid = quotes.best_bid(leg.instrument, now);
    return leg.quantity == least ||
           (bid && domain::notional(bid->price, leg.quantity - least, domain::Rounding::Down) <
                       domain::kMarketableNotionalMin);
  });
}

// Whether nothing of what its strategy has bought and sold of its legs can fail any more.
bool OrderManager::State::final(const LegGroup& group) const {
  return std::all_of(group.legs.begin(), group.legs.end(), [&](const LegGroup::Leg& leg) {
    const MarketPosition* position = ledger.portfolio().find(group.strategy, leg.instrument.market);
    return position == nullptr || position->token(leg.instrument.outcome).final();
  });
}

void OrderManager::State::judge_legs() {
  struct Verdict {
    SignalId signal;
    bool level = false;
  };
  std::vector<Verdict> verdicts;
  // Whether a group gets unlevel is a function of the ledger alone; whether an unlevel one can be
  // helped is also one of quotes and time.
  const auto& judged = legs_touched ? ledger.legs().judged() : ledger.legs().unlevel();
  legs_touched = false;
  for (const SignalId& signal : judged) {
    const LegGroup& group = ledger.legs().all().at(signal);
    const auto quantities = ledger.leg_quantities(group);
    const Quantity spread = LegGroups::spread(quantities);
    const bool level = spread < kLevelTolerance;
    if (group.unlevel) {
      // What can no longer be traded, or is too little for the venue, stays as it is and is an
      // ordinary position from here on.
      const bool hopeless =
          std::any_of(group.legs.begin(), group.legs.end(),
                      [&](const LegGroup::Leg& leg) { return !tradable(leg.instrument.market); }) ||
          (now >= believed(group.unlevel_since) + settings.unwind_after && unsellable(quantities));
      if (level || hopeless) verdicts.push_back({signal, true});
    } else if (LegGroups::ended(group, ledger.orders())) {
      if (!level && spread > group.accepted_spread) verdicts.push_back({signal, false});
      // Others of the strategy's orders have sold what was left of it. It must not be kept and
      // claim the shares of a later group.
      const Quantity bought = LegGroups::spread(LegGroups::quantities(group, ledger.orders()));
      const bool sold = level && bought >= kLevelTolerance && bought > group.accepted_spread;
      if (sold && final(group)) verdicts.push_back({signal, true});
    }
  }
  for (const Verdict& verdict : verdicts) {
    const LegGroup& group = ledger.legs().all().at(verdict.signal);
    const StrategyName strategy = group.strategy;
    const domain::TraceId trace = group.trace;
    if (verdict.level) {
      record(strategy, trace, domain::LegsLevelled{verdict.signal, group.event});
      continue;
    }
    domain::LegsImbalanced imbalanced{verdict.signal, group.event, {}};
    for (const LegQuantity& leg : ledger.leg_quantities(group)) {
      imbalanced.legs.push_back({leg.instrument, leg.quantity});
    }
    record(strategy, trace, std::move(imbalanced));
  }
}

// What is under way, or in doubt, decides how much there is left to sell; quotes that rest are
// canceled by the sale itself.
bool OrderManager::State::awaits_fills(const LegGroup& group) const {
  const auto awaited = [&](const domain::ClientOrderId& id) {
    return ledger.orders().open().contains(id) &&
           ledger.orders().find(id)->order.purpose != domain::OrderPurpose::Quote;
  };
  return std::any_of(group.correctors.begin(), group.correctors.end(), awaited) ||
         std::any_of(group.legs.begin(), group.legs.end(),
                     [&](const LegGroup::Leg& leg) { return awaited(leg.order); });
}

void OrderManager::State::unwind_legs() {
  if (stopping) return;
  struct Surplus {
    SignalId signal;
    StrategyName strategy;
    domain::TraceId trace;
    LegQuantity leg;
  };
  std::vector<Surplus> surpluses;
  for (const SignalId& signal : ledger.legs().unlevel()) {
    const LegGroup& group = ledger.legs().all().at(signal);
    if (now < believed(group.unlevel_since) + settings.unwind_after) continue;
    if (awaits_fills(group)) continue;
    const auto quantities = ledger.leg_quantities(group);
    const auto least = std::min_element(
        quantities.begin(), quantities.end(),
        [](const LegQuantity& a, const LegQuantity& b) { return a.quantity < b.quantity; });
    for (const LegQuantity& leg : quantities) {
      const Quantity surplus = leg.quantity - std::max(least->quantity, Quantity{});
      if (surplus >= kLevelTolerance) {
        surpluses.push_back({signal, group.strategy, group.trace, {leg.instrument, surplus}});
      }
    }
  }
  // The largest first: exits of one outcome are paced together, and a rest that the venue refuses
  // as too small would hold back the others for ever.
  std::stable_sort(surpluses.begin(), surpluses.end(), [](const Surplus& a, const Surplus& b) {
    return a.leg.quantity > b.leg.quantity;
  });
  for (const Surplus& surplus : surpluses) {
    static_cast<void>(sell_at_market({surplus.signal, ledger.orders().next_leg(surplus.signal)},
                                     surplus.strategy, surplus.leg.instrument, surplus.leg.quantity,
                                     domain::OrderPurpose::Unwind, surplus.trace));
  }
}

}  // namespace polybot::order_manager
