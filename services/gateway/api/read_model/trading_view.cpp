#include "services/gateway/api/read_model/trading_view.hpp"

#include <algorithm>
#include <limits>

namespace polybot::gateway {

using domain::StrategyName;
using domain::StrategyState;

void TradingView::apply(const domain::StreamedEvent& event) {
  history_.apply(event);
  holdings_.apply(event);
}

void TradingView::forget(const StrategyName& strategy) {
  history_.forget(strategy);
  holdings_.forget(strategy);
}

void TradingView::set_strategies(std::vector<StrategyState> strategies) {
  strategies_ = std::move(strategies);
  std::sort(strategies_.begin(), strategies_.end(),
            [](const StrategyState& a, const StrategyState& b) { return a.strategy < b.strategy; });
}

const StrategyState* TradingView::strategy(const StrategyName& name) const {
  const auto at = std::find_if(strategies_.begin(), strategies_.end(),
                               [&](const StrategyState& state) { return state.strategy == name; });
  return at == strategies_.end() ? nullptr : &*at;
}

std::set<domain::MarketId> TradingView::engaged_markets() const {
  std::set<domain::MarketId> markets;
  for (const PositionView* position : holdings_.positions()) markets.insert(position->state.market);
  const OrderFilter live{.strategy = {}, .status = "live", .market = {}};
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  for (const OrderView* view : history_.orders(live, std::nullopt, kAll))
    markets.insert(view->order.instrument.market);
  return markets;
}

std::size_t TradingView::shards_leased(const StrategyName& name) const {
  return static_cast<std::size_t>(
      std::count_if(leases_.begin(), leases_.end(),
                    [&](const domain::Lease& lease) { return lease.strategy == name; }));
}

std::optional<domain::TradingState> TradingView::trading_state() const {
  if (holdings_.account_state()) return holdings_.account_state();
  const auto mildest = std::min_element(strategies_.begin(), strategies_.end(),
                                        [](const StrategyState& a, const StrategyState& b) {
                                          return a.trading_state < b.trading_state;
                                        });
  if (mildest == strategies_.end()) return std::nullopt;
  return mildest->trading_state;
}

}  // namespace polybot::gateway
