#include "common/runtime/watchdog.hpp"

#include <algorithm>
#include <utility>

#include "common/runtime/clock.hpp"

namespace polybot::runtime {

WatchdogLogic::Verdict WatchdogLogic::check(domain::Duration now, std::uint64_t ticks) {
  const bool overslept = started_ && now - last_check_ > 2 * interval_;
  const bool progress = !started_ || ticks != ticks_;
  last_check_ = now;
  ticks_ = ticks;
  if (progress || overslept) last_progress_ = now;
  silent_for_ = now - last_progress_;
  const bool first = !started_;
  started_ = true;
  if (overslept && !first) return Verdict::Restarted;
  return silent_for_ >= timeout_ ? Verdict::Stuck : Verdict::Fine;
}

Watchdog::Watchdog(boost::asio::any_io_executor loop, domain::Duration timeout,
                   std::function<void()> on_progress,
                   std::function<void(domain::Duration)> on_stuck)
    : timer_(std::move(loop)),
      timeout_(timeout),
      on_progress_(std::move(on_progress)),
      on_stuck_(std::move(on_stuck)) {
  tick();
  thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::stop() {
  timer_.cancel();
}

void Watchdog::tick() {
  ticks_.fetch_add(1, std::memory_order_relaxed);
  timer_.expires_after(kTickInterval);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) tick();
  });
}

void Watchdog::watch() {
  const Clock clock;
  // There are several checks per time-out, and several ticks of the loop per check.
  const domain::Duration interval = std::clamp<domain::Duration>(
      timeout_ / 8, std::chrono::milliseconds(10), std::chrono::seconds(2));
  WatchdogLogic logic(timeout_, interval);
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 1;  // the constructor's own tick is not one of the loop
  while (!stopping_) {
    wake_.wait_for(lock, interval);
    if (stopping_) return;
    const std::uint64_t ticks = ticks_.load(std::memory_order_relaxed);
    if (ticks != seen) on_progress_();
    seen = ticks;
    if (logic.check(clock.monotonic(), ticks) != WatchdogLogic::Verdict::Stuck) continue;
    lock.unlock();
    on_stuck_(logic.silent_for());
    return;
  }
}

}  // namespace polybot::runtime
