#include "services/gateway/api/json_writer.hpp"

#include "common/http/message.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::gateway {

void JsonWriter::separate() {
  if (!first_) text_.push_back(',');
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  text_.push_back(bracket);
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_.push_back(bracket);
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  http::append_json_string(text_, name);
  text_.push_back(':');
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  http::append_json_string(text_, text);
  return *this;
}

JsonWriter& JsonWriter::value(domain::Timestamp at) {
  if (at == domain::Timestamp{}) return null();
  return value(runtime::to_rfc3339(at));
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  text_.append(json);
  return *this;
}

}  // namespace polybot::gateway
