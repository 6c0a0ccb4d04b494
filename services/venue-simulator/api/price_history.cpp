#include "services/venue-simulator/api/price_history.hpp"

#include <array>
#include <string_view>

#include "common/domain/number_text.hpp"

namespace polybot::venue_simulator {
namespace {

using std::chrono::hours;

struct Interval {
  std::string_view name;
  domain::Duration length;  // zero: all there is
};
constexpr std::array<Interval, 7> kIntervals{{{"max", {}},
                                              {"all", {}},
                                              {"1m", hours(24 * 30)},
                                              {"1w", hours(24 * 7)},
                                              {"1d", hours(24)},
                                              {"6h", hours(6)},
                                              {"1h", hours(1)}}};
constexpr std::int64_t kFidelityMax_min = 60 * 24 * 365;
constexpr std::int64_t kSecondsMax = 100'000'000'000;  // far beyond, and safe in nanoseconds' stead

std::optional<std::int64_t> seconds_of(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  const auto value = text ? domain::parse_number<std::int64_t>(*text) : std::nullopt;
  if (!value || *value < 0 || *value > kSecondsMax) return std::nullopt;
  return value;
}

}  // namespace

std::optional<HistoryQuery> parse_history_query(const http::Request& request,
                                                domain::Timestamp now) {
  HistoryQuery query{.from = {}, .to = now};
  if (const auto text = request.query_value("fidelity")) {
    const auto fidelity = domain::parse_number<std::int64_t>(*text);
    if (!fidelity || *fidelity < 1 || *fidelity > kFidelityMax_min) return std::nullopt;
    query.fidelity_min = *fidelity;
  }
  if (const auto name = request.query_value("interval")) {
    for (const Interval& interval : kIntervals) {
      if (interval.name != *name) continue;
      if (interval.length.count() > 0) query.from = now - interval.length;
      return query;
    }
    return std::nullopt;
  }
  const auto from = seconds_of(request, "startTs");
  const auto to = seconds_of(request, "endTs");
  if (!from || !to || *to < *from) return std::nullopt;
  constexpr std::int64_t kLast_s = 9'000'000'000;  // of a timestamp in nanoseconds
  query.from = domain::from_unix_ms(std::min(*from, kLast_s) * 1000);
  query.to = domain::from_unix_ms(std::min(*to, kLast_s) * 1000 + 999);
  return query;
}

std::vector<PricePoint> select(const std::vector<PricePoint>& history, const HistoryQuery& query) {
  const auto step_of = [&](domain::Timestamp at) {
    return domain::to_unix_ms(at) / 60'000 / query.fidelity_min;
  };
  std::vector<PricePoint> selected;
  for (const PricePoint& point : history) {
    if (point.at < query.from || point.at > query.to) continue;
    if (!selected.empty() && step_of(selected.back().at) == step_of(point.at)) {
      selected.back() = point;
    } else {
      selected.push_back(point);
    }
  }
  return selected;
}

}  // namespace polybot::venue_simulator
