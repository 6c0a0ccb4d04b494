// Compares what the venue said about the ends of orders with what order-manager does: an order
// whose end names matched shares must not be canceled in the journal before they are booked, unless
// a reading of the account came in between and showed the state.
#pragma once

#include <map>
#include <span>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::simulation {

class EndWatch {
 public:
  // order-manager has the venue's message, and has not decided yet.
  void heard(const order_manager::Input& input);
  // The decision, and the state after it. Throws Violation.
  void decided(const order_manager::Ledger& ledger,
               std::span<const domain::StreamedEvent> records) const;
  // A new process has heard nothing.
  void forget() { matched_.clear(); }

 private:
  std::map<domain::VenueOrderId, domain::Quantity> matched_;  // by the word of an end
};

}  // namespace polybot::simulation
