// When the journal cannot be written any more, memory proves only that these orders may be at the
// venue. They are canceled, again and again, until the venue says that they are gone.
#pragma once

#include <set>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/core/turn.hpp"

namespace polybot::order_manager {

class LastCancels {
 public:
  explicit LastCancels(const Settings& settings) : settings_(settings) {}

  // Cancels all open orders but those placed by hand.
  void begin(Turn& turn) {
    for (const domain::ClientOrderId& id : turn.ledger.orders().open()) {
      const domain::Order& order = turn.ledger.orders().find(id)->order;
      if (!placed_by_hand(order)) orders_.insert(order.venue_id);
    }
    send(turn);
  }
  void on(Turn& turn, const Input& input) {
    const auto* answer = std::get_if<domain::CancelAnswered>(&input);
    if (answer != nullptr && answer->result == domain::CancelAnswered::Result::Canceled)
      orders_.erase(answer->order);
    const bool due = turn.now >= sent_at_ + settings_.cancel_retry_max;
    if (due && std::holds_alternative<TimerFired>(input)) send(turn);
  }

 private:
  void send(Turn& turn) {
    sent_at_ = turn.now;
    auto& cancels = turn.at_once.cancels;
    cancels.insert(cancels.end(), orders_.begin(), orders_.end());
  }

  const Settings& settings_;
  std::set<domain::VenueOrderId> orders_;
  domain::Timestamp sent_at_{};
};

}  // namespace polybot::order_manager
