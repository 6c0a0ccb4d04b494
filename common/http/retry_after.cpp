#include "common/http/retry_after.hpp"

#include <algorithm>
#include <array>

namespace polybot::http {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct CivilTime {
  std::int64_t year = 0;
  int month = 0;  // 1 to 12
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

// Reads what is expected next; once something else was there, it stays failed.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
  }
  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      good_ = good_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
      if (!good_) return 0;
      number = number * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }
  // asctime pads the day with a space.
  int padded_day() {
    if (!good_ || !rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  template <std::size_t kCount>
  int word(const std::array<std::string_view, kCount>& words) {
    for (std::size_t i = 0; good_ && i < kCount; ++i) {
      if (!rest_.starts_with(words[i])) continue;
      rest_.remove_prefix(words[i].size());
      return static_cast<int>(i) + 1;
    }
    good_ = false;
    return 0;
  }
  void time_of_day(CivilTime& time) {
    time.hour = digits(2);
    literal(":");
    time.minute = digits(2);
    literal(":");
    time.second = digits(2);
  }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

int days_in(std::int64_t year, int month) {
  constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kLengths[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

std::optional<std::int64_t> unix_seconds(const CivilTime& time) {
  if (time.year < 1970 || time.month < 1 || time.month > 12 || time.day < 1 ||
      time.day > days_in(time.year, time.month) || time.hour > 23 || time.minute > 59 ||
      time.second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(time.year)),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day))};
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * kDaySeconds + time.hour * 3600 + time.minute * 60 + time.second;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<CivilTime> read_fixed(std::string_view text) {
  DateReader reader(text);
  CivilTime time;
  reader.word(kDays);
  reader.literal(", ");
  time.day = reader.digits(2);
  reader.literal(" ");
  time.month = reader.word(kMonths);
  reader.literal(" ");
  time.year = reader.digits(4);
  reader.literal(" ");
  reader.time_of_day(time);
  reader.literal(" GMT");
  return reader.at_end() ? std::optional(time) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"; the year is still of two digits.
std::optional<CivilTime> read_rfc850(std::string_view text) {
  DateReader reader(text);
  CivilTime time;
  reader.word(kLongDays);
  reader.literal(", ");
  time.day = reader.digits(2);
  reader.literal("-");
  time.month = reader.word(kMonths);
  reader.literal("-");
  time.year = reader.digits(2);
  reader.literal(" ");
  reader.time_of_day(time);
  reader.literal(" GMT");
  return reader.at_end() ? std::optional(time) : std::nullopt;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<CivilTime> read_asctime(std::string_view text) {
  DateReader reader(text);
  CivilTime time;
  reader.word(kDays);
  reader.literal(" ");
  time.month = reader.word(kMonths);
  reader.literal(" ");
  time.day = reader.padded_day();
  reader.literal(" ");
  reader.time_of_day(time);
  reader.literal(" ");
  time.year = reader.digits(4);
  return reader.at_end() ? std::optional(time) : std::nullopt;
}

std::string_view without_outer_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s) {
  if (const auto time = read_fixed(text)) return unix_seconds(*time);
  if (const auto time = read_asctime(text)) return unix_seconds(*time);
  auto time = read_rfc850(text);
  if (!time) return std::nullopt;
  const std::chrono::year_month_day today(
      std::chrono::sys_days(std::chrono::days(now_s / kDaySeconds)));
  const std::int64_t this_year = static_cast<int>(today.year());
  time->year += this_year / 100 * 100;
  if (time->year > this_year + 50) time->year -= 100;
  return unix_seconds(*time);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::int64_t now_s) {
  text = without_outer_space(text);
  if (text.empty()) return std::nullopt;
  std::int64_t wait = 0;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    for (const char digit : text) wait = std::min(kDaySeconds, wait * 10 + (digit - '0'));
  } else {
    const auto until = parse_http_date(text, now_s);
    if (!until) return std::nullopt;
    wait = *until - now_s;
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(wait, 0, kDaySeconds));
}

}  // namespace polybot::http
