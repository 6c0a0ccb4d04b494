// The last messages of a process that ended, as a person reads them. Pure: it is given the texts.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"

namespace polybot::launcher {

// `output` is what the process printed outside its log; up to kLastWordsMax lines of it count. Only
// when it printed nothing does the newest complaint of its log count. Neither counts from before
// this start, or older than kLastWordsAge, because the process went on after it. A log line in
// either form, text or JSON, is shortened to its message and its fields.
inline constexpr std::size_t kLastWordsMax = 40;
inline constexpr domain::Duration kLastWordsAge = std::chrono::seconds(5);
[[nodiscard]] std::vector<std::string> last_words(std::string_view output, std::string_view log,
                                                  domain::Timestamp started_at,
                                                  domain::Timestamp ended_at);

// The same on one line; empty when there are none.
[[nodiscard]] std::string cause_of(const std::vector<std::string>& words);

}  // namespace polybot::launcher
