#include "common/runtime/clock_watch.hpp"

#include "common/runtime/clock.hpp"

namespace polybot::runtime {

namespace {

constexpr domain::Duration kLookEvery = std::chrono::seconds(1);

}  // namespace

boost::asio::awaitable<void> wait_for_clock_step() {
  const Clock clock;
  while (!clock_stepped(clock.wall(), clock.now())) co_await sleep_for(kLookEvery);
}

}  // namespace polybot::runtime
