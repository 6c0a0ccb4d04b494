// Who trades with whom: plans, trades level by level, and the cash and shares of both sides.
#include <algorithm>

#include "common/domain/bounds.hpp"
#include "common/domain/fees.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Money;
using domain::Price;
using domain::Quantity;
using domain::Rounding;
using domain::Side;
using domain::VenueOrderStatus;

namespace {

constexpr domain::Duration kFailAfterMin = std::chrono::seconds(1);
constexpr domain::Duration kFailAfterMax = std::chrono::seconds(4);
constexpr int kUndercutTicksMax = 3;

}  // namespace

MatchingEngine::Plan MatchingEngine::plan(const Order& taker) const {
  Plan plan;
  const MarketState& market = markets_.at(taker.truth.market);
  const bool bounded = taker.cash_bound.is_positive();
  Quantity leaves = floor_to_lot(bounded ? domain::kQuantityMax : taker.leaves());
  Money cash_left = taker.cash_bound;
  const auto take = [&](Price yes_price, const BookLevel& level) {
    const Price price = in_terms_of(taker.outcome, yes_price);
    Quantity quantity = std::min(leaves, level.total);
    if (bounded) {
      const Quantity payable = Quantity::from_raw(
          domain::mul_div(cash_left.raw(), Price::kScale, price.raw(), Rounding::Down));
      quantity = std::min(quantity, floor_to_lot(payable));
    }
    if (!quantity.is_positive()) return false;
    const Money cash = exact_notional(price, quantity);
    plan.trades.push_back({yes_price, quantity});
    plan.quantity += quantity;
    plan.cash += cash;
    plan.fee +=
        domain::taker_fee(market.listing.market.fee, price, quantity, Rounding::HalfAwayFromZero);
    leaves -= quantity;
    cash_left -= cash;
    return leaves.is_positive();
  };
  if (taker.book_side == BookSide::Bid) {
    for (const auto& [price, level] : market.asks) {
      if (price > taker.yes_price || !take(price, level)) break;
    }
  } else {
    for (auto it = market.bids.rbegin(); it != market.bids.rend(); ++it) {
      if (it->first < taker.yes_price || !take(it->first, it->second)) break;
    }
  }
  const Money one_lot = domain::notional(taker.truth.price, kLot, Rounding::Up);
  plan.complete = leaves.is_zero() || (bounded && cash_left < one_lot);
  return plan;
}

std::uint64_t MatchingEngine::undercut(const Order& taker, Turn& turn) {
  const domain::Market& market = markets_.at(taker.truth.market).listing.market;
  const BookSide side = opposite(taker.book_side);
  const auto theirs = best(taker.truth.market, side);
  const auto ours = best(taker.truth.market, taker.book_side);
  if (!theirs) return 0;
  // Towards the taker, but not as far as the other side of the book.
  const std::int64_t way = side == BookSide::Ask ? -1 : 1;
  const std::int64_t ticks = random_.between(1, kUndercutTicksMax);
  const Price price = Price::from_raw(theirs->price.raw() + way * ticks * market.tick.raw());
  const bool within = price.raw() > 0 && price < domain::kPriceOne;
  const bool crosses =
      ours && (side == BookSide::Ask ? price <= ours->price : price >= ours->price);
  if (!within || crosses) return 0;
  if (!first_house_) static_cast<void>(open_house_account());
  return place_house(*first_house_, taker.truth.market, side, price, taker.truth.quantity,
                     Rest::Yes, turn.now, turn.faults, turn.out);
}

TradeTruth::Party MatchingEngine::party(const Order& order, Quantity quantity) const {
  TradeTruth::Party party{.account = order.truth.account,
                          .order_number = order.truth.number,
                          .order = order.truth.id,
                          .outcome = order.outcome,
                          .side = order.truth.side,
                          .price = order.truth.price,
                          .quantity = quantity,
                          .cash = {}};
  if (order.house) {
    party.order =
        derived_id<domain::VenueOrderId>(settings_.seed, IdKind::Order, order.truth.number);
    // The crowd only buys. Every second order is shown as the equivalent sale, so that both kinds
    // of maker entry occur.
    if (order.truth.number % 2 == 0) {
      party.outcome = domain::other(party.outcome);
      party.side = domain::opposite(party.side);
      party.price = domain::complement(party.price);
    }
  }
  party.cash = exact_notional(party.price, quantity);
  return party;
}

FillSide MatchingEngine::fill_side(const TradeTruth::Party& party, Money fee) const {
  FillSide side{party.account, party.outcome, party.side, party.quantity, party.cash, fee};
  if (accounts_[party.account].house && side.side == Side::Sell) {
    side.outcome = domain::other(side.outcome);
    side.side = Side::Buy;
    side.cash = Money::from_raw(side.quantity.raw()) - side.cash;
  }
  return side;
}

TradeTruth::Party MatchingEngine::take_from(MarketState& market, Order& maker, Quantity quantity,
                                            Turn& turn) {
  static_cast<void>(turn);
  Ladder& ladder = maker.book_side == BookSide::Bid ? market.bids : market.asks;
  ladder.at(maker.yes_price).total -= quantity;
  maker.truth.matched += quantity;
  if (!maker.house) {
    if (maker.truth.side == Side::Buy) {
      const Money freed = exact_notional(maker.truth.price, quantity);
      maker.reserved_cash -= freed;
      accounts_.release_cash(maker.truth.account, freed);
    } else {
      maker.reserved_shares -= quantity;
      accounts_.release_shares(maker.truth.account, maker.truth.market, maker.outcome, quantity);
    }
  }
  return party(maker, quantity);
}

domain::TradeId MatchingEngine::match_level(Order& taker, const PlannedTrade& planned, Turn& turn) {
  MarketState& market = markets_.at(taker.truth.market);
  const BookSide maker_side = opposite(taker.book_side);
  Ladder& ladder = maker_side == BookSide::Bid ? market.bids : market.asks;
  const Price price = in_terms_of(taker.outcome, planned.yes_price);

  TradeTruth trade;
  trade.market = taker.truth.market;
  trade.market_id = market.listing.market.id;
  trade.taker = party(taker, planned.quantity);
  // The taker gets the makers' price, however its own side is shown.
  trade.taker.price = in_terms_of(trade.taker.outcome, planned.yes_price);
  trade.taker.cash = exact_notional(trade.taker.price, planned.quantity);
  trade.fee = domain::taker_fee(market.listing.market.fee, price, planned.quantity,
                                Rounding::HalfAwayFromZero);
  BookLevel& level = ladder.at(planned.yes_price);
  Quantity wanted = planned.quantity;
  std::vector<std::uint64_t> makers;
  for (const std::uint64_t number : level.queue) {
    Order& maker = orders_.at(number);
    const Quantity quantity = std::min(wanted, maker.leaves());
    trade.makers.push_back(take_from(market, maker, quantity, turn));
    makers.push_back(number);
    wanted -= quantity;
    if (wanted.is_zero()) break;
  }
  POLYBOT_ASSERT(wanted.is_zero());
  taker.truth.matched += planned.quantity;
  touch(taker.truth.market, market, maker_side, planned.yes_price);
  domain::TradeId id = record_trade(market, std::move(trade), turn);
  for (const std::uint64_t number : makers) {
    const Order& maker = orders_.at(number);
    if (maker.leaves().is_zero()) {
      std::erase(level.queue, number);
      finish(number, VenueOrderStatus::Matched, {}, turn);
    } else if (!maker.house) {
      report_order(maker, OrderEventKind::Update, VenueOrderStatus::Live, {}, turn);
    }
  }
  if (level.queue.empty()) ladder.erase(planned.yes_price);
  return id;
}

bool MatchingEngine::is_outside(const TradeTruth& trade) const {
  return !accounts_[trade.taker.account].house ||
         std::any_of(
             trade.makers.begin(), trade.makers.end(),
             [this](const TradeTruth::Party& maker) { return !accounts_[maker.account].house; });
}

// Trades within the crowd settle at once and leave no record.
domain::TradeId MatchingEngine::record_trade(MarketState& market, TradeTruth trade, Turn& turn) {
  const domain::Market& definition = market.listing.market;
  const TradeTruth::Party& taker = trade.taker;
  const Price yes_price = in_terms_of(taker.outcome, taker.price);
  market.listing.last_trade = yes_price;
  const Side aggressor =
      book_side_of(taker.outcome, taker.side) == BookSide::Bid ? Side::Buy : Side::Sell;
  turn.out.market.emplace_back(TradePrinted{
      definition.id, domain::token_of(definition, taker.outcome), taker.side, taker.price,
      taker.quantity,
      domain::TradeTick{definition.id, aggressor, yes_price, taker.quantity, turn.now, turn.now},
      taker.account});
  if (!is_outside(trade)) {
    accounts_.settle(trade.market, fill_side(trade.taker, trade.fee));
    for (const auto& maker : trade.makers) accounts_.settle(trade.market, fill_side(maker, {}));
    return {};
  }
  trade.number = ++trade_count_;
  trade.id = derived_trade_id(settings_.seed, trade.number);
  trade.matched_at = turn.now;
  trade.updated_at = turn.now;
  const FaultSettings* failing = turn.faults.active(Fault::TradeFailed, turn.now, definition.id);
  trade.fails = failing != nullptr && random_.chance(failing->probability_ppm);
  if (trade.fails) turn.faults.used(Fault::TradeFailed);
  accounts_.lock(trade.market, fill_side(trade.taker, trade.fee));
  for (const auto& maker : trade.makers) accounts_.lock(trade.market, fill_side(maker, {}));
  ++market.unsettled;
  ++unsettled_;
  for_each_fill(trade, [](Totals& totals, const TradeTruth::Party&, Money) { ++totals.fills; });
  const domain::Duration delay =
      trade.fails ? random_.between(kFailAfterMin, kFailAfterMax)
                  : random_.between(settings_.mined_after_min, settings_.mined_after_max);
  set_timer(turn.now + delay, TimerKind::AdvanceTrade, trade.number);
  report_trade(trade, turn);
  domain::TradeId id = trade.id;
  trades_.emplace(trade.number, std::move(trade));
  return id;
}

// Fills an order that its owner believes canceled, as if it had been taken just before.
void MatchingEngine::fill_late(std::uint64_t number, Turn& turn) {
  const auto found = orders_.find(number);
  if (found == orders_.end()) return;
  Order& order = found->second;
  MarketState& market = markets_.at(order.truth.market);
  if (!first_house_) static_cast<void>(open_house_account());
  const Quantity quantity = order.leaves();
  release(order);
  held_.erase(number);
  order.truth.matched += quantity;

  TradeTruth trade;
  trade.market = order.truth.market;
  trade.market_id = order.truth.market_id;
  trade.makers.push_back(party(order, quantity));
  Order taker = order;
  taker.house = true;
  taker.truth.account = *first_house_;
  taker.truth.number = ++order_count_ | 1U;  // shown as the purchase it is
  order_count_ = taker.truth.number;
  taker.outcome = order.truth.side == Side::Buy ? domain::other(order.outcome) : order.outcome;
  taker.truth.side = Side::Buy;
  taker.truth.price = in_terms_of(taker.outcome, order.yes_price);
  trade.taker = party(taker, quantity);
  trade.fee = domain::taker_fee(market.listing.market.fee, taker.truth.price, quantity,
                                Rounding::HalfAwayFromZero);
  record_trade(market, std::move(trade), turn);
  finish(number, VenueOrderStatus::Matched, {}, turn);
}

}  // namespace polybot::venue_simulator
