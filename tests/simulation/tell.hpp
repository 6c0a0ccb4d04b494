// Journal records and order-manager's inputs in words, for the replay of one seed.
#pragma once

#include <string>

#include "services/order-manager/core/inputs.hpp"

namespace polybot::simulation {

[[nodiscard]] std::string tell(const domain::StreamedEvent& record);
// Empty for inputs that come all the time (quotes, hints, timers).
[[nodiscard]] std::string tell(const order_manager::Input& input);

}  // namespace polybot::simulation
