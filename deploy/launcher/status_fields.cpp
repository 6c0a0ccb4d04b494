#include "deploy/launcher/status_fields.hpp"

#include <boost/json.hpp>

namespace polybot::launcher {

namespace json = boost::json;

std::string shown_text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return std::string(value->as_string());
  return json::serialize(*value);
}

std::string text_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

const json::object& object_field(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->as_object() : kNone;
}

const json::array& array_field(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->as_array() : kNone;
}

bool is_not_false(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_bool() || value->as_bool();
}

}  // namespace polybot::launcher
