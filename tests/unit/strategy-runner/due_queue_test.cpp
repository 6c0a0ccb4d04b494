#include "services/strategy-runner/core/due_queue.hpp"

#include <gtest/gtest.h>

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;

TEST(DueQueue, GivesWhatIsDueOnceInTheOrderOfKeys) {
  const domain::Timestamp start{};
  DueQueue<int> queue;
  queue.ask(3, start + 1s);
  queue.ask(1, start + 2s);
  queue.ask(2, start + 3s);
  EXPECT_TRUE(queue.take(start).empty());
  EXPECT_EQ(queue.take(start + 2s), (std::vector{1, 3}));
  EXPECT_TRUE(queue.take(start + 2s).empty());
  EXPECT_EQ(queue.take(start + 3s), std::vector{2});
}

TEST(DueQueue, KeepsTheEarliestTimeAskedFor) {
  const domain::Timestamp start{};
  DueQueue<int> queue;
  queue.ask(1, start + 5s);
  queue.ask(1, start + 2s);
  queue.ask(1, start + 9s);
  EXPECT_EQ(queue.take(start + 2s), std::vector{1});
  EXPECT_TRUE(queue.take(start + 10s).empty());
}

}  // namespace
}  // namespace polybot::strategy_runner
