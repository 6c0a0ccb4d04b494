// Whether the ports of a stack are free, before anything is started on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"

namespace polybot::launcher {

// The first port on which another program listens, or none.
[[nodiscard]] std::optional<PortUse> find_taken_port(const std::vector<PortUse>& ports);

// "port 8110 of runner-1 is taken by another program".
[[nodiscard]] std::string taken_text(const PortUse& taken);

}  // namespace polybot::launcher
