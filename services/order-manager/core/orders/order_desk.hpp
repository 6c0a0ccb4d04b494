// Orders and cancels on their way out: judges them, records them, and hands over what is to be
// sent. Repeats cancels until the order is gone. Keeps the venue's rate limits.
#pragma once

#include <optional>
#include <vector>

#include "services/order-manager/core/orders/order_identity.hpp"
#include "services/order-manager/core/orders/order_watch.hpp"
#include "services/order-manager/core/orders/risk_engine.hpp"
#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/market_watches.hpp"
#include "services/order-manager/core/venue/readiness.hpp"

namespace polybot::order_manager {

struct OrderDraft {
  domain::ClientOrderId id;
  StrategyName strategy;
  domain::Instrument instrument;
  domain::Side side = domain::Side::Buy;
  Price limit;
  domain::Quantity quantity;
  domain::TimeInForce time_in_force = domain::TimeInForce::Fak;
  bool post_only = false;
  domain::OrderPurpose purpose = domain::OrderPurpose::Leg;
  domain::TraceId trace;
};

class OrderDesk {
 public:
  OrderDesk(const Settings& settings, OrderIdentity identity, const Readiness& readiness,
            const MarketWatches& markets, const QuoteBoard& quotes, OrderWatches& watches);

  // Judges the drafts together; on None they are recorded and on their way. `tick_at`: see
  // SubmitBatch. `before` is recorded first.
  [[nodiscard]] domain::DenyReason submit(Turn& turn, const std::vector<OrderDraft>& drafts,
                                          domain::Timestamp tick_at = {},
                                          std::optional<domain::EventBody> before = std::nullopt);

  // Cancels an order that is open and not being canceled already.
  void cancel(Turn& turn, const domain::ClientOrderId& id, domain::CancelReason reason);
  template <class Chooses>
  void cancel_where(Turn& turn, domain::CancelReason reason, const Chooses& chooses) {
    std::vector<domain::ClientOrderId> chosen;
    for (const domain::ClientOrderId& id : turn.ledger.orders().open()) {
      if (chooses(*turn.ledger.orders().find(id))) chosen.push_back(id);
    }
    for (const domain::ClientOrderId& id : chosen) cancel(turn, id, reason);
  }
  // Sends due cancels again, and forgets the watches of orders that have ended.
  void drive_cancels(Turn& turn);

  [[nodiscard]] const RiskEngine& risk() const { return risk_; }

 private:
  [[nodiscard]] domain::DenyReason unavailable(const Turn& turn,
                                               const std::vector<OrderDraft>& drafts) const;
  [[nodiscard]] std::optional<std::vector<domain::Order>> complete(
      const Turn& turn, const std::vector<OrderDraft>& drafts) const;
  void send_cancel(Turn& turn, const OrderRecord& order);

  const Settings& settings_;
  OrderIdentity identity_;
  const Readiness& readiness_;
  const MarketWatches& markets_;
  const QuoteBoard& quotes_;
  OrderWatches& watches_;
  RiskEngine risk_;
  TokenBucket venue_orders_;
  TokenBucket venue_cancels_;
};

}  // namespace polybot::order_manager
