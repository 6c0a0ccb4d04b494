#include "common/http/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace polybot::http {
namespace beast = boost::beast;

void RequestReader::reset() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(static_cast<std::uint32_t>(header_bytes_max_));
  parser_->body_limit(body_bytes_max_);
  continue_sent_ = false;
  header_bytes_ = 0;
}

RequestReader::State RequestReader::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  const bool header_was_done = header_done();
  // Beast skips nothing before a request line; RFC 9112 §2.2 lets a server ignore an empty line
  // there.
  if (!parser_->got_some()) {
    while (bytes.substr(used).starts_with("\r\n")) used += 2;
  }
  // put() stops at the end of each chunk of a chunked body, so it is called until it makes no
  // progress.
  while (!parser_->is_done()) {
    boost::system::error_code ec;
    const std::string_view rest = bytes.substr(used);
    if (rest.empty()) break;
    const std::size_t taken = parser_->put(boost::asio::buffer(rest.data(), rest.size()), ec);
    used += taken;
    if (ec == beast::http::error::need_more) {
      if (taken == 0) break;
      continue;
    }
    if (ec) return fail(ec);
    if (taken == 0) break;
  }
  if (!header_was_done) header_bytes_ += used;
  if (!header_was_done && header_done() && check_host() == State::Failed) return State::Failed;
  // Beast bounds what it is shown at once; this bounds a header that trickles in line by line.
  if (!header_done() && header_bytes_ + (bytes.size() - used) > header_bytes_max_) {
    return fail(431, "the header is too large");
  }
  return parser_->is_done() ? State::Complete : State::NeedMore;
}

bool RequestReader::take_continue() {
  if (continue_sent_ || !header_done() || parser_->is_done()) return false;
  const auto& request = parser_->get();
  if (request.version() < 11 ||
      !beast::iequals(request[beast::http::field::expect], "100-continue")) {
    return false;
  }
  continue_sent_ = true;
  return true;
}

Method RequestReader::method() const {
  const auto token = parser_->get().method_string();
  return parse_method({token.data(), token.size()});
}

Request RequestReader::take() {
  auto& message = parser_->get();
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

RequestReader::State RequestReader::check_host() {
  const auto& request = parser_->get();
  const auto hosts = request.count(beast::http::field::host);
  if (hosts == 1 || (hosts == 0 && request.version() < 11)) return State::NeedMore;
  return fail(400, "a request has one Host field");  // RFC 9112 §3.2
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
