// Writing to a terminal or a pipe that perhaps nobody reads any more (Ctrl-S, a hung ssh).
#pragma once

#include <cstddef>
#include <string_view>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// Writes for as long as there is room within `patience`, each time. How many bytes were written;
// all of them where nobody can read them any more.
std::size_t write_while_room(int descriptor, std::string_view text, domain::Duration patience);

// Whether more can be written within `patience`, or never again.
[[nodiscard]] bool has_room(int descriptor, domain::Duration patience);

}  // namespace polybot::runtime
