#include "common/runtime/supervisor_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "common/runtime/logging.hpp"

namespace polybot::runtime {
namespace {

// The socket connected to that address; -1 and errno when the address cannot be reached.
int connect_to(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.size() >= sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(name.sun_path, address.data(), address.size());
  if (address.front() == '@') name.sun_path[0] = '\0';  // an abstract name has a length, no end
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  if (::connect(made, reinterpret_cast<const sockaddr*>(&name), size) == 0) return made;
  const int reason = errno;
  ::close(made);
  errno = reason;
  return -1;
}

}  // namespace

SupervisorSocket::SupervisorSocket(const std::string& address) {
  if (address.empty()) return;
  socket_ = connect_to(address);
  if (socket_ < 0) {
    log::warning(
        "NOTIFY_SOCKET names a socket that cannot be reached; the supervisor hears nothing",
        {{"socket", address}, {"error", std::strerror(errno)}});
  }
}

SupervisorSocket::~SupervisorSocket() {
  if (socket_ >= 0) ::close(socket_);
}

void SupervisorSocket::send(std::string_view words) const {
  if (socket_ < 0) return;
  (void)::send(socket_, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace polybot::runtime
