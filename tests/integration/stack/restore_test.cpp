// A backup taken while everything trades replaces the journal after more has been traded: the stack
// goes on from it, and its books are equal again, except for what is named.
#include <gmock/gmock.h>

#include "tests/integration/stack/stack.hpp"

namespace polybot::stack {
namespace {

using testing::HasSubstr;

// Runs `order-manager WORDS...`, as an operator types it; returns its exit code.
int order_manager(const std::vector<std::string>& words) {
  const std::string program =
      std::filesystem::path(POLYBOT_LAUNCHER).parent_path() / "order-manager";
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads on until the stack shows at least so many fills.
bool wait_for_fills(Stack& stack, std::uint64_t least) {
  while (const auto line = stack.wait_for_line(std::regex("fills ([0-9]+);"))) {
    if (std::stoull((*line)[1]) >= least) return true;
  }
  return false;
}

TEST_F(StackTest, GoesOnFromABackupThatWasTakenWhileTrading) {
  const std::string journal = (folder_ / "journal" / "journal.db").string();
  const std::string backup = (folder_ / "backup.db").string();
  {
    Stack stack(folder_);
    ASSERT_TRUE(wait_for_fills(stack, 5)) << stack.transcript();
    ASSERT_EQ(order_manager({"backup", journal, backup}), 0);
    EXPECT_NE(order_manager({"restore", backup, journal}), 0) << "order-manager runs";
    ASSERT_TRUE(wait_for_fills(stack, 15)) << stack.transcript();
    stack.interrupt();
    ASSERT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  }
  ASSERT_EQ(order_manager({"restore", backup, journal}), 0);
  Stack stack(folder_);
  // The counts begin again at the backup; later fills are booked at the start.
  ASSERT_TRUE(wait_for_fills(stack, 20)) << stack.transcript();
  const auto metrics = stack.get(8000, "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("polybot_aggregator_conflicts_total{kind=\"journal_rewound\"} 0"));
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  EXPECT_EQ(order_manager({"verify", journal}), 0);
}

}  // namespace
}  // namespace polybot::stack
