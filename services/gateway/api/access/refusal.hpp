// Why the API turns a request away at the door; the words are label values of
// polybot_requests_refused_total.
#pragma once

#include <cstdint>

#include "common/domain/enumeration.hpp"

namespace polybot::gateway {

enum class ApiRefusal : std::uint8_t {
  Host = 0,           // a name that may be rebound to this address
  Origin = 1,         // a page of another site
  Crowded = 2,        // a connection closed, or answered 503, because all are taken
  NoToken = 3,        // where one is needed
  WrongToken = 4,     // that nobody has
  RevokedToken = 5,   // that somebody had
  ReadOnlyToken = 6,  // for a command
};

}  // namespace polybot::gateway
