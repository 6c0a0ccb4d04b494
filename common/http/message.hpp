// Requests and responses as plain values, for both ends of a connection.
//
// Nothing here does I/O and nothing includes Beast, so that a handler compiles in a second. A
// Request has been bounded and percent-decoded by the server before a handler sees it; a Response
// is sent as it stands, with Date, Content-Length and Connection added by the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polybot::http {

// `Other` is any further token; the server answers it 501 and never routes it.
enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };

// "GET" ... "OPTIONS", "other": the closed set of the `method` label.
[[nodiscard]] std::string_view to_string(Method method);
[[nodiscard]] Method parse_method(std::string_view token);
// Whether an answer of this status names another address (RFC 9110 §15.4).
[[nodiscard]] constexpr bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
// "OK", "Not Found", ...; "Unknown" for a code outside the registry.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

// Header fields in arrival order. Names compare without regard to case.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }

  // A field with CR, LF or NUL in its name or value is dropped everywhere, so that no text from
  // outside can split a message.
  //
  // Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  // Appends; for fields that may repeat.
  void add(std::string_view name, std::string_view value);
  // The first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  void reserve(std::size_t count) { fields_.reserve(count); }

 private:
  std::vector<Field> fields_;
};

// True when both differ at most in the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

struct Request {
  Method method = Method::Get;
  std::string target;    // as sent, e.g. "/api/v1/orders/42?limit=5"
  std::string path;      // percent-decoded, without the query
  std::string endpoint;  // the matched template, e.g. "/api/v1/orders/{id}"
  // Values of the template's parameters and of the query, percent-decoded; "+" in a query is a
  // space.
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;
  std::string remote_address;  // without the port

  // The value of `{name}`; empty when the template has no such parameter.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  // The first query value of that name.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";  // empty: no Content-Type field
  std::string body;
  Headers headers;  // further fields; Content-Length, Date and Connection are the server's
  bool close_connection = false;  // ends the connection after this response
  bool abort_connection = false;  // ends it without any response, to play a failing peer
};

[[nodiscard]] Response json(std::string body, unsigned status = 200);
[[nodiscard]] Response text(std::string body, unsigned status = 200);
// RFC 9457 application/problem+json:
// {"type":"about:blank","title":<reason>,"status":n,"detail":...}. `detail` is for a person;
// invalid UTF-8 in it is replaced.
[[nodiscard]] Response problem(unsigned status, std::string_view detail);
// The same with a type of our own, e.g. "urn:polybot:halted", and a title to match.
[[nodiscard]] Response problem(unsigned status, std::string_view type, std::string_view title,
                               std::string_view detail);

// Appends `text` as a JSON string literal, quotes included; invalid UTF-8 becomes U+FFFD. At most
// `bytes_max` bytes are appended between the quotes; false when the text had to be cut (never
// inside a character or an escape).
bool append_json_string(std::string& out, std::string_view text,
                        std::size_t bytes_max = std::string::npos);

}  // namespace polybot::http
