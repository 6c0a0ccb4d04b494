// Reads JSON of other processes field by field. A field that is missing or of another kind is
// empty, because the launcher shows what it has.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::launcher {

// Empty when the text is no object.
[[nodiscard]] boost::json::object parse_object(std::string_view text);
// A text as it is, another value as JSON; "-" when it is missing or null.
[[nodiscard]] std::string shown_text(const boost::json::object& object, std::string_view key);
// The text; empty when it is none.
[[nodiscard]] std::string text_field(const boost::json::object& object, std::string_view key);
[[nodiscard]] const boost::json::object& object_field(const boost::json::object& object,
                                                      std::string_view key);
// The objects of an array.
[[nodiscard]] std::vector<std::reference_wrapper<const boost::json::object>> objects_field(
    const boost::json::object& object, std::string_view key);
// The texts of an array.
[[nodiscard]] std::vector<std::string> texts_field(const boost::json::object& object,
                                                   std::string_view key);
// `otherwise` when it is no whole number from 0 on.
[[nodiscard]] std::uint64_t number_field(const boost::json::object& object, std::string_view key,
                                         std::uint64_t otherwise = 0);
// False only when the field says so.
[[nodiscard]] bool is_not_false(const boost::json::object& object, std::string_view key);

}  // namespace polybot::launcher
