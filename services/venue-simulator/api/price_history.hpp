// Which part of a price history a request asks for, and how finely. Pure.
#pragma once

#include <optional>
#include <vector>

#include "common/http/message.hpp"
#include "services/venue-simulator/core/records/trade_tape.hpp"

namespace polybot::venue_simulator {

struct HistoryQuery {
  domain::Timestamp from{};       // inclusive
  domain::Timestamp to{};         // inclusive
  std::int64_t fidelity_min = 1;  // the width of a step
};
// Either an interval that ends now (max, all, 1m, 1w, 1d, 6h, 1h: 1m is a month), or startTs and
// endTs in Unix seconds. Empty when neither is there, or a parameter cannot be read.
[[nodiscard]] std::optional<HistoryQuery> parse_history_query(const http::Request& request,
                                                              domain::Timestamp now);
// The last point of each step that has one.
[[nodiscard]] std::vector<PricePoint> select(const std::vector<PricePoint>& history,
                                             const HistoryQuery& query);

}  // namespace polybot::venue_simulator
