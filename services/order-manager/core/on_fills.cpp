// Trades: which part is ours, booked once, advanced, taken back. And the orders of others.
#include <algorithm>
#include <cstring>

#include "common/domain/bounds.hpp"
#include "common/domain/fees.hpp"
#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::ClientOrderId;
using domain::FillStatus;
using domain::LiquiditySide;
using domain::OrderStatus;
using domain::Quantity;
using domain::Side;
using domain::VenueTrade;
using domain::VenueTradeStatus;
using domain::Wide;

namespace {

// Cash of parts at different prices, rounded once: against us, though the venue's lots leave no
// rest.
Money rounded(Wide raw_1e10, Side side) {
  constexpr Wide kUnit = 10'000;
  Wide cash = raw_1e10 / kUnit;
  if (side == Side::Buy && raw_1e10 % kUnit != 0) ++cash;
  return Money::from_raw(static_cast<std::int64_t>(cash));
}

// What the taker of a trade paid or got: the sum over the maker entries when they account for all
// of it, else what the venue prints as the average.
Money taker_cash(const VenueTrade& trade) {
  Wide sum = 0;
  Quantity quantity;
  for (const VenueTrade::MakerEntry& maker : trade.makers) {
    const Price price = maker.token == trade.token ? maker.price : domain::complement(maker.price);
    sum += Wide{price.raw()} * maker.quantity.raw();
    quantity += maker.quantity;
  }
  if (quantity != trade.quantity) sum = Wide{trade.price.raw()} * trade.quantity.raw();
  return rounded(sum, trade.side);
}

FillStatus fill_status(VenueTradeStatus status) {
  switch (status) {
    case VenueTradeStatus::Mined:
      return FillStatus::Mined;
    case VenueTradeStatus::Confirmed:
      return FillStatus::Confirmed;
    case VenueTradeStatus::Matched:
    case VenueTradeStatus::Retrying:
    case VenueTradeStatus::Failed:
      break;
  }
  return FillStatus::Matched;
}

domain::SignalId foreign_signal(const domain::VenueOrderId& id) {
  domain::SignalId signal;
  std::memcpy(&signal.incarnation, id.bytes.data(), sizeof signal.incarnation);
  std::memcpy(&signal.counter, id.bytes.data() + sizeof signal.incarnation, sizeof signal.counter);
  return signal;
}

}  // namespace

// Of the ledger, or of those that it has forgotten while the trade could not be read.
const domain::Order* OrderManager::State::order_of(const domain::TradeId& trade,
                                                   const domain::VenueOrderId& id) const {
  if (const OrderRecord* order = ledger.orders().find(id)) return &order->order;
  const auto missing = unread.missing.find({trade, id});
  return missing == unread.missing.end() ? nullptr : &missing->second.order;
}

std::vector<OrderManager::State::OwnFill> OrderManager::State::own_fills(
    const VenueTrade& trade) const {
  std::vector<OwnFill> fills;
  if (trade.we_are_taker || order_of(trade.id, trade.taker_order) != nullptr) {
    fills.push_back({trade.taker_order, trade.token, trade.side, trade.quantity, taker_cash(trade),
                     LiquiditySide::Taker});
  }
  // One trade may fill several orders of ours, and name one of them more than once.
  std::map<domain::VenueOrderId, Wide> cash;
  std::map<domain::VenueOrderId, OwnFill> makers;
  for (const VenueTrade::MakerEntry& entry : trade.makers) {
    const domain::Order* known = order_of(trade.id, entry.order);
    if (!entry.ours && known == nullptr) continue;
    // Ours is the order's token; the entry may be told in terms of its complement.
    const domain::TokenId token = known == nullptr ? entry.token : known->fields.token;
    const Side side = known == nullptr ? entry.side : known->side;
    const Price price = token == entry.token ? entry.price : domain::complement(entry.price);
    OwnFill& fill = makers[entry.order];
    fill = {entry.order, token, side, fill.quantity + entry.quantity, {}, LiquiditySide::Maker};
    cash[entry.order] += Wide{price.raw()} * entry.quantity.raw();
  }
  for (auto& [order, fill] : makers) {
    fill.cash = rounded(cash[order], fill.side);
    fills.push_back(fill);
  }
  return fills;
}

void OrderManager::State::on(const VenueTrade& trade) {
  // Not an id of this venue; it could not be recorded.
  if (trade.id.value.empty() || trade.id.value.size() > domain::kTradeIdBytesMax) return;
  for (const OwnFill& fill : own_fills(trade)) {
    if (fill.quantity <= domain::kQuantityMax) take_fill(trade, fill);
  }
}

void OrderManager::State::take_fill(const VenueTrade& trade, const OwnFill& fill) {
  const OrderRecord* order = ledger.orders().find(fill.order);
  if (order == nullptr) {
    // Before the journal began, or of an order that was forgotten long ago: booked then, or not
    // ours.
    const Timestamp believable = std::max(ledger.opened_at(), ledger.orders().forgotten_before());
    const bool missing = unread.missing.contains({trade.id, fill.order});
    if (trade.matched_at < believable && !missing) return;
    if (trade.status == VenueTradeStatus::Failed) return;
    order = adopt(trade, fill);
    if (order == nullptr) {
      const bool unknown = ledger.market(trade.market) == nullptr;
      if (unknown && trade.matched_at + kUnbookedSoughtFor > venue_time(now)) {
        unbooked_since = std::min(unbooked_since.value_or(trade.matched_at), trade.matched_at);
      }
      return;
    }
    // The one that was forgotten had ended.
    if (missing) watches[order->order.id].closing_since = now;
  }
  if (mutated(Mutation::LateFillDropped) && order->terminal()) return;
  const ClientOrderId id = order->order.id;
  // A trade that is known already, as in every reading, says nothing of whether the order still
  // rests. One that is new proves that the order was there, even if the trade has failed since.
  if (ledger.orders().find_fill({trade.id, id}) == nullptr) {
    watches[id].seen_at = now;
    watches[id].missing_since.reset();
    const bool failed = trade.status == VenueTradeStatus::Failed;
    if (failed || order->status == OrderStatus::Rejected) sign_of_life(id);
  }
  book_or_advance(*ledger.orders().find(id), trade, fill);
  unread.missing.erase({trade.id, fill.order});
  finish_if_closed(id);
}

const OrderRecord* OrderManager::State::adopt(const VenueTrade& trade, const OwnFill& fill) {
  const auto missing = unread.missing.find({trade.id, fill.order});
  if (missing != unread.missing.end()) {
    const domain::Order& forgotten = missing->second.order;
    return adopt_foreign(fill.order, trade.market, fill.token, fill.side, forgotten.limit,
                         std::max(forgotten.quantity, fill.quantity), trade.matched_at,
                         forgotten.strategy);
  }
  const Price price = domain::average_price(fill.cash, fill.quantity).value_or(trade.price);
  return adopt_foreign(fill.order, trade.market, fill.token, fill.side, price, fill.quantity,
                       trade.matched_at, {std::string(domain::kExternalStrategy)});
}

void OrderManager::State::book_or_advance(const OrderRecord& order, const VenueTrade& trade,
                                          const OwnFill& fill) {
  const domain::FillId id{trade.id, order.order.id};
  const FillRecord* known = ledger.orders().find_fill(id);
  if (known != nullptr && known->reversed) return;  // a failed trade stays failed
  if (trade.status == VenueTradeStatus::Failed) {
    if (known != nullptr && known->fill.status == FillStatus::Confirmed) return;  // final is final
    record_order(order, domain::FillReversed{id});
    return;
  }
  const FillStatus status = fill_status(trade.status);
  if (known != nullptr) {
    if (status <= known->fill.status) return;
    if (known->fill.status == FillStatus::Matched) remember_flow(known->fill);
    record_order(order, domain::FillAdvanced{id, status});
    return;
  }
  const domain::Market* market = ledger.market(order.order.instrument.market);
  domain::OrderFilled filled{.fill = id,
                             .instrument = order.order.instrument,
                             .side = order.order.side,
                             .quantity = fill.quantity,
                             .cash = fill.cash,
                             .liquidity = fill.liquidity,
                             .status = status,
                             .matched_at = trade.matched_at};
  if (fill.liquidity == LiquiditySide::Taker && market != nullptr) {
    const Price price = domain::average_price(fill.cash, fill.quantity).value_or(trade.price);
    filled.fee =
        domain::taker_fee(market->fee, price, fill.quantity, domain::Rounding::HalfAwayFromZero);
  }
  if (status != FillStatus::Matched) remember_flow(filled);
  if (const auto pace = exits.find(filled.instrument); pace != exits.end())
    pace->second.refused = 0;
  if (order.filled + filled.quantity > order.order.quantity &&
      order.order.strategy.value != domain::kExternalStrategy) {
    ++fills_beyond_order;
  }
  record_order(order, std::move(filled));
}

void OrderManager::State::remember_flow(const domain::OrderFilled& fill) {
  recent_flows.push_back({now, fill.instrument,
                          fill.side == Side::Buy ? fill.quantity : -fill.quantity,
                          cash_flow(fill)});
  while (recent_flows.size() > kRecentFlowsMax || recent_flows.front().at + kRecentFlowKept < now) {
    recent_flows.pop_front();
  }
}

const OrderRecord* OrderManager::State::adopt_foreign(const domain::VenueOrderId& id,
                                                      const domain::MarketId& market,
                                                      const domain::TokenId& token, Side side,
                                                      Price price, Quantity quantity, Timestamp at,
                                                      const StrategyName& strategy) {
  const domain::Market* known = ledger.market(market);
  std::shared_ptr<const domain::Market> ended;
  const auto watch = market_watches.find(market);
  if (known == nullptr && watch != market_watches.end()) {
    ended = watch->second.ended;
    known = ended.get();
  }
  const auto outcome = known == nullptr ? std::nullopt : domain::outcome_of(*known, token);
  if (!outcome) {
    // Booked with the next reading, once the market's record tells what the token is.
    want_market(market);
    market_watches[market].account_waits = true;
    return nullptr;
  }
  if (!quantity.is_positive() || price.raw() <= 0 || price >= domain::kPriceOne) return nullptr;
  domain::Order order{.id = {foreign_signal(id), 0},
                      .venue_id = id,
                      .strategy = strategy,
                      .event = known->event,
                      .instrument = {market, *outcome},
                      .side = side,
                      .limit = price,
                      .quantity = quantity,
                      .purpose = domain::OrderPurpose::Exit,
                      .decided_at = at,
                      .submitted_at = at};
  order.fields.token = token;
  order.fields.exchange = known->exchange;
  if (ledger.orders().find(order.id) != nullptr) return nullptr;
  record(order.strategy, {}, domain::OrderSubmitted{order});
  // Only now is anything at stake there.
  if (ended) record({}, {}, domain::MarketRecorded{*ended});
  record(order.strategy, {}, domain::OrderAccepted{order.id});
  watches[order.id].answered = true;
  watches[order.id].seen_at = now;
  return ledger.orders().find(order.id);
}

}  // namespace polybot::order_manager
