// What an operator can set, with its defaults; deploy/config/gateway.toml is the same list,
// explained.
#pragma once

#include <optional>
#include <string>

#include "common/runtime/config.hpp"
#include "common/runtime/metrics.hpp"
#include "services/gateway/api/api.hpp"
#include "services/gateway/feed/feed.hpp"

namespace polybot::gateway {

struct Config {
  runtime::MetricsConfig metrics;
  FeedSettings feed;  // the producer is filled in at the start
  ApiSettings api;
  std::optional<recording::WriterSettings> record;  // none: nothing is recorded
  std::string data_folder;
  std::string read_token_file;  // empty: reading needs no token
};

[[nodiscard]] Config read_config(runtime::config::Reader& reader);

}  // namespace polybot::gateway
