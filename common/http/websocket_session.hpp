// One accepted WebSocket connection, as its handler sees it.
//
// Text messages in both directions; pings are answered by the library. send() never waits: the
// queue to a peer is bounded, and a peer that cannot keep up is closed with 1013 (try again later)
// instead of holding memory. All calls on the server's io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/http/message.hpp"

namespace polybot::http {

enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  UnsupportedData = 1003,
  BadPayload = 1007,
  PolicyViolation = 1008,
  TooBig = 1009,
  InternalError = 1011,
  TryAgainLater = 1013,
};

// Shared, so that one encoded event goes to many sessions without a copy.
using SharedText = std::shared_ptr<const std::string>;

class WebSocketSession {
 public:
  enum class SendOutcome : std::uint8_t {
    Queued,
    Overflow,  // the queue was full: the session is being closed with 1013
    Closed,    // closing or closed already; nothing was queued
  };

  WebSocketSession() = default;
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;
  virtual ~WebSocketSession() = default;

  virtual SendOutcome send(SharedText text) = 0;
  SendOutcome send(std::string text) {
    return send(std::make_shared<const std::string>(std::move(text)));
  }
  // The next text message. One receive at a time. An error ends the session: a close by either side
  // is boost::asio::error::eof. A binary message closes it with 1003.
  [[nodiscard]] virtual boost::asio::awaitable<boost::system::result<std::string>> receive() = 0;
  // Begins the closing handshake after what is queued has been written; returns at once.
  virtual void close(CloseCode code, std::string_view reason) = 0;
  void close() { close(CloseCode::Normal, {}); }

  [[nodiscard]] virtual bool is_open() const = 0;
  [[nodiscard]] virtual std::size_t queued_messages() const = 0;
  // The upgrade request (headers, params, query).
  [[nodiscard]] virtual const Request& request() const = 0;
};

}  // namespace polybot::http
