// Starting: which end of a process, before it was ever ready, ends the whole start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "deploy/launcher/stack.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class StartTest : public testing::Test {
 protected:
  StartTest() {
    std::string name = (std::filesystem::temp_directory_path() / "launcher-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~StartTest() override { std::filesystem::remove_all(folder_); }

  // The answer of start() for a stack of one process, a shell script in its folder.
  std::string start(const std::string& script) {
    ServicePlan plan;
    plan.service = "gateway";
    plan.spec.name = "gateway";
    plan.spec.program = "/bin/sh";
    plan.spec.arguments = {"-c", "cd \"$0\"; " + script, folder_.string()};
    plan.spec.output = folder_ / "gateway.out";
    plan.admin_port = 1;  // there is no answer
    Layout layout;
    layout.services = {plan};
    layout.data = folder_;
    boost::asio::io_context context;
    Stack stack(context.get_executor(), layout, 0,
                [this](const std::string& line) { said_.push_back(line); });
    const auto start_and_stop = [&]() -> boost::asio::awaitable<std::string> {
      std::string why = co_await stack.start(20s);
      said_.clear();
      stack.begin_stop();
      (void)co_await stack.stop("gateway", 1s);
      co_return why;
    };
    std::future<std::string> answer =
        boost::asio::co_spawn(context, start_and_stop(), boost::asio::use_future);
    context.run_for(30s);
    return answer.wait_for(0s) == std::future_status::ready ? answer.get() : "no answer";
  }

  std::filesystem::path folder_;
  std::vector<std::string> said_;  // by the stop, after start() had answered
};

TEST_F(StartTest, GivesUpWithTheLastWordsOfWhatEnded) {
  EXPECT_THAT(start("echo no such key; exit 1"),
              AllOf(HasSubstr("ended with exit code 1"), HasSubstr("no such key")));
}

// Any of many causes may be the true one, and each is told once.
TEST_F(StartTest, GivesUpWithAllLastWordsToldOnce) {
  const std::string answer = start("for i in 1 2 3 4 5 6 7 8; do echo wrong key $i; done; exit 1");
  EXPECT_THAT(answer, AllOf(HasSubstr("wrong key 1\n"), HasSubstr("wrong key 8")));
  EXPECT_TRUE(said_.empty()) << said_.front();
}

// A clock that is set while the stack comes up ends its processes; they only want a restart.
TEST_F(StartTest, RestartsAProcessThatEndedBecauseTheClockWasSet) {
  EXPECT_THAT(start("if [ -e seen ]; then exit 3; fi; touch seen; exit 75"),
              HasSubstr("ended with exit code 3"));
}

}  // namespace
}  // namespace polybot::launcher
