// Addresses in a service's configuration, checked when they are read: --check-config refuses what a
// start would refuse, with the key's name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/bus/publisher.hpp"
#include "common/runtime/bus_security.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "common/wire/topics.hpp"

namespace polybot::runtime {

// A bus address in the role this service plays at it; by default the port of this host. Over
// tls+tcp it takes the certificates of the services at the port's other end alone.
[[nodiscard]] bus::Address read_bus_address(config::Reader& reader, std::string_view key,
                                            const wire::Port& port, bus::EndpointRole role,
                                            const BusSecurity& security);
// The same for a port of our own choice, without a default: empty when the key is absent. Only
// `senders` are taken there; this service listens.
[[nodiscard]] bus::Address read_bus_listener(config::Reader& reader, std::string_view key,
                                             std::span<const std::string_view> senders,
                                             const BusSecurity& security);

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
