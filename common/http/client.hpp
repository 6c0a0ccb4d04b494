// An HTTP/1.1 client with a keep-alive pool per host, plain or TLS.
//
// Built for requests that move money: a request is written at most once. When it fails, the failure
// says whether any byte of it may have left this machine. Only a request of which no byte has left
// may be sent again, and only the caller does that. (A pooled connection that is dead before the
// first byte was written is replaced silently.)
//
// TLS verifies the peer as the Transport says; without one there is no TLS. All calls on the
// executor's thread. Destroying the client cuts its connections; requests under way then end with
// operation_aborted.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/http/transport.hpp"

namespace polybot::http {

struct ClientOptions {
  std::string user_agent = "polybot/0.1";
  std::chrono::milliseconds connect_timeout{5'000};  // name lookup, TCP and TLS handshake together
  std::chrono::milliseconds request_timeout{
      10'000};                                     // from the call to the last byte of the answer
  std::chrono::milliseconds idle_timeout{30'000};  // a pooled connection older than this is dropped
  std::size_t connections_per_host_max = 8;
  std::size_t waiting_requests_max = 1024;  // for a free connection; one more fails at once
  std::size_t response_bytes_max = 8 * 1024 * 1024;
  std::size_t header_bytes_max = 64 * 1024;
  // Whom to trust and which proxy to use: one for all clients of a process. Without one there are
  // only plain connections, and no proxy.
  std::shared_ptr<const Transport> transport = nullptr;
};

struct ClientRequest {
  Method method = Method::Get;
  std::string url;  // absolute, http or https
  // Beside Host, User-Agent, Content-Length and Connection. "Accept-Encoding: gzip" goes with every
  // Get; another method must ask for it.
  Headers headers;
  std::string body;
  std::string content_type = "application/json";     // sent when there is a body
  std::optional<std::chrono::milliseconds> timeout;  // instead of request_timeout
  // Asked when the connection stands, directly before the first byte is handed to the system, and
  // again before the first byte on the connection that replaces a dead one. False: nothing leaves,
  // and the request ends with Fault::HeldBack. Absent: it leaves.
  std::function<bool()> may_leave{};
};

struct ClientResponse {
  unsigned status = 0;
  Headers headers;
  std::string body;
};

struct Failure {
  enum class Stage : std::uint8_t {
    Prepare,
    Pool,
    Resolve,
    Connect,
    Proxy,
    Handshake,
    Write,
    Read
  };

  boost::system::error_code ec;
  // True from the moment the first byte was handed to the system: the peer may have acted on it.
  bool request_may_have_left = false;
  Stage stage = Stage::Prepare;
  std::string detail{};  // for a person, bounded; empty: ec says it all

  // "read: The socket was closed due to a timeout"
  [[nodiscard]] std::string message() const;
};
[[nodiscard]] std::string_view to_string(Failure::Stage stage);
// Makes Outcome::value() throw boost::system::system_error.
[[noreturn]] void throw_exception_from_error(const Failure& failure,
                                             const boost::source_location& location);

using Outcome = boost::system::result<ClientResponse, Failure>;

class Client {
 public:
  Client(boost::asio::any_io_executor executor, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // gcc 12 destroys an aggregate temporary inside a co_await expression wrongly: build the request
  // in a variable of its own and move it in, never `co_await client.send({.url = ...})`.
  //
  // Any HTTP status is a success here, but for redirects: Fault::Redirected. A packed body (gzip)
  // is unpacked. A time-out is boost::beast::error::timeout, however slowly the answer drips; an
  // oversize answer is http error::body_limit or Fault::EncodingTooLarge.
  [[nodiscard]] boost::asio::awaitable<Outcome> send(ClientRequest request);
  [[nodiscard]] boost::asio::awaitable<Outcome> get(std::string url, Headers headers = {});

  // Connections now open, in use or idle.
  [[nodiscard]] std::size_t connections() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // shared with requests under way
};

}  // namespace polybot::http
