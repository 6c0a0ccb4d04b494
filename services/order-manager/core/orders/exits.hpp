// Gets out of positions at market, at a pace: a refused exit is tried again, ever less often,
// because the venue may have a minimum that it does not publish.
#pragma once

#include <map>

#include "services/order-manager/core/orders/order_desk.hpp"

namespace polybot::order_manager {

// Whether all of it together is less than the venue's minimum for one sale.
[[nodiscard]] bool worth_too_little(Price bid, domain::Quantity quantity);

struct Held {
  StrategyName strategy;
  domain::Instrument instrument;
  domain::Quantity quantity;
};

class Exits {
 public:
  Exits(const Settings& settings, const QuoteBoard& quotes, OrderDesk& desk)
      : settings_(settings), quotes_(quotes), desk_(desk) {}

  // Sells at most the holding; true while there is more to wait for.
  bool sell(Turn& turn, const domain::ClientOrderId& id, const Held& holding,
            domain::OrderPurpose purpose, domain::TraceId trace);
  // The venue's refusal of an exit.
  void refused(const domain::Instrument& instrument, domain::Timestamp now);
  void filled(const domain::Instrument& instrument);
  void forget_old(domain::Timestamp now);

 private:
  struct Pace {
    domain::Timestamp next{};
    int refused = 0;  // in a row
  };
  const Settings& settings_;
  const QuoteBoard& quotes_;
  OrderDesk& desk_;
  std::map<domain::Instrument, Pace> paces_;
};

}  // namespace polybot::order_manager
