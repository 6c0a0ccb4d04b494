// Orders wait for the venue only while it is away, or has said of orders that it takes none. A
// denial because of the venue must have such a cause: readings that are throttled are none.
#pragma once

#include <map>
#include <span>

#include "services/order-manager/core/inputs.hpp"
#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class PauseWatch {
 public:
  // order-manager has the input, and has not decided yet.
  void heard(const order_manager::Input& input, Timestamp now);
  // What it decided then. Throws Violation.
  void decided(std::span<const domain::StreamedEvent> records, Timestamp now) const;
  // A new process has heard nothing.
  void forget() { *this = {}; }

 private:
  // The user channel must come up; the others count as up until told otherwise.
  std::map<order_manager::VenueChannel, bool> links_up_{{order_manager::VenueChannel::User, false}};
  Timestamp excused_until_{};
};

}  // namespace polybot::simulation
