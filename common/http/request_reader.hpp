// Turns the bytes of a connection into requests, within limits. No I/O: the server feeds it, and so
// do the fuzzer and the tests. Private to this library (it includes Beast).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/http/bounded_parser.hpp"
#include "common/http/message.hpp"

namespace polybot::http {

class RequestReader {
 public:
  enum class State : std::uint8_t { NeedMore, Complete, Failed };

  RequestReader(std::size_t header_bytes_max, std::size_t body_bytes_max)
      : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max) {
    reset();
  }

  // Makes ready for the next request of the connection.
  void reset();
  // `bytes` is all that is buffered; sets `used` to how many of them are consumed. The caller gives
  // the rest again: with more behind it after NeedMore, to the next request after Complete.
  [[nodiscard]] State feed(std::string_view bytes, std::size_t& used);

  [[nodiscard]] bool header_done() const { return parser().is_header_done(); }
  // True once, when the header is complete and asks for "100 Continue" before its body.
  [[nodiscard]] bool take_continue();

  // A failure found by the caller, e.g. a time limit.
  void set_failure(unsigned status, std::string_view detail) { fail(status, detail); }
  // After Failed: how to answer.
  [[nodiscard]] unsigned failure_status() const { return failure_status_; }
  [[nodiscard]] std::string_view failure_detail() const { return failure_detail_; }

  // After Complete.
  [[nodiscard]] Method method() const;
  [[nodiscard]] bool keep_alive() const { return parser().get().keep_alive(); }
  [[nodiscard]] unsigned version() const { return parser().get().version(); }
  [[nodiscard]] std::string_view target() const {
    return {parser().get().target().data(), parser().get().target().size()};
  }
  // Header and body, moved out; path, params and query are the router's to fill.
  [[nodiscard]] Request take();
  // For the WebSocket handshake.
  [[nodiscard]] const boost::beast::http::request<boost::beast::http::string_body>& raw() const {
    return parser().get();
  }

 private:
  using Parser = BoundedParser<true>;

  [[nodiscard]] const Parser::Parser& parser() const { return parser_->beast(); }
  State fail(unsigned status, std::string_view detail);
  State fail(const boost::system::error_code& ec);
  [[nodiscard]] bool has_one_host() const;
  // The field names another coding than the one that is `allowed`.
  [[nodiscard]] bool is_coded(boost::beast::http::field field, std::string_view allowed) const;

  std::size_t header_bytes_max_;
  std::size_t body_bytes_max_;
  std::optional<Parser> parser_;  // a new one for each request
  bool continue_sent_ = false;
  unsigned failure_status_ = 0;
  std::string_view failure_detail_;
};

}  // namespace polybot::http
