// One outgoing connection, with or without TLS: one type for both, so that what is built on top
// (HTTP, a WebSocket) is written and compiled once. Private to this library.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/container/static_vector.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace polybot::http {

using TcpStream = boost::beast::tcp_stream;

// What runs when an operation of a Stream has ended: any handler behind one type, with its executor
// and its cancellation slot. Called once.
class Completion {
 public:
  using executor_type = boost::asio::any_io_executor;
  using cancellation_slot_type = boost::asio::cancellation_slot;

  template <class Handler>
  Completion(Handler handler, const executor_type& otherwise)
      : executor_(boost::asio::get_associated_executor(handler, otherwise)),
        slot_(boost::asio::get_associated_cancellation_slot(handler)),
        held_(std::make_unique<Held<Handler>>(std::move(handler))) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }
  void operator()(const boost::system::error_code& ec, std::size_t size = 0) {
    std::exchange(held_, nullptr)->complete(ec, size);
  }

 private:
  struct Any {
    Any() = default;
    Any(const Any&) = delete;
    Any& operator=(const Any&) = delete;
    virtual ~Any() = default;
    virtual void complete(const boost::system::error_code& ec, std::size_t size) = 0;
  };
  template <class Handler>
  struct Held final : Any {
    explicit Held(Handler held) : handler(std::move(held)) {}
    void complete(const boost::system::error_code& ec, std::size_t size) override {
      if constexpr (std::is_invocable_v<Handler&, boost::system::error_code, std::size_t>) {
        handler(ec, size);
      } else {
        handler(ec);
      }
    }
    Handler handler;
  };

  executor_type executor_;
  cancellation_slot_type slot_;
  std::unique_ptr<Any> held_;
};

// An AsyncStream to Asio and Beast. Its lowest layer is the TCP stream, which has the deadlines.
class Stream {
 public:
  using executor_type = TcpStream::executor_type;
  using next_layer_type = TcpStream;

  // Without a context: plain TCP. Neither is connected yet.
  Stream(const executor_type& executor, std::shared_ptr<boost::asio::ssl::context> tls);

  [[nodiscard]] executor_type get_executor() noexcept { return next_layer().get_executor(); }
  [[nodiscard]] TcpStream& next_layer() noexcept { return tls_ ? tls_->next_layer() : *plain_; }
  [[nodiscard]] const TcpStream& next_layer() const noexcept {
    return tls_ ? tls_->next_layer() : *plain_;
  }
  [[nodiscard]] bool is_encrypted() const { return tls_ != nullptr; }

  // Handshake with SNI and host name verification; nothing to do without TLS. A certificate that
  // cannot be verified is a Fault that says why.
  [[nodiscard]] boost::asio::awaitable<boost::system::error_code> handshake(std::string host);

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, Transferred>(
        [this](auto handler, const MutableBuffers& into) {
          start_read(into, Completion(std::move(handler), get_executor()));
        },
        token, first_of<MutableBuffers>(buffers));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, Transferred>(
        [this](auto handler, const ConstBuffers& from) {
          start_write(from, Completion(std::move(handler), get_executor()));
        },
        token, first_of<ConstBuffers>(buffers));
  }
  // How a WebSocket ends the connection below it (a customization point of Beast).
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
    stream.start_teardown(role, Completion(std::decay_t<Handler>(std::forward<Handler>(handler)),
                                           stream.get_executor()));
  }

 private:
  using Transferred = void(boost::system::error_code, std::size_t);
  // More than a WebSocket passes at a time; what is behind them is left to the next call.
  static constexpr std::size_t kBuffersMax = 8;
  using MutableBuffers = boost::container::static_vector<boost::asio::mutable_buffer, kBuffersMax>;
  using ConstBuffers = boost::container::static_vector<boost::asio::const_buffer, kBuffersMax>;

  template <class Few, class Buffers>
  static Few first_of(const Buffers& buffers) {
    Few few;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const typename Few::value_type buffer(*it);
      if (buffer.size() == 0) continue;
      if (few.size() == few.capacity()) break;
      few.push_back(buffer);
    }
    return few;
  }
  void start_read(const MutableBuffers& into, Completion done);
  void start_write(const ConstBuffers& from, Completion done);
  void start_teardown(boost::beast::role_type role, Completion done);
  [[nodiscard]] boost::system::error_code expect_peer(const std::string& host);

  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<TcpStream> plain_;  // one of the two
  std::unique_ptr<boost::beast::ssl_stream<TcpStream>> tls_;
};

}  // namespace polybot::http
