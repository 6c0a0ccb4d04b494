// Addresses in a service's configuration, checked as they are read: what a start would refuse,
// --check-config refuses too, with the key's name.
#pragma once

#include <string>
#include <string_view>

#include "common/bus/address.hpp"
#include "common/runtime/config.hpp"

namespace polybot::runtime {

// bus.trusted_network: whether a bus port may listen where others could reach it.
[[nodiscard]] bus::NetworkTrust read_trust(config::Reader& reader);

// A bus address in the role this service plays at it.
[[nodiscard]] std::string read_bus_address(config::Reader& reader, std::string_view key,
                                           std::string_view default_value, bus::EndpointRole role,
                                           bus::NetworkTrust trust);

// An IP address to listen on.
[[nodiscard]] std::string read_listen_address(config::Reader& reader, std::string_view key,
                                              std::string_view default_value);

// An http(s) or ws(s) URL of somebody else.
[[nodiscard]] std::string read_url(config::Reader& reader, std::string_view key,
                                   std::string_view default_value);

}  // namespace polybot::runtime
