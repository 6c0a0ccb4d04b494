#include "common/http/request_reader.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace polybot::http {
namespace beast = boost::beast;

void RequestReader::reset() {
  parser_.emplace(header_bytes_max_, body_bytes_max_);
  continue_sent_ = false;
}

RequestReader::State RequestReader::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  // RFC 9112 §2.2: a server ignores empty lines before a request line.
  if (!parser().got_some()) {
    while (bytes.substr(used).starts_with("\r\n")) used += 2;
  }
  const bool header_was_done = header_done();
  std::size_t parsed = 0;
  const boost::system::error_code ec = parser_->feed(bytes.substr(used), parsed);
  used += parsed;
  if (ec) return fail(ec);
  if (!header_was_done && header_done()) {
    if (!has_one_host()) return fail(400, "a request has one Host field");
    if (is_coded(beast::http::field::content_encoding, "identity"))
      return fail(415, "the body must not be compressed");
    if (is_coded(beast::http::field::transfer_encoding, "chunked"))
      return fail(501, "chunked is the only transfer coding here");
  }
  return parser_->is_done() ? State::Complete : State::NeedMore;
}

bool RequestReader::take_continue() {
  if (continue_sent_ || !header_done() || parser_->is_done()) return false;
  const auto& request = parser().get();
  const auto expectation = request[beast::http::field::expect];
  if (request.version() < 11 || !beast::iequals(expectation, "100-continue")) return false;
  continue_sent_ = true;
  return true;
}

Method RequestReader::method() const {
  const auto token = parser().get().method_string();
  return parse_method({token.data(), token.size()});
}

Request RequestReader::take() {
  auto& message = parser_->beast().get();
  Request request;
  request.method = method();
  request.target = std::string(target());
  for (const auto& field : message) {
    request.headers.add({field.name_string().data(), field.name_string().size()},
                        {field.value().data(), field.value().size()});
  }
  request.body = std::move(message.body());
  return request;
}

// RFC 9112 §3.2.
bool RequestReader::has_one_host() const {
  const auto& request = parser().get();
  const auto hosts = request.count(beast::http::field::host);
  return hosts == 1 || (hosts == 0 && request.version() < 11);
}

// Nothing is unpacked here: what a client sends cannot grow.
bool RequestReader::is_coded(beast::http::field field, std::string_view allowed) const {
  const auto [first, last] = parser().get().equal_range(field);
  return std::any_of(first, last, [&](const auto& found) {
    return !beast::iequals(found.value(), beast::string_view(allowed.data(), allowed.size()));
  });
}

RequestReader::State RequestReader::fail(unsigned status, std::string_view detail) {
  failure_status_ = status;
  failure_detail_ = detail;
  return State::Failed;
}

RequestReader::State RequestReader::fail(const boost::system::error_code& ec) {
  namespace http = beast::http;
  if (ec == http::error::header_limit) return fail(431, "the header is too large");
  if (ec == http::error::body_limit) return fail(413, "the body is too large");
  if (ec == http::error::bad_version)
    return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (ec == http::error::bad_target) return fail(400, "malformed request target");
  return fail(400, "malformed request");
}

}  // namespace polybot::http
