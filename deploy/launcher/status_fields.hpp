// The gateway's status as JSON, read field by field: what is missing or of another kind is empty,
// for the launcher shows what there is.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace polybot::launcher {

// A text as it is, another value as JSON; "-" when it is missing or null.
[[nodiscard]] std::string shown_text(const boost::json::object& object, std::string_view key);
// The text; empty when it is none.
[[nodiscard]] std::string text_field(const boost::json::object& object, std::string_view key);
[[nodiscard]] const boost::json::object& object_field(const boost::json::object& object,
                                                      std::string_view key);
[[nodiscard]] const boost::json::array& array_field(const boost::json::object& object,
                                                    std::string_view key);
// False only when it says so.
[[nodiscard]] bool is_not_false(const boost::json::object& object, std::string_view key);

}  // namespace polybot::launcher
