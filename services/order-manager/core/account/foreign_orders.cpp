#include "services/order-manager/core/account/foreign_orders.hpp"

#include <cstring>

namespace polybot::order_manager {
namespace {

domain::SignalId foreign_signal(const domain::VenueOrderId& id) {
  domain::SignalId signal;
  std::memcpy(&signal.incarnation, id.bytes.data(), sizeof signal.incarnation);
  std::memcpy(&signal.counter, id.bytes.data() + sizeof signal.incarnation, sizeof signal.counter);
  return signal;
}

}  // namespace

const OrderRecord* adopt(Turn& turn, const ForeignOrder& foreign, MarketWatches& markets,
                         OrderWatches& watches) {
  const auto market = markets.record_of(turn.ledger, foreign.market);
  const auto outcome = market ? domain::outcome_of(*market, foreign.token) : std::nullopt;
  if (!outcome) {
    markets.want_for_account(turn, foreign.market);
    return nullptr;
  }
  const bool sound = foreign.quantity.is_positive() && foreign.price.raw() > 0 &&
                     foreign.price < domain::kPriceOne;
  if (!sound) return nullptr;
  domain::Order order{.id = {foreign_signal(foreign.id), 0},
                      .venue_id = foreign.id,
                      .strategy = foreign.strategy,
                      .event = market->event,
                      .instrument = {foreign.market, *outcome},
                      .side = foreign.side,
                      .limit = foreign.price,
                      .quantity = foreign.quantity,
                      .purpose = domain::OrderPurpose::Exit,
                      .decided_at = foreign.at,
                      .submitted_at = foreign.at};
  order.fields.token = foreign.token;
  order.fields.exchange = market->exchange;
  if (turn.ledger.orders().find(order.id) != nullptr) return nullptr;
  turn.record(order.strategy, {}, domain::OrderSubmitted{order});
  // The market is recorded here, because now the account has something at stake in it.
  if (turn.ledger.market(foreign.market) == nullptr) turn.record(domain::MarketRecorded{*market});
  turn.record(order.strategy, {}, domain::OrderAccepted{order.id});
  watches[order.id].seen_at = turn.now;
  return turn.ledger.orders().find(order.id);
}

}  // namespace polybot::order_manager
