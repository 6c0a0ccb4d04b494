// NNG's handles by number, its results as exceptions, and its TLS settings. For the sources named
// nng* alone.
#pragma once

#include <nng/nng.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/bus/address.hpp"

struct nng_tls_config;

namespace polybot::bus::nng {

inline nng_socket socket_of(std::uint32_t id) {
  return nng_socket{.id = id};
}

inline void check(int result, const char* what) {
  if (result != 0)
    throw std::runtime_error(std::string("bus: ") + what + ": " + nng_strerror(result));
}

// What NNG demands and shows at an address; it reads the files. Throws std::runtime_error with the
// file that cannot be used.
using TlsConfig = std::unique_ptr<nng_tls_config, void (*)(nng_tls_config*)>;
[[nodiscard]] TlsConfig make_tls_config(EndpointRole role, const Tls& tls);

}  // namespace polybot::bus::nng
