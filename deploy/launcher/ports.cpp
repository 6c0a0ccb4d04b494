#include "deploy/launcher/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace polybot::launcher {
namespace {

// Only a refusal proves that somebody listens there; what else may be wrong, the service tells.
bool is_taken(const PortUse& use) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  // As the services do: connections of an earlier run that wait for their end are no hindrance.
  const int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(use.port);
  const bool taken =
      ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == EADDRINUSE;
  ::close(probe);
  return taken;
}

}  // namespace

std::optional<PortUse> find_taken_port(const std::vector<PortUse>& ports) {
  const auto found = std::find_if(ports.begin(), ports.end(), is_taken);
  return found == ports.end() ? std::nullopt : std::optional(*found);
}

std::string taken_text(const PortUse& taken) {
  return "port " + std::to_string(taken.port) + " of " + taken.user +
         " is taken by another program";
}

}  // namespace polybot::launcher
