#include "deploy/launcher/json_fields.hpp"

#include <boost/json.hpp>
#include <utility>

namespace polybot::launcher {

namespace json = boost::json;

namespace {

const json::array& array_field(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->as_array() : kNone;
}

}  // namespace

json::object parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error || !value.is_object() ? json::object{} : std::move(value.as_object());
}

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

std::vector<std::reference_wrapper<const json::object>> objects_field(const json::object& object,
                                                                      std::string_view key) {
  std::vector<std::reference_wrapper<const json::object>> objects;
  for (const json::value& value : array_field(object, key)) {
    if (value.is_object()) objects.emplace_back(value.as_object());
  }
  return objects;
}

std::vector<std::string> texts_field(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  for (const json::value& value : array_field(object, key)) {
    if (value.is_string()) texts.emplace_back(value.as_string());
  }
  return texts;
}

std::uint64_t number_field(const json::object& object, std::string_view key,
                           std::uint64_t otherwise) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return otherwise;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? otherwise : number;
}

bool is_not_false(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_bool() || value->as_bool();
}

}  // namespace polybot::launcher
