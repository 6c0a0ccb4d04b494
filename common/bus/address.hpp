// Bus addresses: ipc:///absolute/path, tcp://host:port, inproc://name (tests). A bus port takes
// orders without a token, so a tcp *listener* must be on loopback unless the configuration says
// `bus.trusted_network = true`, and ipc sockets live in a folder only their owner can enter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::bus {

enum class EndpointRole : std::uint8_t {
  Listen,  // the one side; the address must be free
  Dial,    // the many side; connects in the background and reconnects for ever
};

struct Endpoint {
  EndpointRole role = EndpointRole::Dial;
  std::string address;
};

enum class NetworkTrust : std::uint8_t { LoopbackOnly, TrustedNetwork };

// Throws std::invalid_argument with one line naming the address and the fault: unknown scheme,
// missing or impossible port, ipc path that is relative or too long for a socket, and for listeners
// a host that other machines could reach while `trust` is LoopbackOnly.
void check_address(const Endpoint& endpoint, NetworkTrust trust);

// Creates `folder` (and parents) for its owner alone, mode 0700. Throws std::runtime_error when it
// exists and others could enter it, when it is not ours, or when it cannot be made.
void prepare_ipc_folder(const std::filesystem::path& folder);

[[nodiscard]] std::string address_in_use(std::string_view address);  // the words of that error

// Removes the ipc socket file that a killed listener left behind; does nothing for other schemes.
// Throws std::runtime_error when a process listens there, or the file is no socket. A live listener
// is not connected to: connections that close at once can wedge NNG 1.5's ipc listeners.
void remove_stale_ipc_socket(std::string_view address);

}  // namespace polybot::bus
