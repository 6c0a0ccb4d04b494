#include "services/strategy-runner/core/strategies/momentum.hpp"

#include <algorithm>
#include <array>

#include "common/domain/amounts.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Market;
using domain::MarketId;
using domain::Money;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::array<ParameterSpec, 17> kMomentumParameters{{
    {"window", "8s", "over which flow and move are measured"},
    {"flow_min", "50", "shares traded in the window"},
    {"trades_min", "3", "trades in the window"},
    {"entry_imbalance", "0.6", "(bought - sold) / traded, towards the move"},
    {"exit_imbalance", "0.5", "the same against the position"},
    {"move_min", "0.02", "of the mid over the window, towards the flow"},
    {"spread_max", "0.04", "wider markets are left alone"},
    {"position_max", "50", "shares in one market"},
    {"position_cost_max", "40", "pUSD in one market"},
    {"slippage", "0.01", "beyond the best price, for entries and exits"},
    {"take_profit", "0.05", "above the average cost"},
    {"stop_loss", "0.06", "below the average cost"},
    {"hold_max", "45s", "then the position is left"},
    {"rest", "20s", "in a market after leaving it"},
    {"price_min", "0.10", "entries stay within this and 1 minus this"},
    {"time_to_end_min", "60s", "no entries in markets that end sooner"},
    {"exit_before_end", "20s", "of a market"},
}};

Quantity held(const domain::PositionState& position, Outcome outcome) {
  return outcome == Outcome::Yes ? position.yes : position.no;
}
Money cost(const domain::PositionState& position, Outcome outcome) {
  return outcome == Outcome::Yes ? position.yes_cost : position.no_cost;
}

// A quantity below the venue's minimum cannot be sold and is not a position any more.
bool is_dust(Quantity quantity, Price bid) {
  return domain::notional(bid, domain::floor_to_step(quantity, domain::kShareStep),
                          domain::Rounding::Down) < domain::kMarketableNotionalMin;
}

bool ends_within(const Market& market, domain::Timestamp now, domain::Duration margin) {
  return market.ends_at != domain::Timestamp{} && market.ends_at - now <= margin;
}

}  // namespace

std::span<const ParameterSpec> Momentum::parameters() {
  return kMomentumParameters;
}

std::variant<StrategyFactory, ParameterErrors> Momentum::configure(const ParameterTexts& texts) {
  ParameterReader reader(texts, kMomentumParameters);
  const Quantity share = Quantity::from_units(1);
  const Quantity many = Quantity::from_units(1'000'000);
  const Price unit = Price::from_raw(1);
  const Price half = Price::from_raw(5'000);
  const MomentumParameters parameters{
      .window = reader.duration("window", milliseconds(100), minutes(10)),
      .flow_min = reader.quantity("flow_min", share, many),
      .trades_min = reader.integer("trades_min", 1, 1'000),
      .entry_imbalance_ppm = reader.ratio_ppm("entry_imbalance", 1, kPpm),
      .exit_imbalance_ppm = reader.ratio_ppm("exit_imbalance", 1, kPpm),
      .move_min = reader.price("move_min", Price{}, half),
      .spread_max = reader.price("spread_max", unit, half),
      .position_max = reader.quantity("position_max", share, many),
      .position_cost_max =
          reader.money("position_cost_max", Money::from_units(1), Money::from_units(1'000'000)),
      .slippage = reader.price("slippage", Price{}, Price::from_raw(1'000)),
      .take_profit = reader.price("take_profit", unit, half),
      .stop_loss = reader.price("stop_loss", unit, half),
      .hold_max = reader.duration("hold_max", milliseconds(100), hours(24)),
      .rest = reader.duration("rest", domain::Duration{}, hours(24)),
      .price_min = reader.price("price_min", unit, Price::from_raw(4'900)),
      .time_to_end_min = reader.duration("time_to_end_min", domain::Duration{}, hours(24)),
      .exit_before_end = reader.duration("exit_before_end", domain::Duration{}, hours(24)),
  };
  if (parameters.exit_before_end > parameters.time_to_end_min) {
    reader.error("exit_before_end", "must not be above time_to_end_min");
  }
  if (!reader.errors().empty()) return reader.errors();
  return StrategyFactory([parameters] { return std::make_unique<Momentum>(parameters); });
}

Momentum::Watched& Momentum::watched_in(const MarketId& market) {
  return markets_.try_emplace(market, parameters_.window).first->second;
}

void Momentum::on_book(const MarketId& id, Context& context) {
  const Market* market = context.market(id);
  const domain::OrderBook* book = context.book(id);
  if (market == nullptr || book == nullptr) return;
  Watched& watched = watched_in(id);
  if (const auto mid = book->mid()) watched.trail.observe(*mid, context.time_of_book(id));
  watched.flow.forget_before(context.now());
  decide(*market, watched, context);
}

void Momentum::on_trade(const domain::TradeTick& trade, Context& context) {
  const Market* market = context.market(trade.market);
  if (market == nullptr) return;
  Watched& watched = watched_in(trade.market);
  watched.flow.add(trade.aggressor, trade.quantity, context.time_of(trade));
  watched.flow.forget_before(context.now());
  decide(*market, watched, context);
}

void Momentum::on_order_event(const domain::StreamedEvent& streamed, Context& context) {
  const auto* fill = std::get_if<domain::OrderFilled>(&streamed.event.body);
  // A restored state tells of fills long ago, too; what is held shows in decide().
  if (fill == nullptr || streamed.event.at + parameters_.window < context.now()) return;
  Watched& watched = watched_in(fill->instrument.market);
  if (fill->side == domain::Side::Buy && !watched.held_since) watched.held_since = context.now();
  if (fill->liquidity != domain::LiquiditySide::Taker) return;
  watched.flow.remove_own(domain::yes_side(fill->instrument.outcome, fill->side), fill->quantity,
                          context.now());
}

void Momentum::on_due(const MarketId& id, Context& context) {
  Watched* watched = kept_of(markets_, id, context);
  if (watched == nullptr) return;
  watched->flow.forget_before(context.now());
  decide(*context.market(id), *watched, context);
}

void Momentum::decide(const Market& market, Watched& watched, Context& context) {
  const domain::OrderBook* book = context.book(market.id);
  if (book == nullptr) return;
  if (context.busy(market.id)) return context.look_again(market.id, context.now());
  watched.trail.slide(context.time_of_book(market.id));
  const domain::PositionState position = context.holdings().position(market.id);
  for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
    const auto bid = book->best_to_take(outcome, domain::Side::Sell);
    const Quantity quantity = held(position, outcome);
    if (!bid || is_dust(quantity, bid->price)) continue;
    // Nothing tells when it has been held for long, or when its shares have settled.
    context.look_again(market.id, context.now());
    if (!watched.held_since) watched.held_since = context.now();
    const Price average =
        domain::average_price(cost(position, outcome), quantity).value_or(bid->price);
    if (should_leave(market, watched, bid->price, average, outcome, context.now())) {
      leave(market, *book, outcome, context);
    }
    return;  // one position at a time, never added to
  }
  if (watched.held_since) {
    watched.held_since.reset();
    watched.rests_until = context.now() + parameters_.rest;
  }
  if (!context.may_open()) return;
  if (context.now() < watched.rests_until)
    return context.look_again(market.id, watched.rests_until);
  if (ends_within(market, context.now(), parameters_.time_to_end_min)) return;
  look_again_in_time(market, watched, context);
  if (const auto outcome = trend(market, watched, *book)) enter(market, *book, *outcome, context);
}

// When time alone may begin or end a trend. Without trades there is none.
void Momentum::look_again_in_time(const Market& market, const Watched& watched, Context& context) {
  const auto forgets_at = watched.flow.forgets_at();
  if (!forgets_at) return;
  context.look_again(market.id, *forgets_at);
  if (const auto slides_at = watched.trail.slides_at()) context.look_again(market.id, *slides_at);
}

// Yes: the price is being bought up; No: sold down.
std::optional<Outcome> Momentum::trend(const Market& market, const Watched& watched,
                                       const domain::OrderBook& book) const {
  const auto bid = book.best_bid();
  const auto ask = book.best_ask();
  if (market.placeholder || !bid || !ask || ask->price - bid->price > parameters_.spread_max)
    return std::nullopt;
  if (ask->price < parameters_.price_min ||
      bid->price > domain::complement(parameters_.price_min)) {
    return std::nullopt;
  }
  if (watched.flow.trades() < parameters_.trades_min ||
      watched.flow.total() < parameters_.flow_min) {
    return std::nullopt;
  }
  const std::int64_t imbalance = watched.flow.imbalance_ppm();
  const Price move = watched.trail.move();
  if (imbalance >= parameters_.entry_imbalance_ppm && move >= parameters_.move_min)
    return Outcome::Yes;
  if (imbalance <= -parameters_.entry_imbalance_ppm && -move >= parameters_.move_min)
    return Outcome::No;
  return std::nullopt;
}

void Momentum::enter(const Market& market, const domain::OrderBook& book, Outcome outcome,
                     Context& context) const {
  const auto best = book.best_to_take(outcome, domain::Side::Buy);
  if (!best) return;
  const Price highest = domain::kPriceOne - market.tick;
  const std::int64_t slipped =
      best->price.raw() + parameters_.slippage.raw() / market.tick.raw() * market.tick.raw();
  const Price limit = std::min(Price::from_raw(slipped), highest);
  const Quantity affordable = Quantity::from_raw(domain::mul_div(
      parameters_.position_cost_max.raw(), Price::kScale, limit.raw(), domain::Rounding::Down));
  const auto visible =
      book.sweep(outcome, domain::Side::Buy, std::min(parameters_.position_max, affordable), limit);
  // The order spends its limit times its quantity, so it asks for no more than the visible shares
  // cost.
  const Quantity payable = Quantity::from_raw(
      domain::mul_div(visible.cash.raw(), Price::kScale, limit.raw(), domain::Rounding::Down));
  const Quantity quantity = domain::floor_to_step(payable, domain::immediate_buy_step(limit));
  if (!quantity.is_positive() || quantity < market.min_size) return;
  if (domain::notional(limit, quantity, domain::Rounding::Down) < domain::kMarketableNotionalMin)
    return;
  static_cast<void>(context.take(domain::SignalAction::Buy,
                                 {{{market.id, outcome}, domain::Side::Buy, limit, quantity}}));
  context.look_again(market.id, context.now());  // it may end without an answer
}

bool Momentum::should_leave(const Market& market, const Watched& watched, Price bid, Price average,
                            Outcome outcome, domain::Timestamp now) const {
  if (bid >= average + parameters_.take_profit || bid <= average - parameters_.stop_loss)
    return true;
  if (now - *watched.held_since >= parameters_.hold_max) return true;
  if (ends_within(market, now, parameters_.exit_before_end)) return true;
  const std::int64_t imbalance = watched.flow.imbalance_ppm();
  const std::int64_t against = outcome == Outcome::Yes ? -imbalance : imbalance;
  return watched.flow.trades() >= parameters_.trades_min &&
         against >= parameters_.exit_imbalance_ppm;
}

void Momentum::leave(const Market& market, const domain::OrderBook& book, Outcome outcome,
                     Context& context) const {
  const auto best = book.best_to_take(outcome, domain::Side::Sell);
  const domain::Instrument instrument{market.id, outcome};
  // Bought shares can be sold only when their trade is mined, seconds later.
  const Quantity quantity =
      domain::floor_to_step(context.holdings().sellable(instrument), domain::kShareStep);
  if (!best || is_dust(quantity, best->price)) return;
  const std::int64_t slipped =
      best->price.raw() - parameters_.slippage.raw() / market.tick.raw() * market.tick.raw();
  const Price limit = std::max(Price::from_raw(slipped), market.tick);
  static_cast<void>(context.take(domain::SignalAction::Exit,
                                 {{instrument, domain::Side::Sell, limit, quantity}}));
}

}  // namespace polybot::strategy_runner
