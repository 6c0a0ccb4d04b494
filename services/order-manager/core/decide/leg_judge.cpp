#include "services/order-manager/core/decide/leg_judge.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/domain/amounts.hpp"

namespace polybot::order_manager {

using domain::Quantity;
using domain::SignalId;

namespace {

// Records that change no quantity and end no order.
bool leaves_legs_alone(const domain::StreamedEvent& record) {
  const domain::EventBody& body = record.event.body;
  return std::holds_alternative<domain::SignalAccepted>(body) ||
         std::holds_alternative<domain::SignalDenied>(body) ||
         std::holds_alternative<domain::OrderSubmitted>(body);
}

Quantity least_of(const std::vector<LegQuantity>& legs) {
  return std::min_element(
             legs.begin(), legs.end(),
             [](const LegQuantity& a, const LegQuantity& b) { return a.quantity < b.quantity; })
      ->quantity;
}

// Whether none of the group's buys and sells can fail any more.
bool final(const Ledger& ledger, const LegGroup& group) {
  return std::all_of(group.legs.begin(), group.legs.end(), [&](const LegGroup::Leg& leg) {
    const MarketPosition* position = ledger.portfolio().find(group.strategy, leg.instrument.market);
    return position == nullptr || position->token(leg.instrument.outcome).final();
  });
}

// Orders that are under way, or in doubt, decide how much there is left to sell. The sale itself
// cancels resting quotes.
bool awaits_fills(const Ledger& ledger, const LegGroup& group) {
  const auto awaited = [&](const domain::ClientOrderId& id) {
    return ledger.orders().open().contains(id) &&
           ledger.orders().find(id)->order.purpose != domain::OrderPurpose::Quote;
  };
  return std::any_of(group.correctors.begin(), group.correctors.end(), awaited) ||
         std::any_of(group.legs.begin(), group.legs.end(),
                     [&](const LegGroup::Leg& leg) { return awaited(leg.order); });
}

}  // namespace

bool LegJudge::overdue(const Turn& turn, const LegGroup& group) const {
  return turn.now >= readiness_.believed(group.unlevel_since, turn.now) + settings_.unwind_after;
}

// Legs that can no longer be traded, or are worth too little for the venue, stay as they are and
// become an ordinary position.
bool LegJudge::hopeless(const Turn& turn, const LegGroup& group,
                        const std::vector<LegQuantity>& quantities) const {
  const bool ended = std::any_of(
      group.legs.begin(), group.legs.end(),
      [&](const LegGroup::Leg& leg) { return !tradable(turn.ledger, leg.instrument.market); });
  if (ended || !overdue(turn, group)) return ended;
  const Quantity least = least_of(quantities);
  return std::all_of(quantities.begin(), quantities.end(), [&](const LegQuantity& leg) {
    const auto bid = quotes_.best_bid(leg.instrument, turn.now);
    return leg.quantity == least || (bid && worth_too_little(bid->price, leg.quantity - least));
  });
}

std::optional<LegJudge::Verdict> LegJudge::verdict(const Turn& turn, const LegGroup& group) const {
  const auto quantities = turn.ledger.leg_quantities(group);
  const Quantity spread = LegGroups::spread(quantities);
  const bool level = spread < kLevelTolerance;
  if (group.unlevel) {
    return level || hopeless(turn, group, quantities) ? std::optional(Verdict::Level)
                                                      : std::nullopt;
  }
  const Orders& orders = turn.ledger.orders();
  if (!LegGroups::ended(group, orders)) return std::nullopt;
  if (!level)
    return spread > group.accepted_spread ? std::optional(Verdict::Unlevel) : std::nullopt;
  // Other orders of the strategy have sold what was left of the group. It must not be kept, or it
  // would claim the shares of a later group.
  const Quantity bought = LegGroups::spread(LegGroups::quantities(group, orders));
  const bool sold = bought >= kLevelTolerance && bought > group.accepted_spread;
  return sold && final(turn.ledger, group) ? std::optional(Verdict::Level) : std::nullopt;
}

void LegJudge::judge(Turn& turn) {
  const LegGroups& legs = turn.ledger.legs();
  // Whether a group becomes unlevel depends on the ledger alone; whether an unlevel one can be
  // levelled depends on quotes and time as well.
  const auto records = turn.records();
  const bool all = all_due_ || !std::all_of(records.begin(), records.end(), leaves_legs_alone);
  std::vector<std::pair<SignalId, Verdict>> verdicts;
  for (const SignalId& signal : all ? legs.judged() : legs.unlevel()) {
    if (const auto found = verdict(turn, legs.all().at(signal)))
      verdicts.emplace_back(signal, *found);
  }
  all_due_ = !verdicts.empty();
  for (const auto& [signal, found] : verdicts) {
    const LegGroup& group = legs.all().at(signal);
    const StrategyName strategy = group.strategy;
    if (found == Verdict::Level) {
      turn.record(strategy, group.trace, domain::LegsLevelled{signal, group.event});
      continue;
    }
    domain::LegsImbalanced imbalanced{signal, group.event, {}};
    for (const LegQuantity& leg : turn.ledger.leg_quantities(group)) {
      imbalanced.legs.push_back({leg.instrument, leg.quantity});
    }
    turn.record(strategy, group.trace, std::move(imbalanced));
  }
}

void LegJudge::unwind(Turn& turn) {
  struct Surplus {
    SignalId signal;
    domain::TraceId trace;
    Held held;
  };
  std::vector<Surplus> surpluses;
  const LegGroups& legs = turn.ledger.legs();
  for (const SignalId& signal : legs.unlevel()) {
    const LegGroup& group = legs.all().at(signal);
    if (!overdue(turn, group) || awaits_fills(turn.ledger, group)) continue;
    const auto quantities = turn.ledger.leg_quantities(group);
    const Quantity least = std::max(least_of(quantities), Quantity{});
    for (const LegQuantity& leg : quantities) {
      const Held surplus{group.strategy, leg.instrument, leg.quantity - least};
      if (surplus.quantity >= kLevelTolerance) surpluses.push_back({signal, group.trace, surplus});
    }
  }
  // The largest comes first: exits of one outcome are paced together, and a rest that the venue
  // refuses as too small would hold back the others for ever.
  std::stable_sort(surpluses.begin(), surpluses.end(), [](const Surplus& a, const Surplus& b) {
    return a.held.quantity > b.held.quantity;
  });
  for (const auto& [signal, trace, held] : surpluses) {
    const domain::ClientOrderId id{signal, turn.ledger.orders().next_leg(signal)};
    exits_.sell(turn, id, held, domain::OrderPurpose::Unwind, trace);
  }
}

}  // namespace polybot::order_manager
