// Request/reply for what PUB/SUB lost: a snapshot of a shard's books, a replay of order events, a
// page of an order snapshot. Requests are idempotent; a request that gets no answer is asked again
// by its caller. common/wire knows what requests and answers mean; here they are bytes, at most 1
// MiB.
//
// Runs on one loop: not thread-safe. Constructing throws std::runtime_error or
// std::invalid_argument with one clear line when an address is wrong, taken or not allowed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/bus/address.hpp"
#include "common/bus/error.hpp"
#include "common/bus/frame.hpp"
#include "common/bus/stats.hpp"

namespace polybot::bus {

inline constexpr std::size_t kRecoveryBytesMax = kFrameBytesMax;

struct RecoveryServerConfig {
  Endpoint endpoint{.role = EndpointRole::Listen, .address = {}};
  NetworkTrust trust = NetworkTrust::LoopbackOnly;
  // Requests that are handled at the same time; further ones wait in their senders' pipes.
  std::size_t conversations = 8;
  // The server gives up a reader that has not read for this long.
  std::chrono::milliseconds send_timeout{2000};
};

class RecoveryServer {
 public:
  // Answers a request, or fails: then the client gets Errc::Refused. An exception refuses that one
  // request. The server outlives no handler call: close() drops answers still being made.
  using Answerer = std::function<boost::asio::awaitable<boost::system::result<std::string>>(
      std::string request)>;

  RecoveryServer(boost::asio::any_io_executor executor, RecoveryServerConfig config,
                 Answerer answerer, Stats& stats);
  RecoveryServer(const RecoveryServer&) = delete;
  RecoveryServer& operator=(const RecoveryServer&) = delete;
  ~RecoveryServer();

  [[nodiscard]] const std::string& address() const;
  void close();

 private:
  struct State;
  // Shared with its conversations, which end one loop turn after close().
  std::shared_ptr<State> state_;
};

struct RecoveryClientConfig {
  Address address;
  NetworkTrust trust = NetworkTrust::LoopbackOnly;
  std::size_t in_flight_max = 16;
};

class RecoveryClient {
 public:
  // Dials in the background; the server may come later, go and come back.
  RecoveryClient(boost::asio::any_io_executor executor, RecoveryClientConfig config, Stats& stats);
  RecoveryClient(const RecoveryClient&) = delete;
  RecoveryClient& operator=(const RecoveryClient&) = delete;
  ~RecoveryClient();

  // One request, one answer. Fails with TimedOut, Refused, Busy, TooLarge, Malformed, Closed or
  // Transport; counts `replays` by outcome.
  boost::asio::awaitable<boost::system::result<std::string>> request(
      std::string bytes, std::chrono::milliseconds timeout);
  [[nodiscard]] const std::string& address() const;
  void close();

 private:
  struct State;
  // Shared with the requests under way, which end one loop turn after close().
  std::shared_ptr<State> state_;
};

}  // namespace polybot::bus
