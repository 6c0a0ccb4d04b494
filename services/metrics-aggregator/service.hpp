// The life of the metrics-aggregator process: listen, receive, merge, serve, stop.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/runtime/service.hpp"
#include "services/metrics-aggregator/config.hpp"

namespace polybot::metrics_aggregator {

// Returns when a stop was requested. Throws when a port is taken.
boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::metrics_aggregator
