#include "common/runtime/secret.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace polybot::runtime {
namespace {

TEST(SecretTest, PrintsAsStars) {
  const Secret secret("hunter2");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(fmt::format("{}", secret), "***");
  EXPECT_EQ(secret.reveal(), "hunter2");
}

TEST(SecretTest, LeavesNothingBehindWhenItMoves) {
  Secret from("hunter2");
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "hunter2");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the point
}

TEST(SecretTest, HasOneTextForAllItsCopies) {
  std::string text = "hunter2";
  Secret first(text);
  const Secret second = first;
  EXPECT_EQ(second.reveal().data(), first.reveal().data());
  first = Secret();
  EXPECT_EQ(second.reveal(), "hunter2");
  EXPECT_TRUE(first.empty());
}

TEST(SecretTest, ComparesWhole) {
  const Secret secret("token");
  EXPECT_TRUE(secret.matches("token"));
  EXPECT_FALSE(secret.matches("tokem"));
  EXPECT_FALSE(secret.matches("toke"));
  EXPECT_FALSE(secret.matches(""));
}

}  // namespace
}  // namespace polybot::runtime
