#include "services/gateway/api/statement.hpp"

#include <algorithm>
#include <cstdio>

#include "common/domain/commands.hpp"
#include "common/metrics/snapshot.hpp"
#include "common/runtime/config.hpp"

namespace polybot::gateway {
namespace {

using domain::Timestamp;

constexpr std::string_view kBadReason =
    "reason must be 1 to 200 bytes of UTF-8 text without line breaks or other control characters";
constexpr std::string_view kBadSpan =
    "for must be a span with its unit, such as 45m, 8h or 2d: above 0 and at most 31d";
constexpr std::string_view kBadInstant =
    "until must be an instant in UTC such as 2026-06-08T12:00:00Z, in the future and at most 31 "
    "days ahead";
static_assert(domain::kStatedReasonBytesMax == 200 && kAcknowledgedForMax == std::chrono::days(31),
              "the sentences above name both");

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// "2026-06-08T12:00:00Z", and what this API itself prints: "2026-06-08T12:00:00.000Z".
std::optional<Timestamp> parse_instant(std::string_view text) {
  constexpr std::size_t kToTheSecond = 19;
  int year = 0;
  std::array<unsigned, 5> field{};  // month, day, hour, minute, second
  int read = 0;
  const std::string copy(text.substr(0, kToTheSecond));
  if (text.size() <= kToTheSecond || copy.find_first_of(" +") != std::string::npos ||
      std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u%n", &year, &field[0], &field[1], &field[2],
                  &field[3], &field[4], &read) != 6 ||
      read != static_cast<int>(kToTheSecond)) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(kToTheSecond);
  unsigned ms = 0;
  if (rest.size() == 5 && rest.front() == '.') {
    const auto fraction = domain::parse_number<unsigned>(rest.substr(1, 3));
    if (!fraction) return std::nullopt;
    ms = *fraction;
    rest.remove_prefix(4);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(field[0]),
                                         std::chrono::day(field[1])};
  // A Timestamp counts nanoseconds, up to the year 2262.
  if (year < 1970 || year > 2200) return std::nullopt;
  if (rest != "Z" || !date.ok() || field[2] > 23 || field[3] > 59 || field[4] > 59)
    return std::nullopt;
  return Timestamp(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(field[2]) +
                   std::chrono::minutes(field[3]) + std::chrono::seconds(field[4]) +
                   std::chrono::milliseconds(ms));
}

}  // namespace

Parsed<Statement> parse_statement(const http::Request& request, Timestamp now) {
  Statement statement;
  if (const auto reason = request.query_value("reason")) {
    if (reason->empty() || reason->size() > domain::kStatedReasonBytesMax ||
        !metrics::is_utf8(*reason) || std::any_of(reason->begin(), reason->end(), is_control)) {
      return http::problem(400, kBadReason);
    }
    statement.reason = *reason;
  }
  const auto span = request.query_value("for");
  const auto instant = request.query_value("until");
  if (span && instant) return http::problem(400, "for and until exclude each other");
  if (span) {
    const auto length = runtime::config::parse_duration(*span);
    if (!length || *length <= domain::Duration::zero() || *length > kAcknowledgedForMax)
      return http::problem(400, kBadSpan);
    statement.acknowledged_until = now + *length;
  }
  if (instant) {
    const auto end = parse_instant(*instant);
    if (!end || *end <= now || *end - now > kAcknowledgedForMax)
      return http::problem(400, kBadInstant);
    statement.acknowledged_until = *end;
  }
  return statement;
}

}  // namespace polybot::gateway
