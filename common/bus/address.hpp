// Bus addresses: ipc:///absolute/path, tls+tcp://host:port, tcp://host:port, inproc://name (tests).
// A bus port takes orders without a token. So ipc sockets live in a folder that only their owner
// can enter; over tls+tcp both ends show a certificate; and tcp stays on loopback unless the
// configuration says `bus.trusted_network = true`. That holds for who dials as well: it would
// believe whatever answers at that address.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polybot::bus {

enum class EndpointRole : std::uint8_t {
  Listen,  // the one side; the address must be free
  Dial,    // the many side; connects in the background and reconnects for ever
};

// What this process shows at a tls+tcp address, and whom it takes there. NNG 1.5 does not say whose
// certificate a peer has shown. So every role (service) has a certificate authority of its own, and
// an address takes the certificates of those that are named here and of no others.
struct Tls {
  std::filesystem::path certificate_file;              // PEM: our certificate and its key
  std::vector<std::filesystem::path> authority_files;  // PEM: of the roles at the other end
  std::string listener_name;  // what the certificate of the listener must be issued for
};

struct Address {
  Address() = default;
  // Not explicit: an address without TLS is its text.
  Address(std::string_view address) : text(address) {}
  Address(const std::string& address) : text(address) {}
  Address(const char* address) : text(address) {}
  Address(std::string address, std::shared_ptr<const Tls> with)
      : text(std::move(address)), tls(std::move(with)) {}

  std::string text;
  std::shared_ptr<const Tls> tls;  // of tls+tcp alone; shared by the copies of an address
};

struct Endpoint {
  EndpointRole role = EndpointRole::Dial;
  Address address;
};

enum class NetworkTrust : std::uint8_t { LoopbackOnly, TrustedNetwork };

// Throws std::invalid_argument with one line naming the address and the fault: unknown scheme,
// missing or impossible port, ipc path that is relative or too long for a socket, tls+tcp without
// certificates, and for tcp a host beyond loopback while `trust` is LoopbackOnly.
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
