#include "common/runtime/addresses.hpp"

#include <boost/asio/ip/address.hpp>
#include <stdexcept>
#include <utility>

#include "common/http/url.hpp"

namespace polybot::runtime {

namespace {

bus::Address checked(config::Reader& reader, std::string_view key, bus::Endpoint endpoint,
                     bus::NetworkTrust trust) {
  try {
    bus::check_address(endpoint, trust);
  } catch (const std::invalid_argument& error) {
    reader.error(key, error.what());
  }
  return std::move(endpoint.address);
}

}  // namespace

bus::Address read_bus_address(config::Reader& reader, std::string_view key, const wire::Port& port,
                              bus::EndpointRole role, const BusSecurity& security) {
  const std::string text = reader.string(key, "tcp://127.0.0.1:" + std::to_string(port.number));
  const auto peers = role == bus::EndpointRole::Listen ? port.dials : port.listens;
  return checked(reader, key, {role, security.address(text, peers)}, security.trust);
}

bus::Address read_bus_listener(config::Reader& reader, std::string_view key,
                               std::span<const std::string_view> senders,
                               const BusSecurity& security) {
  const std::string text = reader.string(key, "");
  if (text.empty()) return {};
  return checked(reader, key, {bus::EndpointRole::Listen, security.address(text, senders)},
                 security.trust);
}

std::string read_listen_address(config::Reader& reader, std::string_view key,
                                std::string_view default_value) {
  std::string address = reader.string(key, default_value);
  boost::system::error_code wrong;
  (void)boost::asio::ip::make_address(address, wrong);
  if (wrong) reader.error(key, "must be an IP address, not \"" + address + "\"");
  return address;
}

std::string read_url(config::Reader& reader, std::string_view key, std::string_view default_value) {
  std::string url = reader.string(key, default_value);
  if (http::parse_url(url)) return url;
  // What stands before an @ may be a password, which no message shows.
  reader.error(key, url.find('@') != std::string::npos
                        ? "must be an http, https, ws or wss URL without a user and a password"
                        : "must be an http, https, ws or wss URL, not \"" + url + "\"");
  return url;
}

bus::PublisherConfig publisher_config(bus::Producer producer, bus::Endpoint endpoint,
                                      bus::NetworkTrust trust, Clock clock) {
  return {.producer = std::move(producer),
          .endpoints = {std::move(endpoint)},
          .trust = trust,
          .unix_now_ns = [clock] { return domain::to_unix_ns(clock.now()); }};
}

}  // namespace polybot::runtime
