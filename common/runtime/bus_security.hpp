// How a process is protected on the bus: [bus] trusted_network, and the certificates of [bus.tls].
// They are looked at when the configuration is read, because NNG, which uses them, does not say why
// a peer refused them: it dials again, for ever.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "common/bus/address.hpp"
#include "common/runtime/config.hpp"

namespace polybot::runtime {

struct BusSecurity {
  // bus.trusted_network: whether tcp without TLS may leave loopback.
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  // bus.tls.certificate_file: our certificate and its key (PEM). Empty: no TLS.
  std::filesystem::path certificate_file;
  // bus.tls.authorities: the folder with the authority of each role, SERVICE.pem.
  std::filesystem::path authorities;
  // When the certificate ends, in Unix seconds; 0 without TLS.
  std::int64_t certificate_ends_s = 0;

  // An address at whose other end are `peers`; with what TLS needs when its scheme is tls+tcp.
  [[nodiscard]] bus::Address address(const std::string& text,
                                     std::span<const std::string_view> peers) const;
};

// Errors name the file: it cannot be read, others may read its key, the key is not the
// certificate's, the certificate has ended, or the authority of this `service` has not issued it.
[[nodiscard]] BusSecurity read_bus_security(config::Reader& reader, std::string_view service);

}  // namespace polybot::runtime
