// Connecting to a host of several addresses, some of which are dead.
#include "common/http/connect.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/beast/core/error.hpp>

#include "tests/integration/http/loop.hpp"

namespace polybot::http {
namespace {

using namespace std::chrono_literals;
using test::asio::ip::address_v4;
using test::asio::ip::tcp;
namespace asio = boost::asio;

// An address that neither answers nor refuses: a listener whose queue is full drops connections.
class BlackHole {
 public:
  explicit BlackHole(asio::io_context& io,
                     const asio::ip::address& address = address_v4({127, 0, 0, 2}))
      : io_(io), listener_(io) {
    const tcp::endpoint at(address, 0);
    listener_.open(at.protocol());
    listener_.bind(at);
    listener_.listen(0);
    while (queued_.size() < 64 && connects()) {
    }
  }
  [[nodiscard]] tcp::endpoint endpoint() const { return listener_.local_endpoint(); }

 private:
  bool connects() {
    tcp::socket& socket = queued_.emplace_back(io_);
    socket.open(listener_.local_endpoint().protocol());
    socket.non_blocking(true);
    const tcp::endpoint to = endpoint();
    ::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    pollfd writable{socket.native_handle(), POLLOUT, 0};
    return ::poll(&writable, 1, 300) == 1;
  }

  asio::io_context& io_;
  tcp::acceptor listener_;
  std::vector<tcp::socket> queued_;
};

struct ConnectTest : testing::Test {
  boost::system::error_code connect(std::vector<tcp::endpoint> endpoints,
                                    std::chrono::milliseconds patience) {
    boost::system::error_code result;
    test::run(io,
              [](boost::beast::tcp_stream& to, std::vector<tcp::endpoint> where, Deadline until,
                 boost::system::error_code& out) -> asio::awaitable<void> {
                out = co_await connect_tcp(to, std::move(where), until);
              }(stream, std::move(endpoints), Deadline::clock::now() + patience, result));
    return result;
  }
  static bool has_ipv6(asio::io_context& io) {
    boost::system::error_code ec;
    tcp::acceptor probe(io);
    probe.open(tcp::v6(), ec);
    if (!ec) probe.bind({asio::ip::address_v6::loopback(), 0}, ec);
    return !ec;
  }
  static tcp::endpoint closed(asio::io_context& io) {
    const tcp::acceptor gone(io, {address_v4::loopback(), 0});
    return gone.local_endpoint();
  }

  asio::io_context io;
  tcp::acceptor listener{io, {address_v4::loopback(), 0}};
  boost::beast::tcp_stream stream{io};
};

TEST_F(ConnectTest, ADeadAddressDoesNotUseUpTheDeadline) {
  BlackHole hole(io);
  const auto begun = Deadline::clock::now();
  EXPECT_FALSE(connect({hole.endpoint(), listener.local_endpoint()}, 5s));
  EXPECT_EQ(stream.socket().remote_endpoint(), listener.local_endpoint());
  EXPECT_LT(Deadline::clock::now() - begun, 4s);
}

// A host with both families, and a network that swallows one of them.
TEST_F(ConnectTest, ABlackHoledIpv6CostsAQuarterOfASecond) {
  if (!has_ipv6(io)) GTEST_SKIP() << "this machine has no IPv6";
  BlackHole hole(io, asio::ip::address_v6::loopback());
  const auto begun = Deadline::clock::now();
  EXPECT_FALSE(connect({hole.endpoint(), hole.endpoint(), listener.local_endpoint()}, 5s));
  EXPECT_EQ(stream.socket().remote_endpoint(), listener.local_endpoint());
  EXPECT_LT(Deadline::clock::now() - begun, 2s);
}

TEST_F(ConnectTest, ManyDeadAddressesLeaveTimeForTheLast) {
  BlackHole hole(io);
  std::vector<tcp::endpoint> endpoints(10, hole.endpoint());
  endpoints.push_back(listener.local_endpoint());
  EXPECT_FALSE(connect(std::move(endpoints), 2s));
  EXPECT_EQ(stream.socket().remote_endpoint(), listener.local_endpoint());
}

TEST_F(ConnectTest, GoesOnAtOnceWhenAnAddressRefuses) {
  BlackHole hole(io);
  EXPECT_FALSE(connect({closed(io), closed(io), listener.local_endpoint(), hole.endpoint()}, 5s));
  EXPECT_EQ(stream.socket().remote_endpoint(), listener.local_endpoint());
}

TEST_F(ConnectTest, SaysWhatTheLastRefusalWas) {
  EXPECT_EQ(connect({closed(io), closed(io)}, 5s), asio::error::connection_refused);
}

TEST_F(ConnectTest, EndsAtTheDeadlineWithoutAnAnswer) {
  BlackHole hole(io);
  EXPECT_EQ(connect({hole.endpoint()}, 50ms), boost::beast::error::timeout);
}

asio::awaitable<void> close(boost::beast::tcp_stream& stream) {
  stream.close();
  co_return;
}

TEST_F(ConnectTest, EndsWhenItsStreamIsClosed) {
  using namespace asio::experimental::awaitable_operators;
  BlackHole hole(io);
  boost::system::error_code result;
  test::run(io,
            [](boost::beast::tcp_stream& to, tcp::endpoint where,
               boost::system::error_code& out) -> asio::awaitable<void> {
              std::vector<tcp::endpoint> endpoints{where};
              const Deadline until = Deadline::clock::now() + 10s;
              out = co_await (connect_tcp(to, std::move(endpoints), until) && close(to));
            }(stream, hole.endpoint(), result));
  EXPECT_EQ(result, asio::error::operation_aborted);
}

// The first attempt has failed by then, and closing the stream would end only that one.
TEST_F(ConnectTest, EndsWhenItsStreamIsClosedAfterTheFirstAddressHasRefused) {
  using namespace asio::experimental::awaitable_operators;
  BlackHole hole(io);
  boost::system::error_code result;
  const auto begun = Deadline::clock::now();
  test::run(io,
            [](boost::beast::tcp_stream& to, std::vector<tcp::endpoint> where,
               boost::system::error_code& out) -> asio::awaitable<void> {
              const auto close_later = [&to]() -> asio::awaitable<void> {
                asio::steady_timer refused(to.get_executor(), 50ms);
                co_await refused.async_wait(asio::use_awaitable);
                to.close();
              };
              const Deadline until = Deadline::clock::now() + 10s;
              out = co_await (connect_tcp(to, std::move(where), until) && close_later());
            }(stream, {closed(io), hole.endpoint()}, result));
  EXPECT_EQ(result, asio::error::operation_aborted);
  EXPECT_LT(Deadline::clock::now() - begun, 5s);
}

}  // namespace
}  // namespace polybot::http
