// How a service reaches the venue: venue.ca_file of its configuration, and what the environment
// says in the words that curl and OpenSSL read, too: SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "common/http/transport.hpp"
#include "common/runtime/config.hpp"

namespace polybot::runtime {

// One for all clients of the process. Null when none of the venue's addresses needs TLS: what the
// environment says is of no matter then, and it is not looked at. Errors name the key or the
// variable, never a password.
//
// Authorities: venue.ca_file, else SSL_CERT_FILE, else the system's. The proxy: the first that is
// set of https_proxy, HTTPS_PROXY, all_proxy and ALL_PROXY, and an empty one says none; exceptions:
// no_proxy, else NO_PROXY.
[[nodiscard]] std::shared_ptr<const http::Transport> read_transport(
    config::Reader& reader, std::initializer_list<std::string_view> urls,
    const config::Environment& environment);

}  // namespace polybot::runtime
