// What a Retry-After may say: seconds and the three forms of a date, and everything that is
// neither.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/http/retry_after.hpp"

namespace {

constexpr std::int64_t kNow = 1'796'000'000;
// 31 December 9999, 23:59:60.
constexpr std::int64_t kLastDate = 253'402'300'800;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto date = polybot::http::parse_http_date(text, kNow))
    require(*date >= 0 && *date <= kLastDate);
  if (const auto wait = polybot::http::parse_retry_after(text, kNow))
    require(wait->count() >= 0 && wait->count() <= 86'400);
  return 0;
}
