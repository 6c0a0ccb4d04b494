// What the venue says of orders: answers to our requests, and events of the user channel. Closes
// orders once the fills that their end names are booked.
#pragma once

#include "services/order-manager/core/account/account_readings.hpp"
#include "services/order-manager/core/orders/order_desk.hpp"

namespace polybot::order_manager {

class OrderProgress {
 public:
  OrderProgress(Readiness& readiness, const UnreadRows& unread, AccountReadings& readings,
                MarketWatches& markets, OrderDesk& desk, OrderWatches& watches)
      : readiness_(readiness),
        unread_(unread),
        readings_(readings),
        markets_(markets),
        desk_(desk),
        watches_(watches) {}

  // Returns whether the order has ended by a refusal of the venue's, which is then recorded.
  bool answered(Turn& turn, const domain::SubmitAnswered& answer);
  void answered(Turn& turn, const domain::CancelAnswered& answer);
  void updated(Turn& turn, const domain::VenueOrderUpdate& update);

  void turn_ambiguous(Turn& turn, const domain::ClientOrderId& id, domain::AmbiguityCause cause,
                      domain::Timestamp last_byte_at);
  // The venue has the order, or had it.
  void sign_of_life(Turn& turn, const domain::ClientOrderId& id);
  // Ends an order that the venue has ended, if none of its fills can be missing any more.
  void finish_if_closed(Turn& turn, const domain::ClientOrderId& id);
  void finish_closed(Turn& turn);

 private:
  void accepted(Turn& turn, const OrderRecord& order, const domain::SubmitAccepted& accepted);
  bool rejected(Turn& turn, const OrderRecord& order, const domain::SubmitRejected& rejected);
  [[nodiscard]] static bool revives(const OrderRecord& order,
                                    const domain::VenueOrderUpdate& update);
  void note_counted(const Turn& turn, const OrderRecord& order,
                    const domain::VenueOrderUpdate& update);
  void unmatched(Turn& turn, const OrderRecord& order, const domain::VenueOrderUpdate& update);
  void cancel_refused(Turn& turn, const OrderRecord& order, std::string_view text);
  void acknowledge(Turn& turn, const domain::ClientOrderId& id);
  void close(Turn& turn, const domain::ClientOrderId& id, domain::Quantity matched);
  [[nodiscard]] bool awaits_reading(const OrderRecord& order, domain::Timestamp after);

  Readiness& readiness_;
  const UnreadRows& unread_;
  AccountReadings& readings_;
  MarketWatches& markets_;
  OrderDesk& desk_;
  OrderWatches& watches_;
};

}  // namespace polybot::order_manager
