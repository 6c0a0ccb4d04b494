// Opens an outgoing connection, ready for the first byte of HTTP: name lookup, TCP, the tunnel
// through a proxy, TLS. One way for requests and for WebSockets. Private to this library.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "common/http/client.hpp"
#include "common/http/connect.hpp"
#include "common/http/stream.hpp"
#include "common/http/transport.hpp"

namespace polybot::http {

// What a connection to this address is made of: with TLS or without. Fault::TlsUnavailable when it
// needs TLS and there is no transport.
[[nodiscard]] boost::system::result<std::unique_ptr<Stream>> make_stream(
    boost::asio::any_io_executor executor, const Url& url, const Transport* transport);

// Empty: connected. Everything together ends at the deadline, which is left set on the stream.
// `cut` is looked at after each step and outlives the call; closing the stream ends the step.
[[nodiscard]] boost::asio::awaitable<std::optional<Failure>> dial(Stream& stream, Url url,
                                                                  const Transport* transport,
                                                                  Deadline until, const bool& cut);

}  // namespace polybot::http
