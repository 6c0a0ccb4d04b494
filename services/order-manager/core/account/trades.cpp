#include "services/order-manager/core/account/trades.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/domain/bounds.hpp"
#include "common/domain/fees.hpp"
#include "services/order-manager/core/account/foreign_orders.hpp"

namespace polybot::order_manager {

using domain::ClientOrderId;
using domain::FillStatus;
using domain::LiquiditySide;
using domain::OrderStatus;
using domain::Quantity;
using domain::Side;
using domain::Timestamp;
using domain::VenueTrade;
using domain::VenueTradeStatus;
using domain::Wide;

namespace {

// Cash of parts at different prices, rounded once: against us, though the venue's lots leave no
// remainder.
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

}  // namespace

// An order of the ledger, or one that it has forgotten while the trade could not be read.
const domain::Order* Trades::order_of(const Ledger& ledger, const domain::TradeId& trade,
                                      const domain::VenueOrderId& id) const {
  const OrderRecord* order = ledger.orders().find(id);
  return order != nullptr ? &order->order : unread_.missing(trade, id);
}

std::vector<Trades::OwnFill> Trades::own_fills(const Ledger& ledger,
                                               const VenueTrade& trade) const {
  std::vector<OwnFill> fills;
  if (trade.we_are_taker || order_of(ledger, trade.id, trade.taker_order) != nullptr) {
    fills.push_back({trade.taker_order, trade.token, trade.side, trade.quantity, taker_cash(trade),
                     LiquiditySide::Taker});
  }
  // One trade may fill several orders of ours, and name one of them more than once.
  std::map<domain::VenueOrderId, Wide> cash;
  std::map<domain::VenueOrderId, OwnFill> makers;
  for (const VenueTrade::MakerEntry& entry : trade.makers) {
    const domain::Order* known = order_of(ledger, trade.id, entry.order);
    if (!entry.ours && known == nullptr) continue;
    // The fill is in terms of the order's token; the entry may name its complement.
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

void Trades::told(Turn& turn, const VenueTrade& trade) {
  // No trade id of this venue looks like this, and it could not be recorded.
  if (trade.id.value.empty() || trade.id.value.size() > domain::kTradeIdBytesMax) return;
  for (const OwnFill& fill : own_fills(turn.ledger, trade)) {
    if (fill.quantity <= domain::kQuantityMax) take(turn, trade, fill);
  }
}

void Trades::take(Turn& turn, const VenueTrade& trade, const OwnFill& fill) {
  const Orders& orders = turn.ledger.orders();
  const OrderRecord* order = orders.find(fill.order);
  if (order == nullptr) order = take_unknown(turn, trade, fill);
  if (order == nullptr) return;
  if (mutated(Mutation::LateFillDropped) && order->terminal()) return;
  const ClientOrderId id = order->order.id;
  // Every reading repeats known trades, so one does not show that the order still rests. A new
  // trade proves that the order was there, even if the trade has failed since.
  if (orders.find_fill({trade.id, id}) == nullptr) {
    OrderWatch& watch = watches_[id];
    watch.seen_at = turn.now;
    watch.missing_since.reset();
    const bool failed = trade.status == VenueTradeStatus::Failed;
    if (failed || order->status == OrderStatus::Rejected) progress_.sign_of_life(turn, id);
  }
  book_or_advance(turn, *orders.find(id), trade, fill);
  unread_.booked(trade.id, fill.order);
  progress_.finish_if_closed(turn, id);
}

// An order that is not in the ledger: one of others, or one of ours that was forgotten.
const OrderRecord* Trades::take_unknown(Turn& turn, const VenueTrade& trade, const OwnFill& fill) {
  const Ledger& ledger = turn.ledger;
  const domain::Order* forgotten = unread_.missing(trade.id, fill.order);
  // A trade from before the journal began, or of an order that was forgotten long ago, was booked
  // then or is not ours.
  const Timestamp believable = std::max(ledger.opened_at(), ledger.orders().forgotten_before());
  if (trade.matched_at < believable && forgotten == nullptr) return nullptr;
  if (trade.status == VenueTradeStatus::Failed) return nullptr;
  ForeignOrder foreign{
      .id = fill.order,
      .market = trade.market,
      .token = fill.token,
      .side = fill.side,
      .price = domain::average_price(fill.cash, fill.quantity).value_or(trade.price),
      .quantity = fill.quantity,
      .at = trade.matched_at};
  if (forgotten != nullptr) {
    foreign.price = forgotten->limit;
    foreign.quantity = std::max(forgotten->quantity, fill.quantity);
    foreign.strategy = forgotten->strategy;
  }
  const OrderRecord* order = adopt(turn, foreign, markets_, watches_);
  if (order == nullptr && ledger.market(trade.market) == nullptr)
    unread_.unbooked(trade.matched_at, turn.now);
  // The forgotten order had ended.
  if (order != nullptr && forgotten != nullptr) watches_[order->order.id].closing_since = turn.now;
  return order;
}

void Trades::book_or_advance(Turn& turn, const OrderRecord& order, const VenueTrade& trade,
                             const OwnFill& fill) {
  const domain::FillId id{trade.id, order.order.id};
  const FillRecord* known = turn.ledger.orders().find_fill(id);
  if (known != nullptr && known->reversed) return;  // a failed trade stays failed
  if (trade.status == VenueTradeStatus::Failed) {
    if (known != nullptr && known->fill.status == FillStatus::Confirmed) return;  // final is final
    turn.record(order, domain::FillReversed{id});
    return;
  }
  if (known == nullptr) return book(turn, order, trade, fill);
  const FillStatus status = fill_status(trade.status);
  if (status <= known->fill.status) return;
  if (known->fill.status == FillStatus::Matched) settlements_.settled(known->fill, turn.now);
  turn.record(order, domain::FillAdvanced{id, status});
}

void Trades::book(Turn& turn, const OrderRecord& order, const VenueTrade& trade,
                  const OwnFill& fill) {
  const domain::Market* market = turn.ledger.market(order.order.instrument.market);
  domain::OrderFilled filled{.fill = {trade.id, order.order.id},
                             .instrument = order.order.instrument,
                             .side = order.order.side,
                             .quantity = fill.quantity,
                             .cash = fill.cash,
                             .liquidity = fill.liquidity,
                             .status = fill_status(trade.status),
                             .matched_at = trade.matched_at};
  if (fill.liquidity == LiquiditySide::Taker && market != nullptr) {
    const Price price = domain::average_price(fill.cash, fill.quantity).value_or(trade.price);
    filled.fee =
        domain::taker_fee(market->fee, price, fill.quantity, domain::Rounding::HalfAwayFromZero);
  }
  if (filled.status != FillStatus::Matched) settlements_.settled(filled, turn.now);
  exits_.filled(filled.instrument);
  if (order.filled + filled.quantity > order.order.quantity &&
      order.order.strategy.value != domain::kExternalStrategy) {
    ++beyond_order_;
  }
  turn.record(order, std::move(filled));
}

}  // namespace polybot::order_manager
