#include "deploy/launcher/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

// As Asio's: what it is told goes into a pipe that a forked process shares.
std::array<int, 2> told;
void tell(int) {
  const char byte = 1;
  EXPECT_EQ(::write(told[1], &byte, 1), 1);
}

TEST(ChildProcess, IsEndedByASignalThatComesBeforeItsProgramRuns) {
  const test_support::TemporaryFolder folder{"child"};
  ASSERT_EQ(::pipe2(told.data(), O_NONBLOCK | O_CLOEXEC), 0);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = tell;
  ASSERT_EQ(::sigaction(SIGTERM, &action, &before), 0);
  ProgramSpec spec;
  spec.name = "sleep";
  spec.program = "/bin/sleep";
  spec.arguments = {"5"};
  spec.output = folder / "sleep.out";
  for (int i = 0; i < 50 && !testing::Test::HasFailure(); ++i) {
    ChildProcess child(spec);
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait().signal, SIGTERM);
  }
  char byte = 0;
  EXPECT_LT(::read(told[0], &byte, 1), 0) << "the launcher takes it for its own";
  ::sigaction(SIGTERM, &before, nullptr);
  for (const int end : told) ::close(end);
}

}  // namespace
}  // namespace polybot::launcher
