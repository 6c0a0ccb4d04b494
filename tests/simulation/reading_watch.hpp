// Compares what order-manager asks the venue for with what it has heard. A fill that only an
// order's event has counted must be asked for soon. A reading of trades must not reach back farther
// than what it can still have missed: a trade that is never settled must not make each reading
// longer than the one before.
#pragma once

#include <map>
#include <optional>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class ReadingWatch {
 public:
  // order-manager has the input, and has not decided yet.
  void heard(const order_manager::Input& input, Timestamp now);
  // The state after the decision. Throws Violation.
  void decided(const order_manager::Ledger& ledger, Timestamp now);
  // The reading goes out. Throws Violation.
  void asked(const order_manager::ReadAccount& reading, const order_manager::Ledger& ledger,
             Timestamp now);
  // A new process has heard nothing.
  void forget() { *this = {}; }

 private:
  void ended(Timestamp now);
  [[nodiscard]] bool can_ask() const { return user_up_ && rest_up_ && clock_known_ && !asked_at_; }

  bool user_up_ = false;
  bool rest_up_ = true;  // until told otherwise
  bool clock_known_ = false;
  Timestamp free_since_{};             // no reading was under way, and none was forbidden
  std::optional<Timestamp> asked_at_;  // of the reading under way
  std::optional<Timestamp> covered_;   // every trade before is known to this process
  std::map<domain::VenueOrderId, domain::Quantity> counted_;  // at most, by the word of an event
  std::map<domain::VenueOrderId, Timestamp> unasked_;         // told at; not booked yet
};

}  // namespace polybot::simulation
