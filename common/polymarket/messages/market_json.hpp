// How versions and fees stand in the JSON of listings and of CLOB records. Internal to this
// library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {

// Faults are left in the reader. Absent: V1.
[[nodiscard]] ProtocolVersion read_version(ObjectReader& reader, std::string_view key);
[[nodiscard]] std::string_view version_name(ProtocolVersion version);
// Null: free. A fault is left in `parent`.
[[nodiscard]] domain::FeeSchedule read_fee(const boost::json::value* value,
                                           std::string_view rate_key, std::string_view exponent_key,
                                           ObjectReader& parent);
// 0.07 of 70000 parts per million: a number in JSON is spelled as our decimals are.
[[nodiscard]] std::string rate_text(std::int64_t ppm);

}  // namespace polybot::polymarket
