// An engine whose turns have no effects outside: for tests that look at its journal alone.
#pragma once

#include <gtest/gtest.h>

#include "services/order-manager/engine.hpp"

namespace polybot::order_manager::test {

inline Engine::Effects no_effects() {
  return {.cancel = [](const std::vector<domain::VenueOrderId>&) {},
          .prepare = [](const SubmitBatch&) { return [] {}; },
          .read = [](const Read&) {},
          .publish = [](const domain::StreamedEvent&) {},
          .forget = [] {},
          .resume = [](const Ledger&) {},
          .remember = [](const domain::StreamedEvent&) {},
          .decided = [](domain::Duration) {},
          .committed = [](domain::Duration) {},
          .commit_failed = [](const std::string& why) { ADD_FAILURE() << why; },
          .started = [](const StartUp&) {},
          .snapshot = [](SnapshotTaker::Step, const std::string&) {}};
}

}  // namespace polybot::order_manager::test
