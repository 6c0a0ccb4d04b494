#include "common/runtime/supervise.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::runtime {
namespace asio = boost::asio;

Backoff::Backoff(Settings settings, std::uint64_t seed) : settings_(settings), random_(seed) {}

domain::Duration Backoff::next(domain::Duration held_for) {
  if (held_for >= settings_.healthy_after) reset();
  step_ = step_ == domain::Duration::zero() ? settings_.min : std::min(step_ * 2, settings_.max);
  const auto half = static_cast<std::uint64_t>(step_.count() / 2);
  return domain::Duration(step_.count() / 2 +
                          static_cast<std::int64_t>(half == 0 ? 0 : random_() % (half + 1)));
}

asio::awaitable<void> supervise(std::string name, std::function<asio::awaitable<void>()> session,
                                SuperviseOptions options) {
  const Clock clock;
  Backoff backoff(options.backoff, std::random_device{}());
  for (;;) {
    const domain::Duration started = clock.monotonic();
    std::string what = "ended";
    try {
      co_await session();
    } catch (const std::exception& error) {
      what = error.what();
    }
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;

    const domain::Duration pause = backoff.next(clock.monotonic() - started);
    if (options.on_failure) options.on_failure(what);
    log::warning(
        "Session ended, starting it again",
        {{"session", name},
         {"reason", what},
         {"pause_ms", std::chrono::duration_cast<std::chrono::milliseconds>(pause).count()}});
    asio::steady_timer timer(co_await asio::this_coro::executor);
    timer.expires_after(pause);
    if (auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable)); ec) co_return;
  }
}

}  // namespace polybot::runtime
