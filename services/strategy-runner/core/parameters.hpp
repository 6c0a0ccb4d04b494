// The parameters of a strategy: texts from configuration, read once into a typed struct. Each
// strategy publishes its list of ParameterSpec, so that the shell knows every key that may be
// configured, and validates through ParameterReader, which collects all errors instead of stopping
// at the first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/state_topics.hpp"
#include "common/domain/time.hpp"

namespace polybot::strategy_runner {

inline constexpr std::int64_t kPpm = 1'000'000;  // parts per million in the whole

using ParameterTexts = domain::Parameters;

struct ParameterSpec {
  std::string_view name;
  std::string_view default_text;
  std::string_view meaning;
};

// Getters take the default from the strategy's spec list and keep an error for each text that is
// malformed or out of bounds; `errors()` is complete after the last getter.
class ParameterReader {
 public:
  // Both outlive the reader. A text whose key is in no spec is an error.
  ParameterReader(const ParameterTexts& texts, std::span<const ParameterSpec> specs);

  [[nodiscard]] domain::Price price(std::string_view name, domain::Price min, domain::Price max);
  [[nodiscard]] domain::Quantity quantity(std::string_view name, domain::Quantity min,
                                          domain::Quantity max);
  [[nodiscard]] domain::Money money(std::string_view name, domain::Money min, domain::Money max);
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max);
  // A plain decimal with at most six places, as parts per million: "0.65" is 650,000.
  [[nodiscard]] std::int64_t ratio_ppm(std::string_view name, std::int64_t min, std::int64_t max);
  // "250ms", "30s", "5m", "2h".
  [[nodiscard]] domain::Duration duration(std::string_view name, domain::Duration min,
                                          domain::Duration max);

  // For rules between parameters.
  void error(std::string_view name, std::string_view what);
  [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }

 private:
  [[nodiscard]] std::string_view text(std::string_view name) const;
  template <class Value>
  [[nodiscard]] Value decimal(std::string_view name, Value min, Value max);

  const ParameterTexts& texts_;
  std::span<const ParameterSpec> specs_;
  std::vector<std::string> errors_;
};

}  // namespace polybot::strategy_runner
