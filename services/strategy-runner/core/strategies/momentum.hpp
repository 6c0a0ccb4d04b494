// Follows the flow: when takers lean hard to one side and the price already gives way, it goes with
// them for a little while.
//
// Theory: in a thin market informed traders arrive in clusters, and makers move their quotes more
// slowly than the information is worth; the signed volume of recent trades then predicts the next
// move (order flow imbalance; Hasbrouck 1991, Cont, Kukanov and Stoikov 2014). The entry asks for
// both, an imbalance and a move in its direction, because flow without a move is being absorbed.
// The edge decays within seconds while spread and fee are paid at once, so positions are small,
// never added to, and left by whichever comes first: profit taken, loss stopped, time up, or the
// flow turning round. A falling price is followed by buying NO. Our own trades are taken out of the
// flow, else we would follow ourselves.
#pragma once

#include <map>
#include <optional>

#include "services/strategy-runner/core/strategies/statistics.hpp"
#include "services/strategy-runner/core/strategy.hpp"

namespace polybot::strategy_runner {

struct MomentumParameters {
  domain::Duration window;
  domain::Quantity flow_min;  // shares traded in the window
  std::int64_t trades_min = 1;
  std::int64_t entry_imbalance_ppm = 0;
  std::int64_t exit_imbalance_ppm = 0;  // against the position
  domain::Price move_min;
  domain::Price spread_max;
  domain::Quantity position_max;
  domain::Money position_cost_max;
  domain::Price slippage;  // beyond the best price, for entries and exits
  domain::Price take_profit;
  domain::Price stop_loss;
  domain::Duration hold_max;
  domain::Duration rest;             // in a market after leaving it
  domain::Price price_min;           // entries stay within [price_min, 1 - price_min]
  domain::Duration time_to_end_min;  // no entries in markets that end sooner
  domain::Duration exit_before_end;
};

class Momentum final : public Strategy {
 public:
  explicit Momentum(MomentumParameters parameters) : parameters_(parameters) {}

  [[nodiscard]] static std::span<const ParameterSpec> parameters();
  [[nodiscard]] static std::variant<StrategyFactory, ParameterErrors> configure(
      const ParameterTexts& texts);

  void on_book(const domain::MarketId& market, Context& context) override;
  void on_trade(const domain::TradeTick& trade, Context& context) override;
  void on_order_event(const domain::StreamedEvent& event, Context& context) override;
  void on_timer(Context&) override {}
  void on_due(const domain::MarketId& market, Context& context) override;
  // It must watch a whole window of flow.
  [[nodiscard]] domain::Duration warm_up() const override { return parameters_.window; }

 private:
  struct Watched {
    explicit Watched(domain::Duration window) : flow(window), trail(window) {}
    TradeFlow flow;
    PriceTrail trail;
    std::optional<domain::Timestamp> held_since;
    domain::Timestamp rests_until{};
  };

  void decide(const domain::Market& market, Watched& watched, Context& context);
  static void look_again_in_time(const domain::Market& market, const Watched& watched,
                                 Context& context);
  void enter(const domain::Market& market, const domain::OrderBook& book, domain::Outcome outcome,
             Context& context) const;
  void leave(const domain::Market& market, const domain::OrderBook& book, domain::Outcome outcome,
             Context& context) const;
  [[nodiscard]] bool should_leave(const domain::Market& market, const Watched& watched,
                                  domain::Price bid, domain::Price average, domain::Outcome outcome,
                                  domain::Timestamp now) const;
  [[nodiscard]] std::optional<domain::Outcome> trend(const domain::Market& market,
                                                     const Watched& watched,
                                                     const domain::OrderBook& book) const;
  Watched& watched_in(const domain::MarketId& market);

  MomentumParameters parameters_;
  std::map<domain::MarketId, Watched> markets_;
};

}  // namespace polybot::strategy_runner
