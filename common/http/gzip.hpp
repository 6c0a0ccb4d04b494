// Unpacks an answer's body. No I/O. Private to this library.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace polybot::http {

// The content of one or more gzip members (RFC 1952), at most `bytes_max` of it: more is
// Fault::EncodingTooLarge, found when that much has been unpacked. Anything else than whole members
// is Fault::EncodingBroken.
[[nodiscard]] boost::system::result<std::string> gunzip(std::string_view packed,
                                                        std::size_t bytes_max);

}  // namespace polybot::http
