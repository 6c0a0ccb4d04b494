// Orders and cancels on their way out.
#include <algorithm>

#include "services/order-manager/core/order_manager_state.hpp"

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

// ---- sending -----------------------------------------------------------------------------------

std::optional<std::vector<Order>> OrderManager::State::complete(
    const std::vector<Draft>& drafts) const {
  std::vector<Order> orders;
  for (const Draft& draft : drafts) {
    const domain::Market* market = ledger.market(draft.instrument.market);
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
                .decided_at = now,
                .submitted_at = now,
                .trace = draft.trace};
    const auto known = identity(order, *market);
    if (!known) return std::nullopt;
    order.fields = known->fields;
    order.venue_id = known->venue_id;
    // The venue counts shares in the amounts; an order of other shares than judged must not leave.
    const Money shares =
        draft.side == Side::Buy ? order.fields.taker_amount : order.fields.maker_amount;
    if (shares.raw() != draft.quantity.raw()) return std::nullopt;
    orders.push_back(std::move(order));
  }
  return orders;
}

DenyReason OrderManager::State::submit(const std::vector<Draft>& drafts,
                                       std::optional<domain::EventBody> before) {
  if (stopping || !reconciled) return DenyReason::NotReady;
  if (!user_up || !rest_up || now < submissions_paused_until) return DenyReason::VenueUnavailable;
  // The stamp of an order tells how far back its trades are looked for. What only reduces may be
  // off by more than what opens, but not by what that search allows for.
  const bool quotes_or_opens = std::any_of(drafts.begin(), drafts.end(), [](const Draft& draft) {
    return draft.side == domain::Side::Buy || draft.purpose == OrderPurpose::Quote;
  });
  if (!clock_within(quotes_or_opens ? settings.clock_skew_max : kTradesMargin / 2))
    return DenyReason::ClockSkew;
  auto orders = complete(drafts);
  if (!orders) return DenyReason::MalformedSignal;
  const auto accepts = [this](const Order& order) {
    return accepting(order.instrument.market, order.side);
  };
  const DenyReason reason = risk.check(ledger, quotes, *orders, now, accepts);
  if (reason != DenyReason::None) return reason;
  const auto count = static_cast<std::uint32_t>(orders->size());
  // The last quarter of the venue's budget is for exits and takers.
  const bool quoting = orders->front().purpose == OrderPurpose::Quote;
  const std::uint32_t spared = quoting ? settings.venue_order_burst / 4 : 0;
  if (venue_orders.available(now) < count + spared) return DenyReason::OrderRateExceedsMaximum;
  if (const DenyReason rate = risk.take_rate(*orders, now); rate != DenyReason::None) return rate;
  const bool taken = venue_orders.take(count, now);
  POLYBOT_ASSERT(taken);
  if (before) record(drafts.front().strategy, drafts.front().trace, std::move(*before));
  for (const Order& order : *orders) {
    record(order.strategy, order.trace, domain::OrderSubmitted{order});
    watches[order.id] = {};
  }
  insert_by_rank(out->after_commit.submits, {std::move(*orders), answered_tick});
  return DenyReason::None;
}

void OrderManager::State::request_cancel(const ClientOrderId& id, CancelReason reason) {
  const OrderRecord* order = ledger.orders().find(id);
  if (order == nullptr || order->terminal() || order->cancel_requested) return;
  record_order(*order, domain::CancelRequested{id, reason});
  send_cancel(*ledger.orders().find(id));
}

void OrderManager::State::send_cancel(const OrderRecord& order) {
  OrderWatch& watch = watches[order.order.id];
  if (!venue_cancels.take(1, now)) {
    watch.next_cancel_at = now;  // with the next token
    return;
  }
  out->at_once.cancels.push_back(order.order.venue_id);
  watch.cancel_pause = watch.cancel_pause == domain::Duration{}
                           ? settings.cancel_retry_min
                           : std::min(watch.cancel_pause * 2, settings.cancel_retry_max);
  watch.next_cancel_at = now + watch.cancel_pause;
}

void OrderManager::State::drive_cancels() {
  std::erase_if(watches,
                [&](const auto& entry) { return !ledger.orders().open().contains(entry.first); });
  for (const ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.cancel_requested && watches[id].next_cancel_at <= now) send_cancel(order);
  }
}

}  // namespace polybot::order_manager
