// Keeps the pages of other web sites away from a server that a browser can reach, such as one on
// loopback. A page can have the browser send any request, and can read the answer as well when it
// rebinds its own name to this address. So a request must name this server: by a loopback name, by
// an IP address (no name, so nobody can rebind it) or by a configured name. A request that a page
// sends must come from a page of this server. Programs other than browsers send no Origin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"

namespace polybot::http {

class HostGuard {
 public:
  enum class Refusal : std::uint8_t { Host, Origin };

  // `names` are those beside localhost, without port; "*" accepts any, and with it what rebinds.
  explicit HostGuard(std::vector<std::string> names) : names_(std::move(names)) {}

  // Why this request is none of ours; empty when it is.
  [[nodiscard]] std::optional<Refusal> refuse(const Request& request) const;

 private:
  [[nodiscard]] bool is_own_name(std::string_view host) const;

  std::vector<std::string> names_;
};

}  // namespace polybot::http
