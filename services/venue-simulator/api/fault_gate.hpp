// Stands between the network and the venue's REST answers, for the faults venue-down and
// venue-hang. Orders and cancels of a mirrored venue are also on their way for a while.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "common/http/router.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class FaultGate {
 public:
  // `latency`: from the receipt of an order, or of a cancel, until the exchange has it.
  FaultGate(const ExchangeHost& host, std::uint64_t seed, domain::Duration latency)
      : host_(host), random_(seed), latency_(latency) {}

  // Answers at once with what `answer` says, unless a fault is on: then the request first waits, or
  // its connection dies before anything has happened.
  using Answer = std::function<http::Response(const http::Request&)>;
  enum class Way : std::uint8_t { Reading, Trading };
  [[nodiscard]] http::Handler guard(Answer answer, Way way);
  // True with the probability of an active fault.
  [[nodiscard]] bool strikes(const FaultSettings* settings);
  [[nodiscard]] domain::Duration up_to(domain::Duration most);
  [[nodiscard]] bool even_odds() { return random_.chance(500'000); }

 private:
  boost::asio::awaitable<http::Response> pass(Answer answer, Way way, http::Request request);
  boost::asio::awaitable<void> hang();

  const ExchangeHost& host_;
  Random random_;
  domain::Duration latency_;
};

[[nodiscard]] http::Response cut_connection();

}  // namespace polybot::venue_simulator
