// Opening outgoing connections: name lookup and TCP within one deadline. Private to this library.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <vector>

#include "common/http/url.hpp"

namespace polybot::http {

using Deadline = boost::asio::steady_timer::time_point;

// The system's resolver cannot be interrupted: at the deadline its answer is abandoned. Literal
// addresses skip it.
[[nodiscard]] boost::asio::awaitable<
    boost::system::result<std::vector<boost::asio::ip::tcp::endpoint>>>
resolve(std::string host, std::uint16_t port, Deadline deadline);

// Connects to the first endpoint that answers. The next one is tried at the same time when all
// begun attempts have failed, or a quarter of a second after the last began, IPv6 and IPv4 in turn
// (RFC 8305). Of many addresses each has its share of the time, so that no dead ones use up the
// deadline. Leaves the deadline set on the stream. Closing the stream ends it within a quarter of a
// second.
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> connect_tcp(
    boost::beast::tcp_stream& stream, std::vector<boost::asio::ip::tcp::endpoint> endpoints,
    Deadline deadline);

}  // namespace polybot::http
