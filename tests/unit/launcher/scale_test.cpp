// Which stacks `polybot scale` may change, and what it says when it may not.
#include "deploy/launcher/scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "deploy/launcher/options.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr uid_t kNobody = 65534;
constexpr uid_t kOther = 54321;

TEST(Scaling, SaysThatNoStackRunsThere) {
  const test_support::TemporaryFolder folder;
  const auto demand = [&] { demand_running_stack(folder.path()); };
  EXPECT_THAT(demand, ThrowsMessage<BadOption>(HasSubstr("no stack runs in")));
  std::ofstream(folder / "lock") << "";
  EXPECT_THAT(demand, ThrowsMessage<BadOption>(HasSubstr("no stack runs in")));
}

// Root may open every file, so there the test becomes another user for a moment.
class ClosedLock : public testing::Test {
 protected:
  ClosedLock() {
    std::ofstream(folder_ / "lock") << "";
    std::filesystem::permissions(folder_ / "lock", std::filesystem::perms::none);
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
  }
  void give_lock_to(uid_t user) const {
    ASSERT_EQ(::chown((folder_ / "lock").c_str(), user, static_cast<gid_t>(-1)), 0);
  }
  // The refusal that `user` gets.
  std::string refusal(uid_t user) const {
    std::string text;
    EXPECT_EQ(::seteuid(user), 0);
    try {
      demand_running_stack(folder_.path());
    } catch (const BadOption& error) {
      text = error.what();
    }
    EXPECT_EQ(::seteuid(::getuid()), 0);
    return text;
  }

  const test_support::TemporaryFolder folder_;
};

TEST_F(ClosedLock, IsOfAnotherUsersStack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  EXPECT_THAT(refusal(kNobody),
              AllOf(HasSubstr("is the one of root"), HasSubstr("only that user")));
  // The lock names the owner of the stack, not the folder.
  give_lock_to(kOther);
  EXPECT_THAT(refusal(kNobody), HasSubstr("is the one of user 54321"));
}

TEST_F(ClosedLock, OfOurOwnNamesNoOtherUser) {
  const uid_t user = ::geteuid() == 0 ? kNobody : ::geteuid();
  if (::geteuid() == 0) give_lock_to(user);
  EXPECT_THAT(refusal(user),
              AllOf(HasSubstr("lock cannot be opened: "), Not(HasSubstr("only that user"))));
}

}  // namespace
}  // namespace polybot::launcher
