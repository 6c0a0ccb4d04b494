// Text that fits a terminal: cut, wrapped, and without characters that would move its cursor. Pure.
// A column is a code point; the few wide ones of East Asia count two.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"

namespace polybot::launcher {

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

[[nodiscard]] std::size_t columns_of(std::string_view text);
// At most so many columns, the last one "…" where something was cut; control characters are "?".
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);
// Broken into lines of at most so many columns, all but the first begun by `indent`: between words,
// and inside of one that is longer than a line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns,
                                               std::string_view indent);

// "00:03:12"
[[nodiscard]] std::string elapsed_text(domain::Duration elapsed);
// "14:03:07Z"; with its date when that is another day than `now`'s.
[[nodiscard]] std::string clock_text(domain::Timestamp at, domain::Timestamp now);
// The same of an instant in RFC 3339; as it is when it is none.
[[nodiscard]] std::string clock_text(std::string_view rfc3339, domain::Timestamp now);

}  // namespace polybot::launcher
