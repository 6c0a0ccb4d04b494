#include "common/wire/decode_error.hpp"

namespace polybot::wire {

std::string_view to_string(DecodeError error) {
  switch (error) {
    case DecodeError::None:
      return "none";
    case DecodeError::Malformed:
      return "malformed";
    case DecodeError::Missing:
      return "missing";
    case DecodeError::BadId:
      return "bad_id";
    case DecodeError::BadName:
      return "bad_name";
    case DecodeError::BadText:
      return "bad_text";
    case DecodeError::BadEnum:
      return "bad_enum";
    case DecodeError::OutOfRange:
      return "out_of_range";
  }
  return "unknown";
}

}  // namespace polybot::wire
