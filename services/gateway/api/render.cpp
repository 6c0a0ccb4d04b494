#include "services/gateway/api/render.hpp"

#include <algorithm>
#include <variant>

namespace polybot::gateway {

using domain::Level;
using domain::Outcome;
using domain::Price;

namespace {

void write_level(JsonWriter& out, const std::optional<Level>& level) {
  if (!level) {
    out.null();
    return;
  }
  out.begin_object().field("price", level->price).field("quantity", level->quantity).end_object();
}

// Levels of one outcome, best first. Levels of a snapshot come in any order.
void write_levels(JsonWriter& out, std::vector<Level> levels, bool descending, std::size_t depth) {
  std::sort(levels.begin(), levels.end(), [&](const Level& a, const Level& b) {
    return descending ? a.price > b.price : a.price < b.price;
  });
  if (levels.size() > depth) levels.resize(depth);
  out.begin_array();
  for (const Level& level : levels) write_level(out, level);
  out.end_array();
}

std::vector<Level> mirrored(std::vector<Level> levels) {
  for (Level& level : levels) level.price = domain::complement(level.price);
  return levels;
}

void write_quote_fields(JsonWriter& out, const domain::QuoteTick& quote) {
  out.key("bid");
  write_level(out, quote.bid);
  out.key("ask");
  write_level(out, quote.ask);
  out.field("last", quote.last).field("stale", quote.stale).field("stamped_at", quote.stamped_at);
}

void write_quote(JsonWriter& out, const std::optional<domain::QuoteTick>& quote) {
  out.key("quote");
  if (!quote) {
    out.null();
    return;
  }
  out.begin_object();
  write_quote_fields(out, *quote);
  out.end_object();
}

void write_instrument(JsonWriter& out, const domain::Instrument& instrument,
                      const MarketNames& markets) {
  out.field("market", markets.name_of(instrument.market))
      .field("market_id", domain::to_string(instrument.market))
      .field("outcome", name_of(instrument.outcome));
}

std::string trace_text(const domain::TraceId& trace) {
  return trace.value == 0 ? std::string() : domain::to_string(trace);
}

}  // namespace

std::string MarketNames::name_of(const domain::MarketId& id) const {
  const domain::Market* const market = find(id);
  return market == nullptr ? domain::to_string(id) : market->slug;
}

// ---- markets ---------------------------------------------------------------------------------

void write_choice(JsonWriter& out, const Choice& choice) {
  out.key("chosen_by");
  if (choice.by) {
    out.value(domain::name_of(*choice.by));
  } else {
    out.null();
  }
  out.field("reason", choice.why).key("rank");
  if (choice.number > 0) {
    out.value(choice.number);
  } else {
    out.null();
  }
  out.field("volume_24h", choice.facts.volume_24h).field("liquidity", choice.facts.liquidity);
}

void write_market(JsonWriter& out, const domain::Market& market, const Choice& choice,
                  const std::optional<domain::QuoteTick>& quote) {
  out.begin_object()
      .field("slug", market.slug)
      .field("question", market.question)
      .field("market_id", domain::to_string(market.id))
      .field("event", market.event_slug)
      .field("event_id", domain::to_string(market.event))
      .field("event_market_count", market.event_market_count)
      .field("status", name_of(market.status));
  out.key("outcomes").begin_array();
  for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
    out.begin_object()
        .field("outcome", name_of(outcome))
        .field("label", outcome == Outcome::Yes ? market.yes_label : market.no_label)
        .field("token", domain::to_string(domain::token_of(market, outcome)))
        .end_object();
  }
  out.end_array()
      .field("tick", market.tick)
      .field("min_size", market.min_size)
      .field("taker_fee_rate", domain::Decimal<struct RateTag, 6>::from_raw(market.fee.rate_ppm))
      .field("neg_risk", market.neg_risk)
      .field("augmented", market.augmented)
      .field("placeholder", market.placeholder)
      .field("taker_delay", market.taker_delay)
      .field("ends_at", market.ends_at);
  if (market.status == domain::MarketStatus::Resolved) {
    out.key("payout")
        .begin_object()
        .field("yes", market.payout.yes)
        .field("no", market.payout.no)
        .end_object();
  }
  write_choice(out, choice);
  write_quote(out, quote);
  out.end_object();
}

void write_book(JsonWriter& out, const domain::Market& market, const domain::BookSnapshot& book,
                Outcome outcome, std::size_t depth) {
  const bool yes = outcome == Outcome::Yes;
  out.begin_object()
      .field("slug", market.slug)
      .field("market_id", domain::to_string(market.id))
      .field("outcome", name_of(outcome))
      .field("tick", book.tick)
      .field("stale", book.stale)
      .field("venue_at", book.venue_at)
      .field("stamped_at", book.stamped_at);
  out.key("bids");
  write_levels(out, yes ? book.bids : mirrored(book.asks), true, depth);
  out.key("asks");
  write_levels(out, yes ? book.asks : mirrored(book.bids), false, depth);
  out.end_object();
}

void write_quote_event(JsonWriter& out, const domain::Market& market,
                       const domain::QuoteTick& quote) {
  out.begin_object().field("topic", "quotes").field("type", "quote").field("market", market.slug);
  write_quote_fields(out, quote);
  out.end_object();
}

void write_trade_event(JsonWriter& out, const domain::Market& market,
                       const domain::TradeTick& trade) {
  out.begin_object()
      .field("topic", "trades")
      .field("type", "trade")
      .field("market", market.slug)
      .field("aggressor", name_of(trade.aggressor))
      .field("price", trade.price)
      .field("quantity", trade.quantity)
      .field("venue_at", trade.venue_at)
      .end_object();
}

void write_market_event(JsonWriter& out, const domain::Market& market) {
  out.begin_object()
      .field("topic", "markets")
      .field("type", "market")
      .field("market", market.slug)
      .field("status", name_of(market.status))
      .field("tick", market.tick)
      .end_object();
}

// ---- orders, fills, positions ----------------------------------------------------------------

void write_order(JsonWriter& out, const OrderView& view, const MarketNames& markets) {
  const domain::Order& order = view.order;
  const auto average = domain::average_price(view.filled_cash, view.filled_quantity);
  out.begin_object()
      .field("id", domain::to_string(order.id))
      .field("venue_id",
             order.venue_id.is_zero() ? std::string() : domain::to_string(order.venue_id))
      .field("strategy", order.strategy.value);
  write_instrument(out, order.instrument, markets);
  out.field("side", name_of(order.side)).field("status", status_name(view));
  if (view.status) {
    out.field("price", order.limit)
        .field("quantity", order.quantity)
        .field("filled_quantity", view.filled_quantity)
        .field("leaves_quantity",
               view.live() ? order.quantity - view.filled_quantity : domain::Quantity{})
        .field("average_price", average)
        .field("fees", view.fees)
        .field("time_in_force", name_of(order.time_in_force))
        .field("post_only", order.post_only)
        .field("purpose", name_of(order.purpose));
  }
  out.field("reason", view.reason)
      .field("created_at", view.status ? order.submitted_at : order.decided_at)
      .field("updated_at", view.updated_at)
      .field("trace_id", trace_text(order.trace))
      .end_object();
}

void write_fill(JsonWriter& out, const FillView& view, const MarketNames& markets) {
  const domain::OrderFilled& fill = view.fill;
  out.begin_object()
      .field("trade_id", fill.fill.trade.value)
      .field("order_id", domain::to_string(fill.fill.order))
      .field("strategy", view.strategy.value);
  write_instrument(out, fill.instrument, markets);
  out.field("side", name_of(fill.side))
      .field("quantity", fill.quantity)
      .field("price", domain::average_price(fill.cash, fill.quantity))
      .field("cash", fill.cash)
      .field("fee", fill.fee)
      .field("liquidity", name_of(fill.liquidity))
      .field("status", view.reversed ? std::string_view("reversed") : name_of(fill.status))
      .field("matched_at", fill.matched_at)
      .field("booked_at", view.at)
      .end_object();
}

void write_position(JsonWriter& out, const PositionView& position, const MarketNames& markets,
                    const std::optional<domain::QuoteTick>& quote) {
  const domain::PositionState& state = position.state;
  out.begin_object()
      .field("strategy", position.strategy.value)
      .field("market", markets.name_of(state.market))
      .field("market_id", domain::to_string(state.market))
      .field("yes", state.yes)
      .field("no", state.no)
      .field("yes_cost", state.yes_cost)
      .field("no_cost", state.no_cost)
      .field("realized", state.realized)
      .field("updated_at", position.updated_at);
  write_quote(out, quote);
  out.end_object();
}

void write_claim(JsonWriter& out, const ClaimView& claim, const MarketNames& markets) {
  out.begin_object()
      .field("strategy", claim.strategy.value)
      .field("market", markets.name_of(claim.market))
      .field("market_id", domain::to_string(claim.market))
      .field("cash", claim.cash)
      .field("resolved_at", claim.resolved_at)
      .end_object();
}

void write_order_event(JsonWriter& out, const domain::StreamedEvent& event, const OrderView* order,
                       const MarketNames& markets) {
  out.begin_object()
      .field("topic", "orders")
      .field("type", domain::event_kind_name(event.event.body.index()))
      .field("seq", event.event.seq)
      .field("at", event.event.at)
      .field("strategy", event.event.strategy.value);
  if (const auto id = order_of(event.event.body)) out.field("order_id", domain::to_string(*id));
  if (const auto* denied = std::get_if<domain::SignalDenied>(&event.event.body)) {
    out.field("reason", name_of(denied->reason));
  } else if (const auto* changed = std::get_if<domain::TradingStateChanged>(&event.event.body)) {
    out.field("trading_state", name_of(changed->state))
        .field("scope", changed->strategy ? std::string_view(changed->strategy->value)
                                          : domain::kAllStrategies);
  }
  out.key("order");
  if (order != nullptr) {
    write_order(out, *order, markets);
  } else {
    out.null();
  }
  out.end_object();
}

// ---- strategies ------------------------------------------------------------------------------

void write_reason(JsonWriter& out, const domain::TradingStatus& status) {
  const bool changed = status.since != domain::Timestamp{};
  using Text = std::optional<std::string_view>;
  out.field("reason", changed ? Text(name_of(status.reason)) : Text())
      .field("since", status.since)
      .field("by", changed ? Text(domain::state_origin_name(status.reason)) : Text())
      .field("stated_reason", status.stated_reason.empty() ? Text() : Text(status.stated_reason))
      .field("acknowledged_until", status.acknowledged_until);
}

void write_counts(JsonWriter& out, const domain::OrderCounts& counts) {
  out.key("by_status").begin_object();
  for (const auto status : domain::kEnumerators<domain::OrderStatus>)
    out.field(name_of(status), counts.orders[place_of(status)]);
  out.field("denied", counts.denied).end_object().field("live", counts.live);
  out.key("denials").begin_object();
  for (const auto reason : domain::kEnumerators<domain::DenyReason>) {
    const std::uint64_t count = counts.denials[place_of(reason)];
    if (count > 0) out.field(name_of(reason), count);
  }
  out.end_object().field("fills", counts.fills).field("fills_reversed", counts.fills_reversed);
  out.key("state_changes").begin_object();
  for (const auto state : domain::kEnumerators<domain::TradingState>) {
    out.key(name_of(state)).begin_object();
    for (const auto reason : domain::kEnumerators<domain::StateReason>) {
      const std::uint64_t count = counts.state_changes[place_of(state)][place_of(reason)];
      if (count > 0) out.field(name_of(reason), count);
    }
    out.end_object();
  }
  out.end_object();
}

void write_flatten(JsonWriter& out, const domain::FlattenState& flatten,
                   const MarketNames& markets) {
  out.begin_object()
      .field("scope",
             flatten.strategy ? std::string_view(flatten.strategy->value) : domain::kAllStrategies)
      .field("begun_at", flatten.begun_at)
      .field("ended_at", flatten.ended_at);
  out.key("left").begin_array();
  for (const domain::FlattenEnded::Left& left : flatten.left) {
    out.begin_object().field("strategy", left.strategy.value);
    write_instrument(out, left.instrument, markets);
    out.field("quantity", left.quantity).field("reason", name_of(left.reason)).end_object();
  }
  out.end_array().end_object();
}

const domain::TradingStatus& stricter(const domain::TradingStatus& own,
                                      const domain::TradingStatus& account) {
  return own.state < account.state ? account : own;
}

void write_parameters(JsonWriter& out, const domain::Parameters& parameters) {
  out.key("parameters").begin_object();
  for (const auto& [name, value] : parameters) out.field(name, value);
  out.end_object();
}

void write_strategy(JsonWriter& out, const domain::StrategyState& strategy,
                    const domain::TradingStatus& account, std::size_t shards_leased) {
  out.begin_object()
      .field("name", strategy.strategy.value)
      .field("enabled", strategy.enabled)
      .field("enabled_in_configuration", strategy.enabled_at_first)
      .field("trading_state", name_of(strategy.trading_state))
      .field("own_trading_state", name_of(strategy.own.state));
  write_reason(out, stricter(strategy.own, account));
  out.key("orders").begin_object();
  write_counts(out, strategy.counts);
  out.end_object()
      .field("shards_leased", shards_leased)
      .field("orders_live", strategy.figures.orders_live)
      .field("positions_open", strategy.figures.positions_open);
  write_parameters(out, strategy.parameters);
  out.end_object();
}

void write_pnl(JsonWriter& out, const domain::StrategyState& strategy) {
  const domain::StrategyFigures& figures = strategy.figures;
  out.begin_object()
      .field("strategy", strategy.strategy.value)
      .field("total", figures.realized + figures.unrealized)
      .field("realized", figures.realized)
      .field("unrealized", figures.unrealized)
      .field("daily", figures.daily_pnl)
      .field("drawdown", figures.drawdown)
      .field("exposure", figures.exposure)
      .end_object();
}

}  // namespace polybot::gateway
