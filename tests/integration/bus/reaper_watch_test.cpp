// An NNG that no longer clears connections away cannot be healed, only noticed.
#include "common/bus/reaper_watch.hpp"

#include <gtest/gtest.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>

#include <chrono>
#include <future>
#include <stdexcept>

#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

constexpr std::chrono::milliseconds kInterval{20};

// Holds up the thread of NNG that clears connections away, as a connection does whose receive NNG
// has forgotten to begin.
class StuckReaper {
 public:
  StuckReaper() {
    EXPECT_EQ(nng_pub0_open(&listening_), 0);
    EXPECT_EQ(nng_sub0_open(&dialling_), 0);
    EXPECT_EQ(nng_pipe_notify(listening_, NNG_PIPE_EV_ADD_POST, &StuckReaper::opened, this), 0);
    EXPECT_EQ(nng_pipe_notify(listening_, NNG_PIPE_EV_REM_POST, &StuckReaper::ended, this), 0);
    EXPECT_EQ(nng_listen(listening_, "inproc://stuck-reaper", nullptr, 0), 0);
    EXPECT_EQ(nng_dial(dialling_, "inproc://stuck-reaper", nullptr, 0), 0);
    nng_pipe_close(pipe_.get_future().get());
    stuck_.get_future().wait();
  }
  StuckReaper(const StuckReaper&) = delete;
  StuckReaper& operator=(const StuckReaper&) = delete;
  ~StuckReaper() {
    may_go_on_.set_value();
    nng_close(dialling_);
    nng_close(listening_);
  }

 private:
  static void opened(nng_pipe pipe, nng_pipe_ev, void* self) {
    auto& reaper = *static_cast<StuckReaper*>(self);
    if (!reaper.is_open_) reaper.pipe_.set_value(pipe);
    reaper.is_open_ = true;
  }
  static void ended(nng_pipe, nng_pipe_ev, void* self) {
    auto& reaper = *static_cast<StuckReaper*>(self);
    if (!reaper.is_stuck_) reaper.stuck_.set_value();
    reaper.is_stuck_ = true;
    reaper.go_on_.wait();
  }

  nng_socket listening_ = NNG_SOCKET_INITIALIZER;
  nng_socket dialling_ = NNG_SOCKET_INITIALIZER;
  bool is_open_ = false;   // on NNG's threads
  bool is_stuck_ = false;  // on the one that clears away
  std::promise<nng_pipe> pipe_;
  std::promise<void> stuck_;
  std::promise<void> may_go_on_;
  std::shared_future<void> go_on_ = may_go_on_.get_future().share();
};

TEST(AReaperWatch, ThrowsWhenNngNoLongerClearsConnectionsAway) {
  Loop loop;
  const StuckReaper stuck;
  const ReaperWatch watch(loop.executor(), kInterval);
  EXPECT_THROW(loop.run_until([] { return false; }), std::runtime_error);
}

TEST(AReaperWatch, IsContentWhileConnectionsEnd) {
  Loop loop;
  const ReaperWatch watch(loop.executor(), kInterval);
  const auto long_enough = std::chrono::steady_clock::now() + 100 * kInterval;
  EXPECT_TRUE(loop.run_until([&] { return std::chrono::steady_clock::now() > long_enough; }));
}

}  // namespace
}  // namespace polybot::bus::test
