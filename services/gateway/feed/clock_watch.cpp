#include "services/gateway/feed/clock_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/gateway/feed/wake.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::Duration;

namespace {

// What is told may be a second too little, by whole seconds and the way of the answer: clocks that
// are 2.5 s apart are always named. The alert ClockSkew has the same bound.
constexpr Duration kToldFrom = std::chrono::milliseconds(1'500);

bool is_far(Duration offset) {
  return offset >= kToldFrom || offset <= -kToldFrom;
}

}  // namespace

ClockWatch::ClockWatch(asio::any_io_executor executor, VenueRest& rest, ClockSettings settings,
                       Listener on_offset)
    : rest_(rest),
      settings_(settings),
      on_offset_(std::move(on_offset)),
      timer_(std::move(executor)) {}

void ClockWatch::hint() {
  hinted_ = true;
  timer_.cancel();
}

asio::awaitable<void> ClockWatch::run() {
  for (;;) {
    hinted_ = false;
    const auto offset = co_await rest_.clock_offset();
    if (offset) take(*offset);
    co_await pause(offset.has_value());
  }
}

void ClockWatch::take(Duration offset) {
  const bool was_far = offset_ && is_far(*offset_);
  offset_ = offset;
  on_offset_(offset);
  if (is_far(offset) == was_far) return;
  if (was_far) {
    runtime::log::info("The venue's clock and ours agree again");
  } else {
    runtime::log::warning("The venue's clock and ours are apart", {{"what", trouble()}});
  }
}

asio::awaitable<void> ClockWatch::pause(bool answered) {
  co_await runtime::sleep_for(settings_.pace);
  if (hinted_ || !answered) co_return;
  timer_.expires_after(settings_.interval - std::min(settings_.interval, settings_.pace));
  co_await until_woken(timer_);
}

std::string ClockWatch::trouble() const {
  if (!offset_ || !is_far(*offset_)) return {};
  const bool ahead = *offset_ > Duration::zero();
  const double seconds = std::chrono::duration<double>(ahead ? *offset_ : -*offset_).count();
  return fmt::format(
      "the venue's clock is {:.1f} s {} ours: see whether this host's is right (timedatectl "
      "status)",
      seconds, ahead ? "ahead of" : "behind");
}

}  // namespace polybot::gateway
