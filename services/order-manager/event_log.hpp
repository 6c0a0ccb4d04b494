// One log line for each journaled event that a person would want to read: about orders, fills,
// money and control. The journal holds everything; the log lets a person follow.
#pragma once

#include "common/domain/events.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

class EventLog {
 public:
  void write(const domain::StreamedEvent& event, const Ledger& ledger);
};

}  // namespace polybot::order_manager
