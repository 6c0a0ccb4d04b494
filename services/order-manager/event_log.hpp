// One log line for each journaled event that a person would want to read: what became of orders,
// fills, money and control. Everything is in the journal; the log is for following along.
#pragma once

#include "common/domain/events.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

class EventLog {
 public:
  void write(const domain::StreamedEvent& event, const Ledger& ledger);
};

}  // namespace polybot::order_manager
