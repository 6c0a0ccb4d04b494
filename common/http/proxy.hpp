// The proxy between this machine and the venue: how HTTPS_PROXY and NO_PROXY are written, and which
// connection goes through it. No I/O, and no reading of the environment.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::http {

struct Proxy {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string authorization;  // "Basic ...", empty: none. A secret: it is in no message and no log
};

// Why a proxy's address cannot be used.
enum class ProxyFault : std::uint8_t { Scheme, UserInformation, Host, Port, Rest };
// "must name its port, as in proxy.example:3128", ...
[[nodiscard]] std::string_view to_string(ProxyFault fault);

// [http://][user[:password]@]host:port[/]; user and password percent-encoded, an IPv6 address in
// brackets.
[[nodiscard]] boost::system::result<Proxy, ProxyFault> parse_proxy(std::string_view text);

// Hosts that are reached without the proxy. Entries stand between commas or spaces:
// "*" all; "example.com", ".example.com" and "*.example.com" that name and all below it; an
// address; a network (10.0.0.0/8, fd00::/8). Names and addresses may end in ":port".
class NoProxy {
 public:
  // The error is the entry that is none of these.
  [[nodiscard]] static boost::system::result<NoProxy, std::string> parse(std::string_view text);

  [[nodiscard]] bool covers(std::string_view host, std::uint16_t port) const;

 private:
  struct Entry {
    std::string name;  // lower case; empty: an address or a network
    boost::asio::ip::address network;
    unsigned bits = 0;       // of the address that must be equal
    std::uint16_t port = 0;  // 0: any
  };
  [[nodiscard]] static std::optional<Entry> parse_entry(std::string_view text);
  [[nodiscard]] static bool is_in(const boost::asio::ip::address& address, const Entry& entry);

  bool all_ = false;
  std::vector<Entry> entries_;
};

// Which proxy a connection goes through. This machine itself is always reached directly.
struct ProxyRules {
  std::optional<Proxy> proxy;  // of https and wss
  NoProxy except;

  // Null: directly.
  [[nodiscard]] const Proxy* of(std::string_view host, std::uint16_t port) const;
};

}  // namespace polybot::http
