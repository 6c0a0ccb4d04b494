#include "services/order-manager/core/orders/order_desk.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {

using domain::CancelReason;
using domain::ClientOrderId;
using domain::DenyReason;
using domain::Money;
using domain::Order;
using domain::OrderPurpose;
using domain::Side;

namespace {

// Exits before takers before quotes.
int send_rank(OrderPurpose purpose) {
  if (exits_position(purpose)) return 0;
  return purpose == OrderPurpose::Leg ? 1 : 2;
}

void insert_by_rank(std::vector<SubmitBatch>& batches, SubmitBatch batch) {
  const int rank = send_rank(batch.orders.front().purpose);
  const auto place = std::upper_bound(batches.begin(), batches.end(), rank,
                                      [](int before, const SubmitBatch& other) {
                                        return before < send_rank(other.orders.front().purpose);
                                      });
  batches.insert(place, std::move(batch));
}

}  // namespace

OrderDesk::OrderDesk(const Settings& settings, OrderIdentity identity, const Readiness& readiness,
                     const MarketWatches& markets, const QuoteBoard& quotes, OrderWatches& watches)
    : settings_(settings),
      identity_(std::move(identity)),
      readiness_(readiness),
      markets_(markets),
      quotes_(quotes),
      watches_(watches),
      risk_(settings),
      venue_orders_(settings.venue_order_rate, settings.venue_order_burst),
      venue_cancels_(settings.venue_cancel_rate, settings.venue_cancel_burst) {}

std::optional<std::vector<Order>> OrderDesk::complete(const Turn& turn,
                                                      const std::vector<OrderDraft>& drafts) const {
  std::vector<Order> orders;
  for (const OrderDraft& draft : drafts) {
    const domain::Market* market = turn.ledger.market(draft.instrument.market);
    if (market == nullptr) return std::nullopt;
    Order order{.id = draft.id,
                .strategy = draft.strategy,
                .event = market->event,
                .instrument = draft.instrument,
                .side = draft.side,
                .limit = draft.limit,
                .quantity = draft.quantity,
                .time_in_force = draft.time_in_force,
                .post_only = draft.post_only,
                .purpose = draft.purpose,
                .decided_at = turn.now,
                .submitted_at = turn.now,
                .trace = draft.trace};
    const auto known = identity_(order, *market);
    if (!known) return std::nullopt;
    order.fields = known->fields;
    order.venue_id = known->venue_id;
    // The venue counts shares in the amounts. An order for another quantity than the judged one
    // must not leave.
    const Money shares =
        draft.side == Side::Buy ? order.fields.taker_amount : order.fields.maker_amount;
    if (shares.raw() != draft.quantity.raw()) return std::nullopt;
    orders.push_back(std::move(order));
  }
  return orders;
}

DenyReason OrderDesk::unavailable(const Turn& turn, const std::vector<OrderDraft>& drafts) const {
  if (!readiness_.trading()) return DenyReason::NotReady;
  const bool sells = std::all_of(drafts.begin(), drafts.end(),
                                 [](const OrderDraft& draft) { return draft.side == Side::Sell; });
  if (!(sells ? readiness_.venue_takes_sales(turn.now) : readiness_.venue_open(turn.now)))
    return DenyReason::VenueUnavailable;
  // The stamp of an order decides how far back its trades are looked for. Orders that only reduce
  // may have a larger error of the clock than those that open, but not more than that search allows
  // for.
  const bool quotes_or_opens =
      std::any_of(drafts.begin(), drafts.end(), [](const OrderDraft& draft) {
        return draft.side == Side::Buy || draft.purpose == OrderPurpose::Quote;
      });
  const bool within =
      readiness_.clock_within(quotes_or_opens ? settings_.clock_skew_max : kTradesMargin / 2);
  return within ? DenyReason::None : DenyReason::ClockSkew;
}

DenyReason OrderDesk::submit(Turn& turn, const std::vector<OrderDraft>& drafts,
                             domain::Timestamp tick_at, std::optional<domain::EventBody> before) {
  if (const DenyReason reason = unavailable(turn, drafts); reason != DenyReason::None)
    return reason;
  auto orders = complete(turn, drafts);
  if (!orders) return DenyReason::MalformedSignal;
  const auto accepts = [&](const Order& order) {
    return markets_.accepting(order.instrument.market, order.side, turn.now);
  };
  const DenyReason reason = risk_.check(turn.ledger, quotes_, *orders, turn.now, accepts);
  if (reason != DenyReason::None) return reason;
  const auto count = static_cast<std::uint32_t>(orders->size());
  // The last quarter of the venue's budget is for exits and takers.
  const bool quoting = orders->front().purpose == OrderPurpose::Quote;
  const std::uint32_t spared = quoting ? settings_.venue_order_burst / 4 : 0;
  if (venue_orders_.available(turn.now) < count + spared)
    return DenyReason::OrderRateExceedsMaximum;
  if (const DenyReason rate = risk_.take_rate(*orders, turn.now); rate != DenyReason::None)
    return rate;
  const bool taken = venue_orders_.take(count, turn.now);
  POLYBOT_ASSERT(taken);
  if (before) turn.record(drafts.front().strategy, drafts.front().trace, std::move(*before));
  for (const Order& order : *orders) {
    turn.record(order.strategy, order.trace, domain::OrderSubmitted{order});
    watches_[order.id] = {};
  }
  insert_by_rank(turn.after_commit.submits, {std::move(*orders), tick_at});
  return DenyReason::None;
}

void OrderDesk::cancel(Turn& turn, const ClientOrderId& id, CancelReason reason) {
  const OrderRecord* order = turn.ledger.orders().find(id);
  if (order == nullptr || order->terminal() || order->cancel_requested) return;
  turn.record(*order, domain::CancelRequested{id, reason});
  send_cancel(turn, *turn.ledger.orders().find(id));
}

void OrderDesk::send_cancel(Turn& turn, const OrderRecord& order) {
  OrderWatch& watch = watches_[order.order.id];
  if (!venue_cancels_.take(1, turn.now)) {
    watch.next_cancel_at = turn.now;  // with the next token
    return;
  }
  turn.at_once.cancels.push_back(order.order.venue_id);
  watch.cancel_pause = watch.cancel_pause == domain::Duration{}
                           ? settings_.cancel_retry_min
                           : std::min(watch.cancel_pause * 2, settings_.cancel_retry_max);
  watch.next_cancel_at = turn.now + watch.cancel_pause;
}

void OrderDesk::drive_cancels(Turn& turn) {
  const Orders& orders = turn.ledger.orders();
  std::erase_if(watches_, [&](const auto& entry) { return !orders.open().contains(entry.first); });
  for (const ClientOrderId& id : orders.open()) {
    const OrderRecord& order = *orders.find(id);
    if (order.cancel_requested && watches_[id].next_cancel_at <= turn.now) send_cancel(turn, order);
  }
}

}  // namespace polybot::order_manager
