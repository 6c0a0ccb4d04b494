// The server's side of one WebSocket over Beast. Private to this library.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <string>

#include "common/http/router.hpp"
#include "common/http/websocket_session.hpp"

namespace polybot::http {

// Held by the session coroutine, by its handler, and by its own pending operations.
class WebSocketConnection : public WebSocketSession,
                            public std::enable_shared_from_this<WebSocketConnection> {
 public:
  using Upgrade = boost::beast::http::request<boost::beast::http::string_body>;

  WebSocketConnection(boost::asio::ip::tcp::socket socket, Request request,
                      const WebSocketOptions& options);

  // Answers the upgrade. On an error the connection is of no further use.
  [[nodiscard]] boost::asio::awaitable<boost::system::error_code> accept(Upgrade upgrade,
                                                                         std::string server_name);
  // Waits until the closing handshake has ended, one way or the other.
  [[nodiscard]] boost::asio::awaitable<void> closed();
  // Closes the socket at once.
  void cut();

  using WebSocketSession::close;
  using WebSocketSession::send;
  SendOutcome send(SharedText text) override;
  boost::asio::awaitable<boost::system::result<std::string>> receive() override;
  void close(CloseCode code, std::string_view reason) override;
  bool is_open() const override { return state_ == State::Open; }
  std::size_t queued_messages() const override { return queue_.size(); }
  const Request& request() const override { return request_; }

 private:
  enum class State : std::uint8_t { Open, Closing, Closed };

  void write_front();
  void on_written(const boost::system::error_code& ec);
  void make_room_to_close();
  void begin_close();
  void end();

  boost::beast::websocket::stream<boost::asio::ip::tcp::socket, false> stream_;  // no deflate
  boost::asio::steady_timer close_timer_;
  boost::asio::steady_timer closed_;  // expires never; cancelled when state_ becomes Closed
  boost::beast::flat_buffer buffer_;
  Request request_;
  WebSocketOptions options_;
  std::deque<SharedText> queue_;  // the front is being written while writing_
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  State state_ = State::Open;
  bool close_begun_ = false;
  boost::beast::websocket::close_reason close_reason_;
};

}  // namespace polybot::http
