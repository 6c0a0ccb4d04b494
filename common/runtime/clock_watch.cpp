#include "common/runtime/clock_watch.hpp"

#include <time.h>

#include "common/runtime/clock.hpp"

namespace polybot::runtime {

namespace {

constexpr domain::Duration kLookEvery = std::chrono::seconds(1);

}  // namespace

domain::Timestamp wall_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return domain::Timestamp(std::chrono::seconds(now.tv_sec) +
                           std::chrono::nanoseconds(now.tv_nsec));
}

boost::asio::awaitable<void> wait_for_clock_step() {
  const Clock clock;
  while (!clock_stepped(wall_time(), clock.now())) co_await sleep_for(kLookEvery);
}

}  // namespace polybot::runtime
