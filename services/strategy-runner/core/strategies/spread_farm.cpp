#include "services/strategy-runner/core/strategies/spread_farm.hpp"

#include <algorithm>
#include <array>

#include "common/domain/amounts.hpp"
#include "common/domain/fees.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::BookSide;
using domain::Level;
using domain::Market;
using domain::MarketId;
using domain::Price;
using domain::Quantity;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<ParameterSpec, 18> kSpreadFarmParameters{{
    {"quote_quantity", "20", "shares on each side"},
    {"inventory_max", "100", "YES minus NO shares in one market, either way"},
    {"spread_min", "0.02", "no quotes where the others' spread is narrower"},
    {"half_spread_min", "0.01", "distance of a quote from the reservation price, at least"},
    {"fee_weight", "0.25", "share of a taker's fee that the half spread must earn"},
    {"volatility_weight", "1",
     "half spreads widen by so many standard deviations over the horizon"},
    {"inventory_weight", "1.5", "lean at full inventory, in half spreads"},
    {"horizon", "5s", "how long inventory is expected to be carried"},
    {"volatility_half_life", "30s", "how fast old moves are forgotten"},
    {"price_min", "0.05", "quotes stay within this and 1 minus this"},
    {"requote_ticks", "1", "smaller changes are not sent"},
    {"requote_interval", "500ms", "between two targets in one market"},
    {"refresh_interval", "30s", "an unchanged target is sent again"},
    {"toxic_window", "2s", "over which one-sided flow is measured"},
    {"toxic_quantity", "300", "one-sided shares in the window that withdraw the quotes"},
    {"toxic_pause", "3s", "for so long"},
    {"reduce_before_end", "60s", "of a market: only quotes that reduce"},
    {"exit_before_end", "15s", "of a market: no quotes, what is left is sold"},
}};

struct Quotes {
  Price bid;
  Price ask;
};

// The best quotes of others: levels that are not ours alone.
std::optional<Quotes> quotes_of_others(const MarketId& id, const domain::OrderBook& book,
                                       const Holdings& holdings) {
  const auto best = [&](std::span<const Level> levels, BookSide side) -> std::optional<Price> {
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      if (level->quantity > holdings.own_quantity(id, side, level->price)) return level->price;
    }
    return std::nullopt;
  };
  const auto bid = best(book.bids(), BookSide::Bid);
  const auto ask = best(book.asks(), BookSide::Ask);
  if (!bid || !ask) return std::nullopt;
  return Quotes{*bid, *ask};
}

Price middle(const Quotes& quotes) {
  return Price::from_raw((quotes.bid.raw() + quotes.ask.raw()) / 2);
}

Price floor_to_tick(Price price, Price tick) {
  return Price::from_raw(domain::mul_div(price.raw(), 1, tick.raw(), domain::Rounding::Down) *
                         tick.raw());
}
Price ceil_to_tick(Price price, Price tick) {
  return Price::from_raw(domain::mul_div(price.raw(), 1, tick.raw(), domain::Rounding::Up) *
                         tick.raw());
}

Price scaled(Price price, std::int64_t ppm) {
  return Price::from_raw(
      domain::mul_div(price.raw(), ppm, kPpm, domain::Rounding::HalfAwayFromZero));
}

// The taker fee of one share, as a price.
Price fee_per_share(const Market& market, Price price) {
  const domain::Money fee =
      domain::taker_fee(market.fee, price, Quantity::from_units(1), domain::Rounding::Up);
  return Price::from_raw(fee.raw() / (domain::Money::kScale / Price::kScale));
}

Quantity inventory_of(const MarketId& id, const Holdings& holdings) {
  const domain::PositionState position = holdings.position(id);
  return position.yes - position.no;
}

std::optional<domain::Duration> time_left(const Market& market, domain::Timestamp now) {
  if (market.ends_at == domain::Timestamp{}) return std::nullopt;
  return market.ends_at - now;
}

std::optional<Level> level_of(Price price, Quantity quantity, const Market& market,
                              Price price_min) {
  quantity = domain::floor_to_step(quantity, domain::kShareStep);
  if (quantity < market.min_size || !quantity.is_positive()) return std::nullopt;
  if (price < price_min || price > domain::complement(price_min)) return std::nullopt;
  if (!domain::on_tick(price, market.tick)) return std::nullopt;
  return Level{price, quantity};
}

bool same_side(const std::optional<Level>& before, const std::optional<Level>& after,
               Price tolerance) {
  if (before.has_value() != after.has_value()) return false;
  if (!before) return true;
  const std::int64_t moved = std::abs(before->price.raw() - after->price.raw());
  // A change of less than a fifth in size is not worth losing the place in the queue.
  const std::int64_t resized = std::abs(before->quantity.raw() - after->quantity.raw());
  return moved < tolerance.raw() && resized * 5 <= before->quantity.raw();
}

}  // namespace

std::span<const ParameterSpec> SpreadFarm::parameters() {
  return kSpreadFarmParameters;
}

std::variant<StrategyFactory, ParameterErrors> SpreadFarm::configure(const ParameterTexts& texts) {
  ParameterReader reader(texts, kSpreadFarmParameters);
  const Quantity share = Quantity::from_units(1);
  const Quantity many = Quantity::from_units(1'000'000);
  const Price unit = Price::from_raw(1);
  const domain::Duration tick = milliseconds(10);
  const SpreadFarmParameters parameters{
      .quote_quantity = reader.quantity("quote_quantity", share, many),
      .inventory_max = reader.quantity("inventory_max", share, many),
      .spread_min = reader.price("spread_min", unit, domain::kPriceOne),
      .half_spread_min = reader.price("half_spread_min", unit, Price::from_raw(5'000)),
      .fee_weight_ppm = reader.ratio_ppm("fee_weight", 0, 10 * kPpm),
      .volatility_weight_ppm = reader.ratio_ppm("volatility_weight", 0, 100 * kPpm),
      .inventory_weight_ppm = reader.ratio_ppm("inventory_weight", 0, 100 * kPpm),
      .horizon = reader.duration("horizon", tick, hours(1)),
      .volatility_half_life = reader.duration("volatility_half_life", seconds(1), hours(1)),
      .price_min = reader.price("price_min", unit, Price::from_raw(4'900)),
      .requote_ticks = reader.integer("requote_ticks", 1, 100),
      .requote_interval = reader.duration("requote_interval", domain::Duration{}, minutes(1)),
      .refresh_interval = reader.duration("refresh_interval", seconds(1), hours(1)),
      .toxic_window = reader.duration("toxic_window", tick, minutes(5)),
      .toxic_quantity = reader.quantity("toxic_quantity", share, many),
      .toxic_pause = reader.duration("toxic_pause", domain::Duration{}, hours(1)),
      .reduce_before_end = reader.duration("reduce_before_end", domain::Duration{}, hours(24)),
      .exit_before_end = reader.duration("exit_before_end", domain::Duration{}, hours(24)),
  };
  if (parameters.quote_quantity > parameters.inventory_max) {
    reader.error("quote_quantity", "must not be above inventory_max");
  }
  if (parameters.exit_before_end > parameters.reduce_before_end) {
    reader.error("exit_before_end", "must not be above reduce_before_end");
  }
  if (!reader.errors().empty()) return reader.errors();
  return StrategyFactory([parameters] { return std::make_unique<SpreadFarm>(parameters); });
}

SpreadFarm::Quoted& SpreadFarm::quoted_in(const MarketId& market) {
  return markets_.try_emplace(market, parameters_.volatility_half_life, parameters_.toxic_window)
      .first->second;
}

void SpreadFarm::on_book(const MarketId& id, Context& context) {
  const Market* market = context.market(id);
  if (market == nullptr) return;
  Quoted& quoted = quoted_in(id);
  if (const domain::OrderBook* book = context.book(id)) {
    if (const auto others = quotes_of_others(id, *book, context.holdings())) {
      quoted.volatility.observe(middle(*others), context.time_of_book(id));
    }
  }
  requote(*market, quoted, context);
}

void SpreadFarm::on_trade(const domain::TradeTick& trade, Context& context) {
  const Market* market = context.market(trade.market);
  if (market == nullptr) return;
  Quoted& quoted = quoted_in(trade.market);
  quoted.flow.add(trade.aggressor, trade.quantity, context.time_of(trade));
  quoted.flow.forget_before(context.now());
  if (quoted.flow.forgets_at())
    context.look_again(trade.market, context.now() + parameters_.toxic_window);
  const Quantity bought = quoted.flow.bought();
  const Quantity sold = quoted.flow.sold();
  const Quantity one_sided = std::max(bought, sold) - std::min(bought, sold);
  if (one_sided < parameters_.toxic_quantity) return;
  quoted.toxic_until = context.now() + parameters_.toxic_pause;
  requote(*market, quoted, context);
}

void SpreadFarm::on_order_event(const domain::StreamedEvent& streamed, Context& context) {
  const domain::EventBody& body = streamed.event.body;
  if (const auto* denied = std::get_if<domain::SignalDenied>(&body)) {
    for (auto& [id, quoted] : markets_) {
      if (quoted.signal == denied->signal) renew(id, quoted, context);
    }
    return;
  }
  std::optional<MarketId> concerned;
  if (const auto* fill = std::get_if<domain::OrderFilled>(&body))
    concerned = fill->instrument.market;
  if (const auto* denied = std::get_if<domain::OrderDenied>(&body))
    concerned = denied->instrument.market;
  if (const auto* canceled = std::get_if<domain::OrderCanceled>(&body)) {
    // We did not request this cancellation, and the target was dropped with it.
    const bool ours = canceled->reason == domain::CancelReason::Requested;
    for (auto& [id, quoted] : markets_) {
      if (!ours && quoted.signal == canceled->order.signal) renew(id, quoted, context);
    }
  }
  if (!concerned) return;
  const Market* market = context.market(*concerned);
  if (market == nullptr) return;
  Quoted& quoted = quoted_in(*concerned);
  quoted.renew = true;
  requote(*market, quoted, context);
}

void SpreadFarm::renew(const MarketId& id, Quoted& quoted, Context& context) {
  quoted.renew = true;
  context.look_again(id, context.now());
}

void SpreadFarm::on_due(const MarketId& id, Context& context) {
  Quoted* quoted = kept_of(markets_, id, context);
  if (quoted == nullptr) return;
  quoted->flow.forget_before(context.now());
  if (quoted->flow.forgets_at()) context.look_again(id, context.now() + parameters_.toxic_window);
  requote(*context.market(id), *quoted, context);
}

void SpreadFarm::requote(const Market& market, Quoted& quoted, Context& context) {
  const auto left = time_left(market, context.now());
  const bool ending = left && *left <= parameters_.exit_before_end;
  look_again_in_time(market, quoted, context);
  const auto target = ending ? std::nullopt : wanted(market, quoted, context);
  if (!target) {
    withdraw(market.id, quoted, context);
    if (ending) exit(market, context);
    return;
  }
  const domain::Timestamp due = send_at(market, quoted, *target);
  if (context.now() < due) return context.look_again(market.id, due);
  const auto signal = context.quote(*target);
  if (!signal) return;
  quoted.target = *target;
  quoted.signal = *signal;
  quoted.sent_at = context.now();
  quoted.renew = false;
  context.look_again(market.id, send_at(market, quoted, *target));
}

// When time alone may change what is wanted.
void SpreadFarm::look_again_in_time(const Market& market, const Quoted& quoted,
                                    Context& context) const {
  const domain::Timestamp now = context.now();
  if (market.ends_at != domain::Timestamp{}) {
    for (const domain::Duration before :
         {parameters_.reduce_before_end, parameters_.exit_before_end}) {
      if (now < market.ends_at - before) context.look_again(market.id, market.ends_at - before);
    }
  }
  if (now < quoted.toxic_until) context.look_again(market.id, quoted.toxic_until);
  if (const auto steady_until = quoted.volatility.sigma_until(parameters_.horizon, now))
    context.look_again(market.id, *steady_until);
}

std::optional<domain::QuoteTarget> SpreadFarm::wanted(const Market& market, const Quoted& quoted,
                                                      const Context& context) const {
  const domain::OrderBook* book = context.book(market.id);
  if (book == nullptr || market.placeholder || context.now() < quoted.toxic_until)
    return std::nullopt;
  const auto others = quotes_of_others(market.id, *book, context.holdings());
  if (!others || others->bid >= others->ask) return std::nullopt;

  const Price mid = middle(*others);
  const Price sigma = quoted.volatility.sigma(parameters_.horizon, context.now());
  const Price fee = scaled(fee_per_share(market, mid), parameters_.fee_weight_ppm);
  const Price half =
      std::max(parameters_.half_spread_min, fee) + scaled(sigma, parameters_.volatility_weight_ppm);
  const Quantity inventory = inventory_of(market.id, context.holdings());
  const Price lean = Price::from_raw(
      domain::mul_div(scaled(half, parameters_.inventory_weight_ppm).raw(), inventory.raw(),
                      parameters_.inventory_max.raw(), domain::Rounding::HalfAwayFromZero));
  const Price reservation = mid - lean;

  // The bid never crosses, and never pays more than it takes to be first by one tick.
  const Price bid = std::min({floor_to_tick(reservation - half, market.tick),
                              others->bid + market.tick, others->ask - market.tick});
  const Price ask = std::max({ceil_to_tick(reservation + half, market.tick),
                              others->ask - market.tick, others->bid + market.tick});

  const auto left = time_left(market, context.now());
  const bool reduce_only = !context.may_open() ||
                           (left && *left <= parameters_.reduce_before_end) ||
                           others->ask - others->bid < parameters_.spread_min;
  Quantity buy = std::min(parameters_.quote_quantity, parameters_.inventory_max - inventory);
  Quantity sell = std::min(parameters_.quote_quantity, parameters_.inventory_max + inventory);
  if (reduce_only) {
    buy = std::min(buy, std::max(-inventory, Quantity{}));
    sell = std::min(sell, std::max(inventory, Quantity{}));
  }
  domain::QuoteTarget target{.market = market.id,
                             .bid = level_of(bid, buy, market, parameters_.price_min),
                             .ask = level_of(ask, sell, market, parameters_.price_min)};
  if (target.bid && target.ask && target.bid->price >= target.ask->price) {
    // There is room for one tick only, so the side that reduces stays.
    (inventory.is_positive() ? target.bid : target.ask).reset();
  }
  if (!target.bid && !target.ask) return std::nullopt;
  return target;
}

// From when on the target is worth a message.
domain::Timestamp SpreadFarm::send_at(const Market& market, const Quoted& quoted,
                                      const domain::QuoteTarget& target) const {
  const domain::Timestamp changed = quoted.sent_at + parameters_.requote_interval;
  if (!quoted.target || quoted.renew) return changed;
  const Price tolerance = market.tick * parameters_.requote_ticks;
  const bool same = same_side(quoted.target->bid, target.bid, tolerance) &&
                    same_side(quoted.target->ask, target.ask, tolerance);
  return same ? quoted.sent_at + parameters_.refresh_interval : changed;
}

void SpreadFarm::withdraw(const MarketId& id, Quoted& quoted, Context& context) {
  if (!quoted.target) return;
  const auto signal = context.quote({.market = id, .bid = std::nullopt, .ask = std::nullopt});
  if (!signal) return;
  quoted.target.reset();
  quoted.signal = *signal;
}

// Sells what is held at the bid, rather than carry a bet into the end.
void SpreadFarm::exit(const Market& market, Context& context) const {
  const domain::PositionState held = context.holdings().position(market.id);
  if (held.yes.is_zero() && held.no.is_zero()) return;
  // It may be free later, or settled, which nothing tells of.
  context.look_again(market.id, context.now());
  const domain::OrderBook* book = context.book(market.id);
  if (book == nullptr || context.busy(market.id)) return;
  for (const domain::Outcome outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
    const domain::Instrument instrument{market.id, outcome};
    const auto best = book->best_to_take(outcome, domain::Side::Sell);
    const Quantity free =
        domain::floor_to_step(context.holdings().sellable(instrument), domain::kShareStep);
    if (!best || !free.is_positive()) continue;
    if (domain::notional(best->price, free, domain::Rounding::Down) <
        domain::kMarketableNotionalMin)
      continue;
    static_cast<void>(context.take(domain::SignalAction::Exit,
                                   {{instrument, domain::Side::Sell, best->price, free}}));
    return;
  }
}

}  // namespace polybot::strategy_runner
