// What the venue has told about the ends of orders, beside what order-manager makes of it: an order
// whose end names matched shares is not canceled in the journal before they are booked, unless a
// reading of the account has come in between and shown how things stand.
#pragma once

#include <map>
#include <span>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::simulation {

class EndWatch {
 public:
  // The venue's word is in order-manager's hands; before it decides.
  void heard(const order_manager::Input& input);
  // What it decided, and the state after that. Throws Violation.
  void decided(const order_manager::Ledger& ledger,
               std::span<const domain::StreamedEvent> records) const;
  // A new process has heard nothing.
  void forget() { matched_.clear(); }

 private:
  std::map<domain::VenueOrderId, domain::Quantity> matched_;  // by the word of an end
};

}  // namespace polybot::simulation
