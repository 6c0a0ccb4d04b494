// What an answer says of the venue's limits: header fields and body, one per line of the input, and
// what the buckets make of them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/polymarket/rate_limits.hpp"

namespace {

using namespace polybot;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<unsigned, 4> kStatuses = {200, 425, 429, 503};
  const unsigned status = kStatuses[data[0] % kStatuses.size()];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::array<std::string_view, 4> lines;
  for (std::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  }
  const auto fields = polymarket::read_rate_limit_fields(lines[0], lines[1], lines[2]);
  const domain::Duration now = std::chrono::hours(1);
  const domain::Timestamp at = domain::from_unix_ms(1'796'000'000'000);
  polymarket::RateLimits limits;
  constexpr auto kClass = polymarket::EndpointClass::Balances;
  limits.answered(kClass, status, fields, lines[3], now, at);
  const domain::Duration paused = limits.paused(kClass, now);
  require(paused >= domain::Duration::zero() && paused <= polymarket::kAskedPauseMax);
  require(limits.take(kClass, now) >= paused);
  require(limits.take(kClass, now + polymarket::kAskedPauseMax + std::chrono::minutes(1)) ==
          domain::Duration::zero());
  return 0;
}
