// Keeps one session (a feed, a subscription, a reconciliation loop) running: when it ends or fails
// it is logged, counted and started again after a back-off with jitter, so that many replicas do
// not return at the same instant.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "common/domain/time.hpp"

namespace polybot::runtime {

// Doubles from `min` to `max`; a session that held for `healthy_after` starts from `min` again.
class Backoff {
 public:
  struct Settings {
    domain::Duration min = std::chrono::seconds(1);
    domain::Duration max = std::chrono::seconds(30);
    domain::Duration healthy_after = std::chrono::seconds(60);
  };
  explicit Backoff(Settings settings, std::uint64_t seed);

  // The pause before the next attempt, given how long the last one held: between half and all of
  // the current step.
  [[nodiscard]] domain::Duration next(domain::Duration held_for);
  void reset() { step_ = domain::Duration::zero(); }

 private:
  Settings settings_;
  domain::Duration step_{};
  std::mt19937_64 random_;
};

struct SuperviseOptions {
  Backoff::Settings backoff;
  // After each failed attempt, before the pause; `what` is the exception's text or "ended". May be
  // empty.
  std::function<void(std::string_view what)> on_failure;
};

// Runs `session` for ever, until cancelled (then ends silently). `session` is called again for each
// attempt and is kept alive while its coroutine runs.
[[nodiscard]] boost::asio::awaitable<void> supervise(
    std::string name, std::function<boost::asio::awaitable<void>()> session,
    SuperviseOptions options);
[[nodiscard]] inline boost::asio::awaitable<void> supervise(
    std::string name, std::function<boost::asio::awaitable<void>()> session) {
  // Not a default argument: gcc 12 destroys an aggregate temporary inside a co_await expression
  // wrongly.
  return supervise(std::move(name), std::move(session), SuperviseOptions());
}

}  // namespace polybot::runtime
