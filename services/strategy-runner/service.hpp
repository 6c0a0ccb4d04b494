// The strategy-runner process: bus in, core, signals out.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/runtime/service.hpp"
#include "services/strategy-runner/config.hpp"

namespace polybot::strategy_runner {

// Runs until a stop is requested. Throws when it cannot start.
[[nodiscard]] boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::strategy_runner
