// NNG's handles by number, and its results as exceptions. For nng.cpp and nng_context.cpp alone.
#pragma once

#include <nng/nng.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace polybot::bus::nng {

inline nng_socket socket_of(std::uint32_t id) {
  return nng_socket{.id = id};
}

inline void check(int result, const char* what) {
  if (result != 0)
    throw std::runtime_error(std::string("bus: ") + what + ": " + nng_strerror(result));
}

}  // namespace polybot::bus::nng
