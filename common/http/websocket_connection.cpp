#include "common/http/websocket_connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/field.hpp>
#include <utility>

#include "common/http/completion.hpp"

namespace polybot::http {
namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {
constexpr std::chrono::seconds kHandshakeTimeout{10};
// RFC 6455 §5.5: a control frame carries 125 bytes, two of them the code.
constexpr std::size_t kCloseReasonBytesMax = 123;
// Messages that the kernel holds for a peer that does not read are older than those that
// queue_messages_max bounds. Without this the buffer grows to megabytes, on loopback at once.
constexpr int kSendBufferBytes = 64 * 1024;
// Room for the closing frame, and for the kernel's own accounting.
constexpr int kClosingRoomBytes = 64 * 1024;
}  // namespace

WebSocketConnection::WebSocketConnection(asio::ip::tcp::socket socket, Request request,
                                         const WebSocketOptions& options)
    : stream_(std::move(socket)),
      close_timer_(stream_.get_executor()),
      closed_(stream_.get_executor(), asio::steady_timer::time_point::max()),
      request_(std::move(request)),
      options_(options) {
  error_code ignored;  // a socket that is dead already says so at the handshake
  stream_.next_layer().set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
  stream_.auto_fragment(false);
  stream_.text(true);
  stream_.read_message_max(options_.message_bytes_max);
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = kHandshakeTimeout;
  timeout.idle_timeout =
      options_.idle_timeout.count() > 0
          ? std::chrono::duration_cast<websocket::stream_base::duration>(options_.idle_timeout)
          : websocket::stream_base::none();
  timeout.keep_alive_pings = options_.pings && options_.idle_timeout.count() > 0;
  stream_.set_option(timeout);
}

asio::awaitable<error_code> WebSocketConnection::accept(Upgrade upgrade, std::string server_name) {
  stream_.set_option(websocket::stream_base::decorator(
      [server_name = std::move(server_name)](websocket::response_type& response) {
        response.set(boost::beast::http::field::server, server_name);
      }));
  auto [ec] = co_await stream_.async_accept(upgrade, kAsTuple);
  if (ec) end();
  co_return ec;
}

WebSocketSession::SendOutcome WebSocketConnection::send(SharedText text) {
  if (state_ != State::Open) return SendOutcome::Closed;
  if (queue_.size() >= options_.queue_messages_max ||
      queued_bytes_ + text->size() > options_.queue_bytes_max) {
    // What the peer has not read by now is stale; only the frame under way cannot be taken back.
    queue_.resize(writing_ ? 1 : 0);
    close(CloseCode::TryAgainLater, "too slow");
    return SendOutcome::Overflow;
  }
  queued_bytes_ += text->size();
  queue_.push_back(std::move(text));
  if (!writing_) write_front();
  return SendOutcome::Queued;
}

void WebSocketConnection::write_front() {
  writing_ = true;
  const SharedText text = queue_.front();
  stream_.async_write(asio::buffer(*text),
                      [self = shared_from_this(), text](const error_code& ec, std::size_t) {
                        self->on_written(ec);
                      });
}

void WebSocketConnection::on_written(const error_code& ec) {
  writing_ = false;
  queued_bytes_ -= queue_.front()->size();
  queue_.pop_front();
  if (ec) {
    end();
    return;
  }
  if (state_ == State::Closed) return;
  if (!queue_.empty()) {
    write_front();
  } else if (state_ == State::Closing) {
    begin_close();
  }
}

asio::awaitable<boost::system::result<std::string>> WebSocketConnection::receive() {
  if (state_ == State::Closed) co_return asio::error::eof;
  buffer_.clear();
  auto [ec, size] = co_await stream_.async_read(buffer_, kAsTuple);
  if (ec) {
    // While we are closing, Beast's close operation ends the connection; the read only makes room.
    if (state_ == State::Open) end();
    if (ec == websocket::error::closed) co_return asio::error::eof;
    co_return ec;
  }
  if (state_ != State::Open) co_return asio::error::eof;
  if (!stream_.got_text()) {
    close(CloseCode::UnsupportedData, "text only");
    co_return asio::error::eof;
  }
  co_return boost::beast::buffers_to_string(buffer_.data());
}

void WebSocketConnection::close(CloseCode code, std::string_view reason) {
  if (state_ != State::Open) return;
  state_ = State::Closing;
  reason = reason.substr(0, kCloseReasonBytesMax);
  close_reason_ = {static_cast<websocket::close_code>(code), {reason.data(), reason.size()}};
  if (writing_) make_room_to_close();
  // A peer that does not read must not keep the frame under way and the handshake open for long.
  close_timer_.expires_after(options_.close_timeout);
  close_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->end();
  });
  if (!writing_) begin_close();
}

// The kernel holds all it may for a peer that does not read. With room for the rest of the frame
// under way and for the closing frame, it takes both and keeps them for a while after our end is
// gone: the peer finds the reason when it reads on.
void WebSocketConnection::make_room_to_close() {
  const std::size_t rest = std::min(queue_.front()->size(), options_.queue_bytes_max);
  error_code ignored;  // without the room the peer sees the connection end, and not why
  stream_.next_layer().set_option(
      asio::socket_base::send_buffer_size(kSendBufferBytes + kClosingRoomBytes +
                                          static_cast<int>(rest)),
      ignored);
}

void WebSocketConnection::begin_close() {
  if (close_begun_) return;
  close_begun_ = true;
  stream_.async_close(close_reason_,
                      [self = shared_from_this()](const error_code&) { self->end(); });
}

void WebSocketConnection::end() {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  cut();
  close_timer_.cancel();
  closed_.cancel();
}

void WebSocketConnection::cut() {
  error_code ignored;
  stream_.next_layer().close(ignored);
}

asio::awaitable<void> WebSocketConnection::closed() {
  while (state_ != State::Closed) co_await closed_.async_wait(kAsTuple);
}

}  // namespace polybot::http
