#include "services/gateway/api/read_model/holdings.hpp"

#include <algorithm>

namespace polybot::gateway {

using domain::StreamedEvent;

void Holdings::apply(const StreamedEvent& event) {
  if (const auto* resolved = std::get_if<domain::MarketResolved>(&event.event.body)) {
    resolve(*resolved, event.event.seq, event.event.at);
  } else if (const auto* paid = std::get_if<domain::ClaimPaid>(&event.event.body)) {
    pay(*paid, event.event.seq);
  } else if (const auto* changed = std::get_if<domain::TradingStateChanged>(&event.event.body)) {
    if (!changed->strategy) account_state_ = changed->state;
  }
  if (event.position) {
    put({.strategy = event.event.strategy, .state = *event.position, .updated_at = event.event.at});
  }
}

void Holdings::forget(const domain::StrategyName& strategy) {
  if (strategy.value.empty()) {
    account_state_.reset();
    payments_.clear();
    return;
  }
  std::erase_if(positions_, [&](const auto& entry) { return entry.first.first == strategy; });
  std::erase_if(claims_, [&](const ClaimView& claim) { return claim.strategy == strategy; });
}

void Holdings::put(PositionView position) {
  Key key{position.strategy, position.state.market};
  if (position.flat()) {
    positions_.erase(key);
  } else {
    positions_[std::move(key)] = std::move(position);
  }
}

void Holdings::pay(const domain::ClaimPaid& paid, std::uint64_t seq) {
  std::erase_if(claims_, [&](const ClaimView& claim) { return claim.market == paid.market; });
  payments_.push_back({paid.market, seq});
  if (payments_.size() > kPaymentsMax) payments_.pop_front();
}

void Holdings::resolve(const domain::MarketResolved& resolved, std::uint64_t seq,
                       domain::Timestamp resolved_at) {
  const bool paid = std::any_of(payments_.begin(), payments_.end(), [&](const Payment& payment) {
    return payment.market == resolved.market && payment.seq > seq;
  });
  for (auto at = positions_.begin(); at != positions_.end();) {
    if (at->first.second != resolved.market) {
      ++at;
      continue;
    }
    const domain::PositionState& state = at->second.state;
    const domain::Money cash = notional(resolved.payout.yes, state.yes, domain::Rounding::Down) +
                               notional(resolved.payout.no, state.no, domain::Rounding::Down);
    // A claim that pays nothing is never paid, so it is not listed.
    if (!paid && cash.is_positive())
      claims_.push_back({at->first.first, resolved.market, resolved.payout, cash, resolved_at});
    at = positions_.erase(at);
  }
}

std::vector<const PositionView*> Holdings::positions() const {
  std::vector<const PositionView*> result;
  result.reserve(positions_.size());
  for (const auto& [key, position] : positions_) result.push_back(&position);
  return result;
}

}  // namespace polybot::gateway
