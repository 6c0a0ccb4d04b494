// What can go wrong with a request over the bus, as an error code. The loss of a published message
// has no code here: PUB/SUB never reports it, and the receiver counts it (see continuity.hpp).
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace polybot::bus {

enum class Errc {
  TimedOut = 1,  // no answer in time: the server is gone, slow, or the answer was lost
  Closed,        // this end was closed
  TooLarge,      // above kFrameBytesMax
  Busy,          // as many requests are under way as the configuration allows
  Refused,       // the server answered that it cannot serve this request
  Malformed,     // the answer was not one of our envelopes
  Transport,     // NNG failed in another way
};

const boost::system::error_category& error_category();

inline boost::system::error_code make_error_code(Errc code) {
  return {static_cast<int>(code), error_category()};
}

}  // namespace polybot::bus

template <>
struct boost::system::is_error_code_enum<polybot::bus::Errc> : std::true_type {};
