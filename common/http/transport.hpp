// How this process reaches hosts beyond it: whose certificates it trusts, and through which proxy.
// Made once at the start and shared by all its clients: reading the authorities is dear, and what
// is wrong with them should end the start and not the first order.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "common/http/proxy.hpp"
#include "common/http/url.hpp"

namespace boost::asio::ssl {
class context;
}

namespace polybot::http {

struct TransportSettings {
  std::string ca_file;  // PEM of the authorities to trust, instead of the system's; empty: those
  ProxyRules proxies;
};

class Transport {
 public:
  // Throws std::runtime_error: why `ca_file` cannot be used.
  explicit Transport(TransportSettings settings);

  // Verifies the peer. Shared with the connections made from it.
  [[nodiscard]] const std::shared_ptr<boost::asio::ssl::context>& tls() const { return tls_; }
  // Null: directly. Plain http and ws never go through a proxy.
  [[nodiscard]] const Proxy* proxy_of(const Url& url) const {
    return url.tls ? proxies_.of(url.host, url.port) : nullptr;
  }

 private:
  std::shared_ptr<boost::asio::ssl::context> tls_;
  ProxyRules proxies_;
};

}  // namespace polybot::http
