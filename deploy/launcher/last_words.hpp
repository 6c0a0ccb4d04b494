// What a process that ended had to say about it, as a person reads it. Pure: it is given the texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace polybot::launcher {

// `output` is what the process printed past its log: all of it counts, up to kLastWordsMax lines.
// Only when it printed nothing, the newest complaint of its log since `started_at` (RFC 3339) does.
// A log line in either form, text or JSON, is shortened to its message and its fields.
inline constexpr std::size_t kLastWordsMax = 40;
[[nodiscard]] std::vector<std::string> last_words(std::string_view output, std::string_view log,
                                                  std::string_view started_at);

// The same on one line; empty when there are none.
[[nodiscard]] std::string cause_of(const std::vector<std::string>& words);

}  // namespace polybot::launcher
