#include "common/runtime/until_all_end.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <stdexcept>

namespace polybot::runtime {
namespace {

using boost::asio::awaitable;

struct UntilAllEnd : testing::Test {
  // Ends once `company` jobs wait at the same time.
  awaitable<void> meet(int company) {
    if (++waiting == company) {
      gate.cancel();
    } else {
      boost::system::error_code opened;
      co_await gate.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, opened));
    }
    ++ended;
  }
  awaitable<void> fail() {
    co_await boost::asio::post(boost::asio::use_awaitable);
    throw std::runtime_error("badly");
  }
  void run(std::vector<awaitable<void>> jobs) {
    auto done = boost::asio::co_spawn(io, until_all_end(io.get_executor(), std::move(jobs)),
                                      boost::asio::use_future);
    io.run();
    done.get();
  }

  boost::asio::io_context io;
  boost::asio::steady_timer gate{io, boost::asio::steady_timer::time_point::max()};
  int waiting = 0;
  int ended = 0;
};

TEST_F(UntilAllEnd, RunsJobsSideBySide) {
  std::vector<awaitable<void>> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(meet(3));
  run(std::move(jobs));
  EXPECT_EQ(ended, 3);
}

TEST_F(UntilAllEnd, WaitsForTheOthersWhenOneThrows) {
  std::vector<awaitable<void>> jobs;
  jobs.push_back(meet(2));
  jobs.push_back(fail());
  jobs.push_back(meet(2));
  EXPECT_THROW(run(std::move(jobs)), std::runtime_error);
  EXPECT_EQ(ended, 2);
}

TEST_F(UntilAllEnd, EndsAtOnceWithoutJobs) {
  run({});
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace polybot::runtime
