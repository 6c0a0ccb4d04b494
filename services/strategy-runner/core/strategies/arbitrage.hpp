// Arbitrage across the markets of a neg-risk event.
//
// Theory: of the markets of an exclusive event exactly one resolves Yes. So one YES share of every
// outcome pays exactly 1, whichever wins; bought for less than 1 with fees, the difference is
// certain. One NO share of any k >= 2 outcomes pays at least k - 1, because at most one of them can
// lose; bought for less than that, the difference is certain too, and the event need not even be
// complete. There is nothing to gain inside one market: NO is the mirror of YES, and the pair costs
// 1 plus the spread. The danger is execution: legs that fill unevenly leave a bet. All legs go out
// together, sized by the visible depth on a step that each of them can express; what is uneven is
// completed while that is worth more than selling the surplus, else sold.
//
// Traps it must not touch: augmented events (an outcome may be added that wins), events that are
// not exclusive, and, for YES baskets, events with an unknown, untradable or placeholder outcome
// that could win. Markets that hold back marketable orders are left out: the other legs would not
// wait.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "services/strategy-runner/core/strategies/basket.hpp"
#include "services/strategy-runner/core/strategy.hpp"

namespace polybot::strategy_runner {

struct ArbitrageParameters {
  domain::Money edge_min;         // certain profit per share
  domain::Quantity quantity_max;  // shares of each leg
  domain::Money leg_cost_max;
  domain::Money basket_cost_max;
  domain::Money event_cost_max;  // all that is held in the event, at cost
  domain::Duration pause;        // after own activity in an event, until its books show it
  domain::Duration time_to_end_min;
};

class Arbitrage final : public Strategy {
 public:
  explicit Arbitrage(ArbitrageParameters parameters) : parameters_(parameters) {}

  [[nodiscard]] static std::span<const ParameterSpec> parameters();
  [[nodiscard]] static std::variant<StrategyFactory, ParameterErrors> configure(
      const ParameterTexts& texts);

  void on_book(const domain::MarketId& market, Context& context) override;
  void on_trade(const domain::TradeTick&, Context&) override {}
  void on_order_event(const domain::StreamedEvent& event, Context& context) override;
  void on_timer(Context& context) override;
  // It keeps no state except uneven legs, so it has nothing to watch first.
  [[nodiscard]] domain::Duration warm_up() const override { return {}; }
  [[nodiscard]] Scope scope() const override { return Scope::Event; }

 private:
  // Legs of one signal that filled unevenly.
  struct Imbalance {
    domain::SignalId signal;
    std::map<domain::Instrument, domain::Quantity> held;
    domain::Timestamp since{};
    domain::Timestamp next_attempt{};
  };

  void open(const domain::Market& heard, Context& context);
  void level(Imbalance& imbalance, Context& context);
  [[nodiscard]] BasketLimits limits_for(std::span<const domain::MarketId> markets,
                                        const View& view) const;
  void note_activity(const domain::StreamedEvent& event, Context& context);

  ArbitrageParameters parameters_;
  std::map<domain::EventGroupId, Imbalance> imbalances_;
  std::map<domain::EventGroupId, domain::Timestamp> quiet_until_;
};

}  // namespace polybot::strategy_runner
