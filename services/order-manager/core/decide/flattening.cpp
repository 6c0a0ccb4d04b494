#include "services/order-manager/core/decide/flattening.hpp"

#include <algorithm>

#include "common/domain/amounts.hpp"
#include "common/domain/mutation.hpp"

namespace polybot::order_manager {

using domain::LeftReason;
using domain::Quantity;

void Flattening::drive(Turn& turn) {
  if (!readiness_.trading()) return;
  for (const Ledger::Flatten& flatten : std::vector<Ledger::Flatten>(turn.ledger.flattens())) {
    if (!step(turn, flatten)) end(turn, flatten);
  }
}

bool Flattening::covers(const Ledger& ledger, const StrategyName& strategy) const {
  const bool known =
      settings_.configures(strategy) || ledger.portfolio().positions().contains(strategy);
  return known && strategy.value != domain::kExternalStrategy;
}

std::vector<Held> Flattening::held_in(const Ledger& ledger, const Ledger::Flatten& flatten) const {
  std::vector<Held> held;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    if (!covers(ledger, strategy) || (flatten.strategy && *flatten.strategy != strategy)) continue;
    for (const auto& [market, position] : positions) {
      if (ledger.portfolio().resolutions().contains(market)) continue;  // a claim
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const Quantity quantity = position.token(outcome).holding().quantity;
        if (quantity.is_positive()) held.push_back({strategy, {market, outcome}, quantity});
      }
    }
  }
  return held;
}

Held Flattening::to_sell(const Ledger& ledger, Held held) {
  if (mutated(Mutation::PairsBroken)) return held;
  const MarketPosition* position = ledger.portfolio().find(held.strategy, held.instrument.market);
  const Quantity other =
      position == nullptr
          ? Quantity{}
          : position->token(domain::other(held.instrument.outcome)).holding().quantity;
  held.quantity = std::max(Quantity{}, held.quantity - std::max(Quantity{}, other));
  return held;
}

// True while more may still be sold.
bool Flattening::step(Turn& turn, const Ledger::Flatten& flatten) {
  const domain::SignalId cause{flatten.command.high, flatten.command.low};
  bool waiting = false;
  for (const Held& all : held_in(turn.ledger, flatten)) {
    const Held held = to_sell(turn.ledger, all);
    if (held.quantity < domain::kShareStep) continue;
    if (may_be_worth_more(turn, held)) {
      waiting = true;
      continue;
    }
    if (left_reason(turn, held)) continue;
    const domain::ClientOrderId id{cause, turn.ledger.orders().next_leg(cause)};
    waiting = exits_.sell(turn, id, held, domain::OrderPurpose::Flatten, {}) || waiting;
  }
  return waiting;
}

// Whether the bid that makes the holding worth too little is still new.
bool Flattening::may_be_worth_more(const Turn& turn, const Held& held) {
  const std::pair key{held.strategy, held.instrument};
  if (left_reason(turn, held) != LeftReason::BelowMinimum) {
    worthless_since_.erase(key);
    return false;
  }
  const auto since = worthless_since_.try_emplace(key, turn.now).first->second;
  return turn.now < since + settings_.unwind_after;
}

// Why the venue buys none of the holding. Empty while it may buy, and while that cannot be known:
// an order for it is under way, or there is no fresh quote.
std::optional<LeftReason> Flattening::left_reason(const Turn& turn, const Held& held) const {
  if (!tradable(turn.ledger, held.instrument.market)) return LeftReason::MarketOver;
  const Quantity there =
      std::min(held.quantity, turn.ledger.portfolio().account_quantity(held.instrument));
  if (there < domain::kShareStep) {
    return held.quantity < domain::kShareStep ? LeftReason::BelowMinimum : LeftReason::NotHeld;
  }
  const Quantity rest = domain::floor_to_step(there, domain::kShareStep);
  if (RiskEngine::sellable(turn.ledger, held.strategy, held.instrument) < rest) return std::nullopt;
  const auto bid = quotes_.best_bid(held.instrument, turn.now);
  if (!bid || !worth_too_little(bid->price, rest)) return std::nullopt;
  return LeftReason::BelowMinimum;
}

void Flattening::end(Turn& turn, const Ledger::Flatten& flatten,
                     std::optional<LeftReason> stopped) {
  domain::FlattenEnded ended{.command = flatten.command, .left = {}};
  for (const Held& held : held_in(turn.ledger, flatten)) {
    if (ended.left.size() == domain::kLeftMax) break;
    const Held unsold = to_sell(turn.ledger, held);
    const bool paired = unsold.quantity < domain::kShareStep && held.quantity > unsold.quantity;
    auto reason = stopped ? stopped : left_reason(turn, unsold);
    if (!stopped && paired) reason = LeftReason::Paired;
    ended.left.push_back(
        {held.strategy, held.instrument, held.quantity, reason.value_or(LeftReason::BelowMinimum)});
  }
  turn.record(std::move(ended));
  if (turn.ledger.flattens().empty()) worthless_since_.clear();
}

}  // namespace polybot::order_manager
