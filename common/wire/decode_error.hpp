// Why bytes from outside were refused. Decoding never throws and never asserts: every decoder
// returns one of these, None when the value is whole and within its ranges.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/domain/enumeration.hpp"

namespace polybot::wire {

enum class [[nodiscard]] DecodeError : std::uint8_t{
    None,
    Malformed,   // not a message of this kind
    Missing,     // a part that must be there is not
    BadId,       // not 32 bytes, or zero where an id must be
    BadName,     // a name that no configuration accepts
    BadText,     // not UTF-8, or too long
    BadEnum,     // a value this build does not know
    OutOfRange,  // a price outside 0..1, a negative or absurd quantity, count, time or number
};
[[nodiscard]] constexpr std::string_view to_string(DecodeError error) {
  return domain::name_of(error);
}

}  // namespace polybot::wire
