// Writing to a terminal or a pipe that perhaps no program reads any more (Ctrl-S, a hung ssh).
#pragma once

#include <cstddef>
#include <string_view>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// Writes for as long as room appears within `patience`, each time. Returns how many bytes were
// written; all of them when the reader is gone.
std::size_t write_while_room(int descriptor, std::string_view text, domain::Duration patience);

// Whether there is room within `patience`; also true when the reader is gone.
[[nodiscard]] bool has_room(int descriptor, domain::Duration patience);

}  // namespace polybot::runtime
