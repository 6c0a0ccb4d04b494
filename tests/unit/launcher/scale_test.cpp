// Whom `polybot scale` may ask, and what it says when it may not.
#include "deploy/launcher/scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "deploy/launcher/options.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr uid_t kNobody = 65534;

TEST(Scaling, SaysThatNoStackRunsThere) {
  const test_support::TemporaryFolder folder;
  const auto demand = [&] { demand_running_stack(folder.path()); };
  EXPECT_THAT(demand, ThrowsMessage<BadOption>(HasSubstr("no stack runs in")));
  std::ofstream(folder / "lock") << "";
  EXPECT_THAT(demand, ThrowsMessage<BadOption>(HasSubstr("no stack runs in")));
}

TEST(Scaling, SaysThatTheFolderIsAnotherUsers) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "lock") << "";
  std::filesystem::permissions(folder / "lock", std::filesystem::perms::none);
  const bool is_root = ::geteuid() == 0;  // who may see every folder, unless it becomes another
  if (is_root) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  EXPECT_THAT([&] { demand_running_stack(folder.path()); },
              ThrowsMessage<BadOption>(HasSubstr("another user's")));
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

}  // namespace
}  // namespace polybot::launcher
