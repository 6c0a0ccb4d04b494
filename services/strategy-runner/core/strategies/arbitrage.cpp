#include "services/strategy-runner/core/strategies/arbitrage.hpp"

#include <algorithm>
#include <array>

#include "common/domain/amounts.hpp"
#include "common/domain/fees.hpp"

namespace polybot::strategy_runner {
namespace {

using domain::Market;
using domain::MarketId;
using domain::Money;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using std::chrono::hours;
using std::chrono::seconds;

constexpr domain::Duration kLevelAgainAfter = seconds(1);
// Order-manager levels an imbalance by itself long before this, so an older one was settled without
// us.
constexpr domain::Duration kImbalanceForgottenAfter = seconds(60);

constexpr std::array<ParameterSpec, 7> kArbitrageParameters{{
    {"edge_min", "0.004", "certain profit per share, after fees, in pUSD"},
    {"quantity_max", "200", "shares of each leg"},
    {"leg_cost_max", "100", "pUSD in one leg"},
    {"basket_cost_max", "250", "pUSD in one basket"},
    {"event_cost_max", "500", "pUSD held in one event, at cost"},
    {"pause", "1s", "after own orders in an event, until its books show them"},
    {"time_to_end_min", "30s", "markets that end sooner are left alone"},
}};

// An outcome that certainly will not be the one that wins.
bool has_lost(const Market& market) {
  return market.status == domain::MarketStatus::Resolved && market.payout.yes.is_zero();
}

// A known market of the event, as it is now.
struct Member {
  const Market* market = nullptr;
  const domain::OrderBook* book = nullptr;  // that may be bought from; else null
  bool busy = false;
};

std::vector<Member> members_of(std::span<const MarketId> ids, const View& view) {
  std::vector<Member> members;
  members.reserve(ids.size());
  for (const MarketId& id : ids) {
    const Market* market = view.market(id);
    members.push_back({.market = market, .book = view.book(id), .busy = view.busy(id)});
  }
  return members;
}

// Exactly one market of the event resolves Yes, and no outcome can be added any more.
bool is_exclusive(std::span<const Member> members) {
  return std::all_of(members.begin(), members.end(), [](const Member& member) {
    return member.market->neg_risk && !member.market->augmented;
  });
}

// Every outcome that could still win is known and can be bought.
bool is_complete(std::span<const Member> members) {
  return std::all_of(members.begin(), members.end(), [&](const Member& member) {
    const Market& market = *member.market;
    if (market.event_market_count != members.size()) return false;
    return has_lost(market) ||
           (market.status == domain::MarketStatus::Active && !market.placeholder);
  });
}

// From then on the market is left alone; empty when its end is unknown.
std::optional<domain::Timestamp> left_alone_from(const Market& market, domain::Duration margin) {
  if (market.ends_at == domain::Timestamp{}) return std::nullopt;
  return market.ends_at - margin + domain::Duration(1);
}

// Takes the books of markets that may not be traded now, and asks to look again when one of those
// that may be traded no longer can, or one that is busy may be free.
void leave_out(std::vector<Member>& members, domain::Duration time_to_end_min, Context& context) {
  for (Member& member : members) {
    if (member.book == nullptr) continue;
    const Market& market = *member.market;
    const auto end = left_alone_from(market, time_to_end_min);
    const bool ends_soon = end && *end <= context.now();
    if (member.busy) context.look_again(market.id, context.now());
    if (end && !ends_soon) context.look_again(market.id, *end);
    if (market.taker_delay || market.placeholder || member.busy || ends_soon) member.book = nullptr;
  }
}

std::vector<Ladder> ladders_of(std::span<const Member> members, Outcome outcome) {
  std::vector<Ladder> ladders;
  ladders.reserve(members.size());
  for (const Member& member : members) {
    if (member.book != nullptr)
      ladders.push_back(buy_ladder(*member.market, outcome, *member.book));
  }
  return ladders;
}

Money payout_per_share(const std::map<domain::Instrument, Quantity>& legs) {
  const bool yes = legs.begin()->first.outcome == Outcome::Yes;
  return Money::from_units(yes ? 1 : static_cast<std::int64_t>(legs.size()) - 1);
}

struct Purchase {
  std::vector<domain::Leg> legs;
  Money cost;
};

// The quantity of an immediate buy that spends this much, in the venue's steps; empty when a rest
// stays that could be bought by itself, or when the whole is worth too little.
std::optional<Quantity> buy_for(Money cash, Price limit) {
  const Quantity all = Quantity::from_raw(
      domain::mul_div(cash.raw(), Price::kScale, limit.raw(), domain::Rounding::Down));
  const Quantity quantity = domain::floor_to_step(all, domain::immediate_buy_step(limit));
  const auto worth = [&](Quantity shares) {
    return domain::notional(limit, shares, domain::Rounding::Down);
  };
  const bool expressible = worth(all - quantity) < domain::kMarketableNotionalMin &&
                           worth(quantity) >= domain::kMarketableNotionalMin;
  return expressible ? std::optional(quantity) : std::nullopt;
}

// Buying what each leg lacks up to `target`; empty when a book is missing, too thin, or cannot
// express it.
std::optional<Purchase> completion(const std::map<domain::Instrument, Quantity>& held,
                                   Quantity target, const View& view) {
  Purchase purchase;
  for (const auto& [instrument, quantity] : held) {
    const Quantity missing = target - quantity;
    if (!missing.is_positive()) continue;
    const Market* market = view.market(instrument.market);
    const domain::OrderBook* book = view.book(instrument.market);
    if (market == nullptr || book == nullptr) return std::nullopt;
    const Ladder ladder = buy_ladder(*market, instrument.outcome, *book);
    const auto needed = walk(ladder, missing);
    if (!needed) return std::nullopt;
    const auto order = buy_for(needed->cash, needed->limit);
    if (!order) return std::nullopt;
    purchase.cost += needed->cash + needed->fee;
    purchase.legs.push_back({instrument, domain::Side::Buy, needed->limit, *order});
  }
  if (purchase.legs.empty()) return std::nullopt;
  return purchase;
}

struct Sale {
  std::vector<domain::Leg> legs;  // what can be sold now: settled shares, against visible bids
  Money proceeds;                 // of the whole surplus at the bids, as if all of it could be
};

Sale unwinding(const std::map<domain::Instrument, Quantity>& held, Quantity level,
               const View& view) {
  Sale sale;
  for (const auto& [instrument, quantity] : held) {
    const Quantity surplus = quantity - level;
    const Market* market = view.market(instrument.market);
    const domain::OrderBook* book = view.book(instrument.market);
    if (!surplus.is_positive() || market == nullptr || book == nullptr) continue;
    const auto whole = book->sweep(instrument.outcome, domain::Side::Sell, surplus, market->tick);
    sale.proceeds += whole.cash - domain::taker_fee(market->fee, whole.worst, whole.quantity,
                                                    domain::Rounding::Up);
    const Quantity now = domain::floor_to_step(
        std::min({surplus, whole.quantity, view.holdings().sellable(instrument)}),
        domain::kShareStep);
    if (now.is_positive()) sale.legs.push_back({instrument, domain::Side::Sell, whole.worst, now});
  }
  return sale;
}

}  // namespace

std::span<const ParameterSpec> Arbitrage::parameters() {
  return kArbitrageParameters;
}

std::variant<StrategyFactory, ParameterErrors> Arbitrage::configure(const ParameterTexts& texts) {
  ParameterReader reader(texts, kArbitrageParameters);
  const Money million = Money::from_units(1'000'000);
  const Money one = Money::from_units(1);
  const ArbitrageParameters parameters{
      .edge_min = reader.money("edge_min", Money::from_raw(1), one),
      .quantity_max =
          reader.quantity("quantity_max", Quantity::from_units(1), Quantity::from_units(1'000'000)),
      .leg_cost_max = reader.money("leg_cost_max", one, million),
      .basket_cost_max = reader.money("basket_cost_max", one, million),
      .event_cost_max = reader.money("event_cost_max", one, million),
      .pause = reader.duration("pause", domain::Duration{}, hours(1)),
      .time_to_end_min = reader.duration("time_to_end_min", domain::Duration{}, hours(24)),
  };
  if (!reader.errors().empty()) return reader.errors();
  return StrategyFactory([parameters] { return std::make_unique<Arbitrage>(parameters); });
}

void Arbitrage::on_book(const MarketId& id, Context& context) {
  const Market* market = context.market(id);
  if (market == nullptr || !context.may_open()) return;
  if (imbalances_.contains(market->event)) return context.look_again(id, context.now());
  const auto quiet = quiet_until_.find(market->event);
  if (quiet != quiet_until_.end() && context.now() < quiet->second)
    return context.look_again(id, quiet->second);
  open(*market, context);
}

void Arbitrage::open(const Market& heard, Context& context) {
  const auto ids = context.event_markets(heard.event);
  if (ids.size() < 2) return;
  std::vector<Member> members = members_of(ids, context);
  if (!is_exclusive(members)) return;
  const BasketLimits limits = limits_for(ids, context);
  if (limits.basket_cost_max < domain::kMarketableNotionalMin) return;

  leave_out(members, parameters_.time_to_end_min, context);
  std::optional<Basket> basket = best_no_basket(ladders_of(members, Outcome::No), limits);
  const auto alive = static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(),
                    [](const Member& member) { return !has_lost(*member.market); }));
  if (alive <= domain::kLegsMax && is_complete(members)) {
    const std::vector<Ladder> all = ladders_of(members, Outcome::Yes);
    // A missing ladder means that an outcome that could win is not bought.
    auto yes = all.size() == alive ? best_yes_basket(all, limits) : std::nullopt;
    if (yes && (!basket || yes->profit() > basket->profit())) basket = std::move(yes);
  }
  if (!basket) return;
  if (context.take(domain::SignalAction::Buy, std::move(basket->legs))) {
    const domain::Timestamp quiet_until = context.now() + parameters_.pause;
    quiet_until_[heard.event] = quiet_until;
    context.look_again(heard.id, quiet_until);
  }
}

BasketLimits Arbitrage::limits_for(std::span<const MarketId> markets, const View& view) const {
  Money held;
  for (const MarketId& id : markets) {
    const domain::PositionState position = view.holdings().position(id);
    held += position.yes_cost + position.no_cost;
  }
  const Money room = std::max(parameters_.event_cost_max - held, Money{});
  return {.edge_min = parameters_.edge_min,
          .quantity_max = parameters_.quantity_max,
          .leg_cost_max = parameters_.leg_cost_max,
          .basket_cost_max = std::min(parameters_.basket_cost_max, room)};
}

void Arbitrage::on_order_event(const domain::StreamedEvent& streamed, Context& context) {
  const domain::EventBody& body = streamed.event.body;
  if (const auto* uneven = std::get_if<domain::LegsImbalanced>(&body)) {
    Imbalance imbalance{.signal = uneven->signal,
                        .held = {},
                        .since = context.now(),
                        .next_attempt = context.now()};
    for (const auto& leg : uneven->legs) imbalance.held[leg.instrument] = leg.quantity;
    if (imbalance.held.size() < 2) return;
    auto& known = imbalances_[uneven->event] = std::move(imbalance);
    level(known, context);
    return;
  }
  if (const auto* even = std::get_if<domain::LegsLevelled>(&body)) {
    const auto known = imbalances_.find(even->event);
    if (known != imbalances_.end() && known->second.signal == even->signal) {
      imbalances_.erase(known);
    }
    quiet_until_[even->event] = context.now() + parameters_.pause;
    return;
  }
  note_activity(streamed, context);
}

void Arbitrage::note_activity(const domain::StreamedEvent& streamed, Context& context) {
  const auto* fill = std::get_if<domain::OrderFilled>(&streamed.event.body);
  if (fill == nullptr) return;
  const Market* market = context.market(fill->instrument.market);
  if (market == nullptr) return;
  quiet_until_[market->event] = context.now() + parameters_.pause;
  const auto uneven = imbalances_.find(market->event);
  if (uneven == imbalances_.end()) return;
  const auto leg = uneven->second.held.find(fill->instrument);
  if (leg == uneven->second.held.end()) return;
  if (fill->side == domain::Side::Buy) {
    leg->second += fill->quantity;
  } else {
    leg->second -= std::min(leg->second, fill->quantity);
  }
}

// Completes the legs while that leaves more than selling the surplus would bring.
void Arbitrage::level(Imbalance& imbalance, Context& context) {
  if (context.now() < imbalance.next_attempt) return;
  for (const auto& [instrument, quantity] : imbalance.held) {
    if (context.busy(instrument.market)) return;
  }
  imbalance.next_attempt = context.now() + kLevelAgainAfter;
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [least, most] =
      std::minmax_element(imbalance.held.begin(), imbalance.held.end(), less);
  const Quantity uneven = most->second - least->second;
  if (!uneven.is_positive()) return;

  Sale sale = unwinding(imbalance.held, least->second, context);
  auto purchase = completion(imbalance.held, most->second, context);
  const Money worth =
      Money::from_raw(domain::mul_div(payout_per_share(imbalance.held).raw(), uneven.raw(),
                                      Quantity::kScale, domain::Rounding::Down));
  if (purchase && context.may_open() && worth - purchase->cost >= sale.proceeds) {
    // Each leg gets its own signal, because the buys of one signal are a basket and must be of one
    // size.
    for (const domain::Leg& leg : purchase->legs) {
      static_cast<void>(context.take(domain::SignalAction::Buy, {leg}));
    }
  } else if (!sale.legs.empty()) {
    static_cast<void>(context.take(domain::SignalAction::Sell, std::move(sale.legs)));
  }
}

void Arbitrage::on_timer(Context& context) {
  std::erase_if(imbalances_, [&](const auto& entry) {
    return context.now() - entry.second.since >= kImbalanceForgottenAfter;
  });
  std::erase_if(quiet_until_, [&](const auto& entry) { return context.now() >= entry.second; });
  for (auto& [event, imbalance] : imbalances_) level(imbalance, context);
}

}  // namespace polybot::strategy_runner
