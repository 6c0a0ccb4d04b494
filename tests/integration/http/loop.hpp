// Runs one coroutine to its end on an io_context, with a bound, and sends raw bytes to a server.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace polybot::test {

namespace asio = boost::asio;
using asio::ip::tcp;
inline constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// A test that does not end within this time has hung.
inline constexpr std::chrono::seconds kPatience{20};

inline void run(asio::io_context& io, asio::awaitable<void> body) {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(body), [&](std::exception_ptr error) {
    done = true;
    failure = error;
    io.stop();
  });
  io.restart();
  io.run_for(kPatience);
  if (failure) std::rethrow_exception(failure);
  ASSERT_TRUE(done) << "the test hung";
}

// A connection that sends what it is told and shows what comes back.
class RawConnection {
 public:
  explicit RawConnection(asio::any_io_executor executor) : socket(std::move(executor)) {}

  asio::awaitable<void> connect(std::uint16_t port) {
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  }
  asio::awaitable<void> send(std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), kAsTuple);
  }
  // One response with a Content-Length (or none), head and body.
  asio::awaitable<std::string> response(bool head_only = false) {
    auto [ec, size] = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffered_),
                                                      "\r\n\r\n", kAsTuple);
    if (ec) co_return std::exchange(buffered_, {});
    std::size_t length = 0;
    const std::size_t field = buffered_.find("Content-Length: ");
    if (!head_only && field < size) length = std::stoul(buffered_.substr(field + 16));
    while (buffered_.size() < size + length) {
      auto [failed, more] = co_await asio::async_read(
          socket, asio::dynamic_buffer(buffered_),
          asio::transfer_exactly(size + length - buffered_.size()), kAsTuple);
      if (failed) break;
    }
    std::string whole = buffered_.substr(0, size + length);
    buffered_.erase(0, size + length);
    co_return whole;
  }
  // All that comes until the peer closes.
  asio::awaitable<std::string> rest() {
    co_await asio::async_read(socket, asio::dynamic_buffer(buffered_), kAsTuple);
    co_return std::exchange(buffered_, {});
  }

  tcp::socket socket;

 private:
  std::string buffered_;
};

}  // namespace polybot::test
