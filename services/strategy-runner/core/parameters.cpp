#include "services/strategy-runner/core/parameters.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "common/domain/number_text.hpp"

namespace polybot::strategy_runner {
namespace {

std::optional<domain::Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::int64_t ns;
  };
  // "ms" before "s" and "m": the first suffix that fits is the unit.
  static constexpr std::array<Unit, 4> kUnits{
      {{"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto count =
        domain::parse_number<std::int64_t>(text.substr(0, text.size() - unit.suffix.size()));
    if (!count || *count < 0 || *count > std::numeric_limits<std::int64_t>::max() / unit.ns) {
      return std::nullopt;
    }
    return domain::Duration(*count * unit.ns);
  }
  return std::nullopt;
}

std::string to_text(domain::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         "ms";
}

}  // namespace

ParameterReader::ParameterReader(const ParameterTexts& texts, std::span<const ParameterSpec> specs)
    : texts_(texts), specs_(specs) {
  for (const auto& [name, text] : texts) {
    const auto is_it = [&wanted = name](const ParameterSpec& spec) { return spec.name == wanted; };
    if (std::none_of(specs.begin(), specs.end(), is_it)) {
      error(name, "is not a parameter of this strategy");
    }
  }
}

std::string_view ParameterReader::text(std::string_view name) const {
  const auto given = texts_.find(std::string(name));
  if (given != texts_.end()) return given->second;
  const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const ParameterSpec& candidate) {
    return candidate.name == name;
  });
  POLYBOT_ASSERT(spec != specs_.end());
  return spec->default_text;
}

void ParameterReader::error(std::string_view name, std::string_view what) {
  errors_.push_back(std::string(name).append(" ").append(what));
}

template <class Value>
Value ParameterReader::decimal(std::string_view name, Value min, Value max) {
  const std::string_view given = text(name);
  const auto value = Value::parse(given);
  if (!value) {
    error(name, "must be a decimal with at most " + std::to_string(Value::kDigits) +
                    " places, got \"" + std::string(given) + "\"");
    return min;
  }
  if (*value < min || *value > max) {
    error(name, "must be between " + min.to_string() + " and " + max.to_string() + ", got " +
                    std::string(given));
    return min;
  }
  return *value;
}

domain::Price ParameterReader::price(std::string_view name, domain::Price min, domain::Price max) {
  return decimal(name, min, max);
}

domain::Quantity ParameterReader::quantity(std::string_view name, domain::Quantity min,
                                           domain::Quantity max) {
  return decimal(name, min, max);
}

domain::Money ParameterReader::money(std::string_view name, domain::Money min, domain::Money max) {
  return decimal(name, min, max);
}

std::int64_t ParameterReader::ratio_ppm(std::string_view name, std::int64_t min, std::int64_t max) {
  using Ratio = domain::Decimal<struct RatioTag, 6>;
  return decimal(name, Ratio::from_raw(min), Ratio::from_raw(max)).raw();
}

std::int64_t ParameterReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const std::string_view given = text(name);
  const auto value = domain::parse_number<std::int64_t>(given);
  if (!value || *value < min || *value > max) {
    error(name, "must be a whole number between " + std::to_string(min) + " and " +
                    std::to_string(max) + ", got \"" + std::string(given) + "\"");
    return min;
  }
  return *value;
}

domain::Duration ParameterReader::duration(std::string_view name, domain::Duration min,
                                           domain::Duration max) {
  const std::string_view given = text(name);
  const auto value = parse_duration(given);
  if (!value || *value < min || *value > max) {
    error(name, "must be a duration between " + to_text(min) + " and " + to_text(max) +
                    " such as 250ms, 30s or 5m, got \"" + std::string(given) + "\"");
    return min;
  }
  return *value;
}

}  // namespace polybot::strategy_runner
