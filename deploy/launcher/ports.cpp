#include "deploy/launcher/ports.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;
using boost::asio::ip::tcp;

constexpr std::uint16_t kOffsetStep = 100;  // two stacks so far apart share no port

// Only a refusal proves that a program listens there; the service reports any other error.
bool is_taken(const PortUse& use) {
  boost::asio::io_context io;
  tcp::acceptor probe(io);
  boost::system::error_code error;
  probe.open(tcp::v4(), error);
  if (error) return false;
  // The services do the same: connections of an earlier run that wait for their end are no
  // hindrance.
  probe.set_option(tcp::acceptor::reuse_address(true), error);
  probe.bind({boost::asio::ip::address_v4::loopback(), use.port}, error);
  return error == boost::asio::error::address_in_use;
}

// "socket:[4711]" of every socket that listens on the port, as links in /proc/PID/fd name them.
// A line of proc(5)'s net/tcp: "sl local_address rem_address st queues timer retrnsmt uid timeout
// inode", addresses as hexadecimal "0100007F:1F90", state 0A for one that listens.
std::set<std::string> listening_sockets(std::uint16_t port, const fs::path& proc) {
  std::set<std::string> sockets;
  for (const char* file : {"net/tcp", "net/tcp6"}) {
    std::ifstream in(proc / file);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
          timeout >> inode;
      const std::size_t colon = local.rfind(':');
      if (!words || state != "0A" || colon == std::string::npos) continue;
      unsigned number = 0;
      std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
      if (number == port) sockets.insert("socket:[" + inode + "]");
    }
  }
  return sockets;
}

// Empty when we may not see its files.
std::optional<bool> holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code hidden;
  for (const auto& entry : fs::directory_iterator(process / "fd", hidden)) {
    std::error_code closed;
    if (sockets.contains(fs::read_symlink(entry.path(), closed).string())) return true;
  }
  return hidden ? std::nullopt : std::optional(false);
}

// "strategy-runner (process 4711)"; empty when we may not see it.
std::string name_of_listener(std::uint16_t port) {
  const std::set<std::string> sockets = listening_sockets(port, "/proc");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string process = entry.path().filename();
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    if (sockets.empty() || !holds_one_of(entry.path(), sockets).value_or(false)) continue;
    std::ifstream in(entry.path() / "comm");
    std::string name;
    std::getline(in, name);
    return name + " (process " + process + ")";
  }
  return {};
}

}  // namespace

std::optional<PortUse> find_taken_port(const std::vector<PortUse>& ports) {
  const auto found = std::find_if(ports.begin(), ports.end(), is_taken);
  return found == ports.end() ? std::nullopt : std::optional(*found);
}

std::string taken_text(const PortUse& taken) {
  const std::string listener = name_of_listener(taken.port);
  return "port " + std::to_string(taken.port) + " of " + taken.user + " is in use by " +
         (listener.empty() ? "another program" : listener);
}

std::optional<std::uint16_t> find_free_offset(const std::vector<PortUse>& ports,
                                              std::uint16_t offset) {
  for (std::uint16_t more = kOffsetStep; offset + more <= kPortOffsetMax; more += kOffsetStep) {
    std::vector<PortUse> moved = ports;
    for (PortUse& use : moved) use.port = static_cast<std::uint16_t>(use.port + more);
    if (!find_taken_port(moved)) return static_cast<std::uint16_t>(offset + more);
  }
  return std::nullopt;
}

std::optional<bool> listens(pid_t process, std::uint16_t port, const fs::path& proc) {
  const std::set<std::string> sockets = listening_sockets(port, proc);
  if (sockets.empty()) return std::nullopt;
  return holds_one_of(proc / std::to_string(process), sockets);
}

}  // namespace polybot::launcher
