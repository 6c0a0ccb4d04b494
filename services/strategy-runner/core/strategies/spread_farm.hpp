// Market making: a two-sided quote in each market, leaning against what is already held.
//
// Theory (Avellaneda and Stoikov, 2008, in integers): a maker who holds inventory q of a price that
// moves by sigma over his horizon values it not at the mid but at a reservation price
// r = mid - q x risk x sigma, and quotes r -/+ half a spread that pays for being hit by the better
// informed: wider when the price moves more, and where the fee makes leaving by a taking order
// dearer. The earnings are the spread; the risk is inventory and informed flow, so sizes shrink as
// inventory grows, one-sided flow withdraws the quotes for a while, and a market that is about to
// end is only wound down. The mid is that of the others: our own quotes are taken out of the book
// first, else we would follow ourselves.
#pragma once

#include <map>
#include <optional>

#include "services/strategy-runner/core/strategies/statistics.hpp"
#include "services/strategy-runner/core/strategy.hpp"

namespace polybot::strategy_runner {

struct SpreadFarmParameters {
  domain::Quantity quote_quantity;
  domain::Quantity inventory_max;  // YES minus NO shares in one market, either way
  domain::Price spread_min;        // of the others' quotes; below it there is nothing to farm
  domain::Price half_spread_min;
  std::int64_t fee_weight_ppm = 0;  // share of the taker fee that the half spread must earn
  std::int64_t volatility_weight_ppm = 0;
  std::int64_t inventory_weight_ppm = 0;  // lean at full inventory, in half spreads
  domain::Duration horizon;               // over which inventory is carried
  domain::Duration volatility_half_life;
  domain::Price price_min;         // quotes stay within [price_min, 1 - price_min]
  std::int64_t requote_ticks = 1;  // smaller changes are not worth a message
  domain::Duration requote_interval;
  domain::Duration
      refresh_interval;  // a target is repeated after this, so that none is lost for good
  domain::Duration toxic_window;
  domain::Quantity toxic_quantity;  // one-sided flow in the window that withdraws the quotes
  domain::Duration toxic_pause;
  domain::Duration reduce_before_end;  // only quotes that reduce
  domain::Duration exit_before_end;    // no quotes; what is left is sold
};

class SpreadFarm final : public Strategy {
 public:
  explicit SpreadFarm(SpreadFarmParameters parameters) : parameters_(parameters) {}

  [[nodiscard]] static std::span<const ParameterSpec> parameters();
  [[nodiscard]] static std::variant<StrategyFactory, ParameterErrors> configure(
      const ParameterTexts& texts);

  void on_book(const domain::MarketId& market, Context& context) override;
  void on_trade(const domain::TradeTick& trade, Context& context) override;
  void on_order_event(const domain::StreamedEvent& event, Context& context) override;
  void on_timer(Context&) override {}
  void on_due(const domain::MarketId& market, Context& context) override;
  // A volatility needs a history.
  [[nodiscard]] domain::Duration warm_up() const override { return std::chrono::seconds(3); }

 private:
  struct Quoted {
    Quoted(domain::Duration half_life, domain::Duration toxic_window)
        : volatility(half_life), flow(toxic_window) {}
    Volatility volatility;
    TradeFlow flow;
    domain::Timestamp toxic_until{};
    // What order-manager was last asked for; empty when no order of ours should rest.
    std::optional<domain::QuoteTarget> target;
    domain::SignalId signal;
    domain::Timestamp sent_at{};
    bool renew = false;  // something happened to the orders behind the target
  };

  void requote(const domain::Market& market, Quoted& quoted, Context& context);
  [[nodiscard]] std::optional<domain::QuoteTarget> wanted(const domain::Market& market,
                                                          const Quoted& quoted,
                                                          const Context& context) const;
  [[nodiscard]] domain::Timestamp send_at(const domain::Market& market, const Quoted& quoted,
                                          const domain::QuoteTarget& target) const;
  void look_again_in_time(const domain::Market& market, const Quoted& quoted,
                          Context& context) const;
  static void renew(const domain::MarketId& market, Quoted& quoted, Context& context);
  void withdraw(const domain::MarketId& market, Quoted& quoted, Context& context);
  void exit(const domain::Market& market, Context& context) const;
  Quoted& quoted_in(const domain::MarketId& market);

  SpreadFarmParameters parameters_;
  std::map<domain::MarketId, Quoted> markets_;
};

}  // namespace polybot::strategy_runner
