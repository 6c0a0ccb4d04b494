// Whether the ports of a stack are free, before anything is started on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"

namespace polybot::launcher {

// The first port on which another program listens, or none.
[[nodiscard]] std::optional<PortUse> find_taken_port(const std::vector<PortUse>& ports);

// One sentence: which port, whose it would have been, and what to do.
[[nodiscard]] std::string taken_text(const PortUse& taken, std::uint16_t port_offset);

}  // namespace polybot::launcher
