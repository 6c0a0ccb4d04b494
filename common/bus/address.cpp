#include "common/bus/address.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace polybot::bus {
namespace {

constexpr std::string_view kIpcScheme = "ipc://";
constexpr std::string_view kTcpScheme = "tcp://";
constexpr std::string_view kTlsScheme = "tls+tcp://";
constexpr std::string_view kInprocScheme = "inproc://";
constexpr std::size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void refuse(const std::string& address, const std::string& fault) {
  throw std::invalid_argument("bus address \"" + address + "\": " + fault);
}

// 127.0.0.0/8 in full dotted notation, ::1, or localhost. Numeric shorthands are not understood and
// count as reachable by others.
bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : host) {
    if (c == '.')
      ++dots;
    else if (c < '0' || c > '9')
      return false;
  }
  return dots == 3;
}

// The host; throws unless a port follows it.
std::string_view check_host_and_port(const Endpoint& endpoint, std::string_view scheme) {
  const std::string& address = endpoint.address.text;
  const std::string_view rest = std::string_view(address).substr(scheme.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    refuse(address, "expected " + std::string(scheme) + "host:port");
  const std::string_view host = rest.substr(0, colon);
  const std::string_view digits = rest.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port > 65535) {
    refuse(address, "the port must be 0 to 65535");
  }
  if (endpoint.role == EndpointRole::Dial && port == 0) refuse(address, "cannot dial port 0");
  return host;
}

void check_tcp(const Endpoint& endpoint, NetworkTrust trust) {
  const std::string_view host = check_host_and_port(endpoint, kTcpScheme);
  if (trust == NetworkTrust::TrustedNetwork || is_loopback(host)) return;
  refuse(endpoint.address.text,
         endpoint.role == EndpointRole::Listen
             ? "what reaches a tcp port of the bus can send orders, so it listens on loopback "
               "only; use tls+tcp:// (bus.tls), or set bus.trusted_network = true if no others can "
               "reach this network"
             : "what answers at a tcp address beyond loopback would be believed; use tls+tcp:// "
               "(bus.tls), or set bus.trusted_network = true if no others can reach this network");
}

void check_tls(const Endpoint& endpoint) {
  (void)check_host_and_port(endpoint, kTlsScheme);
  if (endpoint.address.tls != nullptr) return;
  refuse(endpoint.address.text,
         "needs certificates: bus.tls.certificate_file and bus.tls.authorities");
}

}  // namespace

void check_address(const Endpoint& endpoint, NetworkTrust trust) {
  const std::string& text = endpoint.address.text;
  const std::string_view address = text;
  if (address.find('\0') != std::string_view::npos) refuse(text, "contains a NUL");
  if (address.starts_with(kTlsScheme)) return check_tls(endpoint);
  if (address.starts_with(kTcpScheme)) return check_tcp(endpoint, trust);
  if (address.starts_with(kIpcScheme)) {
    const std::string_view path = address.substr(kIpcScheme.size());
    if (!path.starts_with('/') || path.ends_with('/')) {
      refuse(text, "expected ipc:///absolute/path/of/a/socket");
    }
    if (path.size() > kSocketPathBytesMax) {
      refuse(text, "the path is longer than a socket's may be (" +
                       std::to_string(kSocketPathBytesMax) + " bytes)");
    }
    return;
  }
  if (address.starts_with(kInprocScheme) && address.size() > kInprocScheme.size()) return;
  refuse(text, "expected ipc://, tls+tcp://, tcp:// or inproc://");
}

void prepare_ipc_folder(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const auto fail = [&](const std::string& fault) -> void {
    throw std::runtime_error("bus folder " + folder.string() + ": " + fault);
  };
  std::error_code error;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  // mkdir gets the final mode, so there is no moment in which others could enter.
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail(std::strerror(errno));
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) fail(std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) fail("is not a folder");
  if (status.st_uid != ::geteuid()) fail("belongs to another user");
  if ((status.st_mode & 077U) != 0) fail("others can enter it; chmod 700 it");
}

std::string address_in_use(std::string_view address) {
  return "address in use: " + std::string(address) + " (is another instance running?)";
}

void remove_stale_ipc_socket(std::string_view address) {
  if (!address.starts_with(kIpcScheme)) return;
  const std::string path(address.substr(kIpcScheme.size()));
  struct stat status {};
  if (path.size() > kSocketPathBytesMax || ::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw std::runtime_error("cannot listen on " + std::string(address) +
                             ": a file that is no socket is there");
  }
  // The probe has another type than the listener, so that a live listener (EPROTOTYPE) is told from
  // a stale file (ECONNREFUSED) without a connection that it would have to accept and see closed.
  const int probe = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  // Only a refused connection proves that there is no listener; other errors leave the file alone.
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  const int error = result == 0 ? 0 : errno;
  ::close(probe);
  if (error == ECONNREFUSED) ::unlink(path.c_str());
  // The error is reported here, because NNG would find it out by connecting.
  if (error == EPROTOTYPE) throw std::runtime_error(address_in_use(address));
}

}  // namespace polybot::bus
