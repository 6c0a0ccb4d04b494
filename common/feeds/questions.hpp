// Puts the questions of followers (common/follow) to a recovery port.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/bus/recovery.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::feeds {

// Asks one question after the other, until cancelled: then the last is answered by nobody, so that
// the followers can be run again. The follower's sink cancels `wake` when there is a question to
// fetch; otherwise this looks for one every 100 ms. `answered` runs after each answer, with the
// monotonic time at which it came. All arguments outlive the coroutine.
template <class Followers>
boost::asio::awaitable<void> put_questions(Followers& followers, bus::RecoveryClient& port,
                                           std::chrono::milliseconds timeout,
                                           boost::asio::steady_timer& wake,
                                           const std::function<void(domain::Duration)>& answered) {
  constexpr auto kLookEvery = std::chrono::milliseconds(100);
  const runtime::Clock clock;
  runtime::log::Limited failures_log;
  while (true) {
    const auto question = followers.question(clock.monotonic());
    if (!question) {
      wake.expires_after(kLookEvery);
      co_await wake.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      continue;
    }
    boost::system::result<std::string> answer = make_error_code(bus::Errc::Closed);
    try {
      answer = co_await port.request(question->bytes, timeout);
    } catch (const std::exception&) {  // cancelled, say
      followers.on_answer(*question, std::nullopt, clock.monotonic());
      throw;
    }
    if (!answer) {
      failures_log.warning("A recovery request was not answered",
                           {{"address", port.address()}, {"reason", answer.error().message()}});
    }
    const domain::Duration now = clock.monotonic();
    followers.on_answer(*question, answer ? std::optional<std::string_view>(*answer) : std::nullopt,
                        now);
    answered(now);
  }
}

}  // namespace polybot::feeds
