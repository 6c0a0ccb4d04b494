// A WebSocket client connection, ws or wss.
//
// One object is at most one connection at a time; connect() again after an end is allowed. It does
// not reconnect and, unless asked, sends no pings of its own: what keeps a link alive differs by
// venue and is decided above. Reads and writes may overlap; overlapping writes queue in call order.
// All calls on the executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/http/transport.hpp"
#include "common/http/websocket_session.hpp"

namespace polybot::http {

struct WebSocketClientOptions {
  std::string user_agent = "polybot/0.1";
  std::chrono::milliseconds connect_timeout{10'000};  // lookup, TCP, TLS and upgrade together
  std::chrono::milliseconds idle_timeout{
      0};  // no frame for this long ends the connection; 0: no limit
  std::chrono::milliseconds close_timeout{2'000};
  std::size_t message_bytes_max = 8 * 1024 * 1024;
  std::size_t waiting_writes_max = 1024;
  std::shared_ptr<const Transport> transport = nullptr;  // as in ClientOptions
};

class WebSocketClient {
 public:
  WebSocketClient(boost::asio::any_io_executor executor, WebSocketClientOptions options);
  // Cuts the connection; operations under way end with operation_aborted.
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  // Errors: lookup, connect, proxy, TLS (fault.hpp names them); boost::beast::error::timeout; a
  // refused upgrade is boost::beast::websocket::error::upgrade_declined, a redirect
  // Fault::Redirected.
  [[nodiscard]] boost::asio::awaitable<boost::system::error_code> connect(std::string url,
                                                                          Headers headers = {});
  // The next message (text or binary alike); the view is valid until the next read. A close by the
  // peer is boost::beast::websocket::error::closed, see close_code().
  [[nodiscard]] boost::asio::awaitable<boost::system::result<std::string_view>> read();
  // Completes when the text was handed to the system.
  [[nodiscard]] boost::asio::awaitable<boost::system::error_code> write(std::string text);
  // The closing handshake, bounded by close_timeout; a pending read ends.
  [[nodiscard]] boost::asio::awaitable<void> close(CloseCode code = CloseCode::Normal);
  // Cuts the connection now; pending operations end with operation_aborted.
  void cancel();

  [[nodiscard]] bool is_open() const;
  [[nodiscard]] std::uint16_t close_code() const;  // as received; 0: none
  [[nodiscard]] std::string close_reason() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // shared with operations under way
};

}  // namespace polybot::http
