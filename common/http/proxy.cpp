#include "common/http/proxy.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <charconv>
#include <utility>

namespace polybot::http {
namespace ip = boost::asio::ip;

namespace {

// A user or a password beyond this is none; nor is a list of so many entries one for people.
constexpr std::size_t kUserInformationBytesMax = 1024;
constexpr std::size_t kHostBytesMax = 255;  // RFC 1035

std::string lower_name(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > kHostBytesMax || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::optional<std::uint16_t> parse_port_number(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<ip::address> parse_literal(std::string_view text) {
  // The system's parser stops at a NUL and takes the names of interfaces; neither belongs here.
  if (text.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
    return std::nullopt;
  boost::system::error_code ec;
  const ip::address address = ip::make_address(std::string(text), ec);
  if (ec) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Empty for a broken escape and for what no header may carry.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a final NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// "user:password" as Proxy-Authorization carries it; empty when it cannot be carried (RFC 7617: a
// user has no colon).
std::optional<std::string> basic_authorization(std::string_view user_information) {
  if (user_information.size() > kUserInformationBytesMax) return std::nullopt;
  const std::size_t colon = user_information.find(':');
  const auto user = percent_decoded(user_information.substr(0, colon));
  const auto password = colon == std::string_view::npos
                            ? std::string()
                            : percent_decoded(user_information.substr(colon + 1));
  if (!user || !password || user->empty() || user->find(':') != std::string::npos)
    return std::nullopt;
  return "Basic " + base64(*user + ":" + *password);
}

struct HostAndPort {
  std::string_view host;  // without brackets
  std::string_view port;  // empty: none
  bool bracketed = false;
};

// Empty when brackets do not close, or something stands behind them.
std::optional<HostAndPort> split_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    return HostAndPort{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1), true};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostAndPort{text, {}, false};
  return HostAndPort{text.substr(0, colon), text.substr(colon + 1), false};
}

}  // namespace

std::string_view to_string(ProxyFault fault) {
  switch (fault) {
    case ProxyFault::Scheme:
      return "must be an http:// proxy; others (https, socks) are not supported";
    case ProxyFault::UserInformation:
      return "has a user or password that cannot be read: percent-encode what is no letter or "
             "digit, as in user:p%40ss@proxy.example:3128";
    case ProxyFault::Host:
      return "must name a host, as in proxy.example:3128";
    case ProxyFault::Port:
      return "must name its port, as in proxy.example:3128";
    case ProxyFault::Rest:
      return "must end after its port, as in http://proxy.example:3128";
  }
  return "cannot be used";
}

boost::system::result<Proxy, ProxyFault> parse_proxy(std::string_view text) {
  Proxy proxy;
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (lower_name(text.substr(0, scheme)) != "http") return ProxyFault::Scheme;
    text.remove_prefix(scheme + 3);
  }
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const auto authorization = basic_authorization(text.substr(0, at));
    if (!authorization) return ProxyFault::UserInformation;
    proxy.authorization = *authorization;
    text.remove_prefix(at + 1);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != std::string_view::npos) return ProxyFault::Rest;
  const auto authority = split_authority(text);
  if (!authority) return ProxyFault::Host;
  const auto literal = authority->bracketed ? parse_literal(authority->host) : std::nullopt;
  if (authority->bracketed ? !literal : !is_host_name(authority->host)) return ProxyFault::Host;
  const auto port = parse_port_number(authority->port);
  if (!port) return ProxyFault::Port;
  proxy.host = std::string(authority->host);
  proxy.port = *port;
  return proxy;
}

std::optional<NoProxy::Entry> NoProxy::parse_entry(std::string_view text) {
  Entry entry;
  if (const auto address = parse_literal(text)) {  // before a colon is taken for a port
    entry.network = *address;
    entry.bits = address->is_v4() ? 32 : 128;
    return entry;
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto address = parse_literal(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    if (!address) return std::nullopt;
    const auto [end, ec] =
        std::from_chars(digits.data(), digits.data() + digits.size(), entry.bits);
    if (ec != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (entry.bits > (address->is_v4() ? 32U : 128U)) return std::nullopt;
    entry.network = *address;
    return entry;
  }
  const auto authority = split_authority(text);
  if (!authority) return std::nullopt;
  if (!authority->port.empty()) {
    const auto port = parse_port_number(authority->port);
    if (!port) return std::nullopt;
    entry.port = *port;
  }
  if (const auto address = parse_literal(authority->host)) {
    entry.network = *address;
    entry.bits = address->is_v4() ? 32 : 128;
    return entry;
  }
  std::string_view name = authority->host;
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (authority->bracketed || !is_host_name(name)) return std::nullopt;
  entry.name = lower_name(name);
  return entry;
}

boost::system::result<NoProxy, std::string> NoProxy::parse(std::string_view text) {
  NoProxy list;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(", \t"), text.size());
    const std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (item.empty()) continue;
    if (item == "*") {
      list.all_ = true;
      continue;
    }
    auto entry = parse_entry(item);
    if (!entry) return std::string(item);
    list.entries_.push_back(std::move(*entry));
  }
  return list;
}

bool NoProxy::is_in(const ip::address& address, const Entry& entry) {
  if (!entry.name.empty() || address.is_v4() != entry.network.is_v4()) return false;
  const auto same = [bits = entry.bits](const auto& a, const auto& b) {
    for (std::size_t i = 0; i * 8 < bits; ++i) {
      const unsigned of_byte = std::min<unsigned>(8, bits - static_cast<unsigned>(i) * 8);
      const unsigned mask = 0xFFU << (8 - of_byte) & 0xFFU;
      if ((a[i] & mask) != (b[i] & mask)) return false;
    }
    return true;
  };
  return address.is_v4() ? same(address.to_v4().to_bytes(), entry.network.to_v4().to_bytes())
                         : same(address.to_v6().to_bytes(), entry.network.to_v6().to_bytes());
}

bool NoProxy::covers(std::string_view host, std::uint16_t port) const {
  if (all_) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto address = parse_literal(host);
  const std::string name = lower_name(host);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.port != 0 && entry.port != port) return false;
    if (address) return is_in(*address, entry);
    if (entry.name.empty() || !name.ends_with(entry.name)) return false;
    return name.size() == entry.name.size() || name[name.size() - entry.name.size() - 1] == '.';
  });
}

const Proxy* ProxyRules::of(std::string_view host, std::uint16_t port) const {
  if (!proxy) return nullptr;
  const auto address = parse_literal(host);
  const std::string name = lower_name(host);
  const bool is_here =
      address ? address->is_loopback() : name == "localhost" || name.ends_with(".localhost");
  return is_here || except.covers(host, port) ? nullptr : &*proxy;
}

}  // namespace polybot::http
