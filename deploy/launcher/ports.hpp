// Who listens on the ports of a stack: whether they are free before the start, and whether it is
// our own process that answers there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"

namespace polybot::launcher {

// The first port on which another program listens, or none.
[[nodiscard]] std::optional<PortUse> find_taken_port(const std::vector<PortUse>& ports);

// "port 8110 of runner-1 is in use by strategy-runner (process 4711)"; "by another program" when it
// belongs to another user, whose files we may not see.
[[nodiscard]] std::string taken_text(const PortUse& taken);

// The smallest offset above `offset`, in hundreds, at which all of these ports are free; they
// include `offset`. Empty when there is none.
[[nodiscard]] std::optional<std::uint16_t> find_free_offset(const std::vector<PortUse>& ports,
                                                            std::uint16_t offset);

// Whether one of the process's own sockets listens on that port. Empty when `proc` does not show
// it: it may lack `net` or hide the process (systemd's ProcSubset=pid, gVisor), or name no listener
// at all.
[[nodiscard]] std::optional<bool> listens(pid_t process, std::uint16_t port,
                                          const std::filesystem::path& proc = "/proc");

}  // namespace polybot::launcher
