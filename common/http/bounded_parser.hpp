// Beast's message parser behind one function that may be called with any bytes at any time. Adds
// what the parser leaves to its caller: a bound on the whole header and on what a chunked body
// carries beside its content (chunk lines, extensions, trailers), and what chunked coding needs. No
// I/O. Private to this library (it includes Beast).
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polybot::http {

template <bool kIsRequest>
class BoundedParser {
 public:
  using Parser = boost::beast::http::parser<kIsRequest, boost::beast::http::string_body>;

  BoundedParser(std::size_t header_bytes_max, std::size_t body_bytes_max)
      : header_bytes_max_(header_bytes_max) {
    parser_.eager(true);
    parser_.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    parser_.body_limit(body_bytes_max);
  }

  // `bytes` is all that is buffered; sets `used` to how many of them are consumed. The caller gives
  // the rest again with more behind it, or to the next message once is_done(). Any error except
  // success is final.
  [[nodiscard]] boost::system::error_code feed(std::string_view bytes, std::size_t& used);

  [[nodiscard]] bool is_done() const { return parser_.is_done(); }
  [[nodiscard]] Parser& beast() { return parser_; }
  [[nodiscard]] const Parser& beast() const { return parser_; }

 private:
  // "0\r\n\r\n" is the least that can be left of a chunked body at any time. Boost 1.81 asserts
  // that it is shown no less, once it has seen the last chunk's line, and the peer decides where a
  // read ends.
  static constexpr std::size_t kChunkedRestMin = 5;

  // "1\r\nx\r\n": the framing of the smallest chunk, with some room.
  static constexpr std::size_t kFramingPerByteMax = 8;

  std::size_t header_bytes_max_;
  std::size_t header_bytes_ = 0;  // consumed while the header was not complete
  std::size_t body_bytes_ = 0;    // consumed since, framing included
  Parser parser_;
};

template <bool kIsRequest>
boost::system::error_code BoundedParser<kIsRequest>::feed(std::string_view bytes,
                                                          std::size_t& used) {
  namespace http = boost::beast::http;
  used = 0;
  const bool header_was_done = parser_.is_header_done();
  while (!parser_.is_done()) {
    const std::string_view rest = bytes.substr(used);
    const bool in_chunks = parser_.is_header_done() && parser_.chunked();
    if (rest.empty() || (in_chunks && rest.size() < kChunkedRestMin)) break;
    boost::system::error_code ec;
    const std::size_t taken = parser_.put(boost::asio::buffer(rest.data(), rest.size()), ec);
    used += taken;
    if (ec && ec != http::error::need_more) return ec;
    if (taken == 0) break;
  }
  (header_was_done ? body_bytes_ : header_bytes_) += used;
  // Beast bounds what it is shown at once; this bounds a header that arrives line by line.
  if (!parser_.is_header_done() && header_bytes_ + (bytes.size() - used) > header_bytes_max_) {
    return http::error::header_limit;
  }
  if (parser_.is_header_done() && parser_.chunked() && !parser_.is_done()) {
    const std::size_t content = parser_.get().body().size();
    const std::size_t framing_max = header_bytes_max_ + kFramingPerByteMax * content;
    if (body_bytes_ + (bytes.size() - used) > content + framing_max) {
      return http::error::header_limit;
    }
  }
  return {};
}

}  // namespace polybot::http
