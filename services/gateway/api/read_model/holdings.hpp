// Positions, claims and the account's trading state as clients may read them: a fold over
// order-manager's stream. Figures that need marks (value, unrealized P&L) are order-manager's and
// come with its strategy state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::gateway {

struct PositionView {
  domain::StrategyName strategy;
  domain::PositionState state;
  domain::Timestamp updated_at{};
  [[nodiscard]] bool flat() const { return state.yes.is_zero() && state.no.is_zero(); }
};

// A resolved position that the venue has not paid out yet.
struct ClaimView {
  domain::StrategyName strategy;
  domain::MarketId market;
  domain::Payout payout;
  domain::Money cash;
  domain::Timestamp resolved_at{};
};

class Holdings {
 public:
  void apply(const domain::StreamedEvent& event);
  // A snapshot of this strategy follows; without a name, of the account, which holds its trading
  // state and what is paid. Claims that the snapshot does not name as paid stay: the streams of the
  // strategies hold them.
  void forget(const domain::StrategyName& strategy);

  // Open positions, by strategy and market.
  [[nodiscard]] std::vector<const PositionView*> positions() const;
  [[nodiscard]] const std::vector<ClaimView>& claims() const { return claims_; }
  // The account's own state, as last recorded; empty when no record of a change has been seen.
  [[nodiscard]] std::optional<domain::TradingState> account_state() const { return account_state_; }

 private:
  using Key = std::pair<domain::StrategyName, domain::MarketId>;

  // Payments come on the account's stream, resolutions on those of strategies. So a payment may be
  // heard before its resolution. The last payments are remembered, more than a snapshot holds:
  // order-manager remembers 4,096 resolved markets beside those that it holds.
  static constexpr std::size_t kPaymentsMax = 8'192;
  struct Payment {
    domain::MarketId market;
    std::uint64_t seq = 0;
  };

  void put(PositionView position);
  void resolve(const domain::MarketResolved& resolved, std::uint64_t seq,
               domain::Timestamp resolved_at);
  void pay(const domain::ClaimPaid& paid, std::uint64_t seq);

  std::map<Key, PositionView> positions_;  // open ones only, so that rotation does not grow it
  std::vector<ClaimView> claims_;
  std::deque<Payment> payments_;  // oldest first
  std::optional<domain::TradingState> account_state_;
};

}  // namespace polybot::gateway
