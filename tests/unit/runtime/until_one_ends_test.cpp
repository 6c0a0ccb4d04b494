#include "common/runtime/until_one_ends.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <stdexcept>
#include <string>

namespace polybot::runtime {
namespace {

using boost::asio::awaitable;

awaitable<void> last_for_ever(bool& gone) {
  struct Notice {
    bool& gone;
    ~Notice() { gone = true; }
  };
  const Notice notice{gone};
  boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                  boost::asio::steady_timer::time_point::max());
  co_await never.async_wait(boost::asio::use_awaitable);
}

awaitable<std::string> end() {
  co_return "well";
}

awaitable<void> fail() {
  co_await boost::asio::post(boost::asio::use_awaitable);
  throw std::runtime_error("badly");
}

std::size_t run(awaitable<std::size_t> jobs) {
  boost::asio::io_context io;
  auto ended = boost::asio::co_spawn(io, std::move(jobs), boost::asio::use_future);
  io.run();
  return ended.get();
}

TEST(UntilOneEnds, SaysWhichJobEndedWhenTheOthersAreGone) {
  bool first_gone = false;
  bool last_gone = false;
  EXPECT_EQ(run(until_one_ends(last_for_ever(first_gone), end(), last_for_ever(last_gone))), 1u);
  EXPECT_TRUE(first_gone);
  EXPECT_TRUE(last_gone);
}

TEST(UntilOneEnds, FailsAsSoonAsOneJobFails) {
  bool first_gone = false;
  bool last_gone = false;
  try {
    (void)run(until_one_ends(last_for_ever(first_gone), fail(), last_for_ever(last_gone)));
    FAIL() << "a job that failed went unnoticed";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "badly");
  }
  EXPECT_TRUE(first_gone);
  EXPECT_TRUE(last_gone);
}

}  // namespace
}  // namespace polybot::runtime
