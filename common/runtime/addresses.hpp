// Addresses in a service's configuration, checked when they are read: --check-config refuses what a
// start would refuse, with the key's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bus/publisher.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"

namespace polybot::runtime {

// bus.trusted_network: whether a bus port may listen where others could reach it.
[[nodiscard]] bus::NetworkTrust read_trust(config::Reader& reader);

// A bus address in the role this service plays at it; by default a port of this host.
[[nodiscard]] std::string read_bus_address(config::Reader& reader, std::string_view key,
                                           std::uint16_t default_port, bus::EndpointRole role,
                                           bus::NetworkTrust trust);

// An IP address to listen on.
[[nodiscard]] std::string read_listen_address(config::Reader& reader, std::string_view key,
                                              std::string_view default_value);

// An http(s) or ws(s) URL of another program.
[[nodiscard]] std::string read_url(config::Reader& reader, std::string_view key,
                                   std::string_view default_value);

// What a publisher needs to know: who speaks, where, and by which clock its messages are stamped.
[[nodiscard]] bus::PublisherConfig publisher_config(bus::Producer producer, bus::Endpoint endpoint,
                                                    bus::NetworkTrust trust, Clock clock);

}  // namespace polybot::runtime
