#include "common/polymarket/messages/income.hpp"

#include <boost/json/array.hpp>
#include <chrono>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

using domain::Money;

// More than one row can be worth; it keeps the sum far from overflow.
constexpr Money kPaidMax = Money::from_units(1'000'000);
constexpr std::size_t kRowsMax = 10'000;

std::optional<Money> parse_money_floored(std::string_view text) {
  const std::size_t point = text.find('.');
  constexpr std::size_t kKept = Money::kDigits;
  if (point == std::string_view::npos || text.size() - point - 1 <= kKept)
    return Money::parse(text);
  for (const char c : text.substr(point + 1 + kKept)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return Money::parse(text.substr(0, point + 1 + kKept));
}

ParseResult<Money> sum_of(std::string_view text, std::string_view what, std::string_view amount) {
  const auto value = parse_json(text);
  const boost::json::array* rows = value ? value->if_array() : nullptr;
  if (rows == nullptr) return ParseError{ParseFault::InvalidJson, what};
  if (rows->size() > kRowsMax) return ParseError{ParseFault::TooMany, what};
  Money total;
  for (const boost::json::value& row : *rows) {
    ObjectReader reader(row, what);
    const std::string asset = reader.text("asset_address");
    const std::string digits = reader.required(reader.scalar(amount), amount);
    const auto paid = parse_money_floored(digits);
    if (!reader.fault() && (!paid || paid->is_negative() || *paid > kPaidMax))
      reader.fail(ParseFault::BadNumber, amount);
    if (reader.fault()) return *reader.fault();
    if (lower_case(asset) == lower_case(kCollateralAsset)) total += *paid;
  }
  return total;
}

}  // namespace

ParseResult<Money> parse_rebates(std::string_view text) {
  return sum_of(text, "rebates", "rebated_fees_usdc");
}

ParseResult<Money> parse_earnings(std::string_view text) {
  return sum_of(text, "earnings", "earnings");
}

std::string write_rebates(const std::vector<RebateRecord>& rebates) {
  std::string out;
  append_array(rebates, out, [](const RebateRecord& rebate, std::string& text) {
    ObjectWriter(text)
        .text("date", date_text(rebate.date))
        .text("condition_id", domain::to_string(rebate.market))
        .text("asset_address", kCollateralAsset)
        .text("maker_address", rebate.maker_address)
        .text("rebated_fees_usdc", rebate.amount.to_string())
        .end();
  });
  return out;
}

std::string date_text(domain::UtcDate date) {
  const domain::Timestamp midnight{std::chrono::days(date.days)};
  return iso_time(midnight).substr(0, 10);
}

}  // namespace polybot::polymarket
