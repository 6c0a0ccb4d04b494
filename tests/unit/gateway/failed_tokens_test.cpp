#include "services/gateway/api/access/failed_tokens.hpp"

#include <gtest/gtest.h>

namespace polybot::gateway {
namespace {

using namespace std::chrono_literals;

struct FailedTokensTest : testing::Test {
  domain::Duration fail(const std::string& address) {
    const domain::Duration held = failed.hold(address, now);
    if (held > 0ns) failed.release(address);
    return held;
  }
  FailedTokens failed;
  domain::Duration now = 1h;
};

TEST_F(FailedTokensTest, HoldsBackLongerWithEachFailureUpToABound) {
  EXPECT_EQ(fail("10.0.0.1"), 100ms);
  EXPECT_EQ(fail("10.0.0.1"), 200ms);
  for (int i = 0; i < 20; ++i) (void)fail("10.0.0.1");
  EXPECT_EQ(fail("10.0.0.1"), 5s);
  EXPECT_EQ(fail("10.0.0.2"), 100ms) << "another address has its own count";
}

TEST_F(FailedTokensTest, ForgetsAnAddressThatStopped) {
  for (int i = 0; i < 5; ++i) (void)fail("10.0.0.1");
  now += 61s;
  EXPECT_EQ(fail("10.0.0.1"), 100ms);
}

TEST_F(FailedTokensTest, HoldsBackOnlySoManyAtOnce) {
  for (std::size_t i = 0; i < FailedTokens::kHeldOfAddress; ++i)
    EXPECT_GT(failed.hold("10.0.0.1", now), 0ns);
  EXPECT_EQ(failed.hold("10.0.0.1", now), 0ns);
  failed.release("10.0.0.1");
  EXPECT_GT(failed.hold("10.0.0.1", now), 0ns);
  std::size_t held = FailedTokens::kHeldOfAddress;
  for (int i = 0; i < 1000; ++i) {
    if (failed.hold("10.1.0." + std::to_string(i), now) > 0ns) ++held;
  }
  EXPECT_EQ(held, FailedTokens::kHeldMax);
}

TEST_F(FailedTokensTest, RemembersTheAddressesThatFailedLast) {
  (void)fail("10.0.0.1");
  (void)fail("10.0.0.2");
  (void)fail("10.0.0.1");
  for (std::size_t i = 1; i < FailedTokens::kAddressesMax; ++i)
    (void)fail("10.2." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  EXPECT_EQ(fail("10.0.0.1"), 400ms);
  EXPECT_EQ(fail("10.0.0.2"), 100ms) << "it had to give its place away";
}

TEST_F(FailedTokensTest, TakesTheAddressesOfOneHostTogether) {
  EXPECT_EQ(fail("2001:db8:1:2::1"), 100ms);
  EXPECT_EQ(fail("2001:db8:1:2:ffff::9"), 200ms);
  EXPECT_EQ(fail("2001:db8:1:3::1"), 100ms);
  EXPECT_EQ(network_of("::ffff:10.0.0.1"), "10.0.0.1");
}

}  // namespace
}  // namespace polybot::gateway
