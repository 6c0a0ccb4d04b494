// Orders out of each kind of wallet through the real processes. The venue takes an order only when
// maker, signer, type and signature belong together, so fills and equal books prove all of them.
#include <gmock/gmock.h>

#include "tests/integration/stack/stack.hpp"

namespace polybot::stack {
namespace {

using testing::HasSubstr;

struct Kind {
  const char* wallet;
  const char* account;  // how the journal's account is told
};

class WalletStackTest : public StackTest, public testing::WithParamInterface<Kind> {
 protected:
  static std::function<void()> with(const char* wallet) {
    return [wallet] { ::setenv("POLYBOT_VENUE__WALLET", wallet, 1); };
  }
};

TEST_P(WalletStackTest, TradesAndAgreesAtTheEndAndIsNoOthers) {
  {
    Stack stack(folder_, with(GetParam().wallet));
    ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
    stack.interrupt();
    EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
    EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
  }
  Stack stranger(folder_, with("eoa"));
  EXPECT_EQ(stranger.wait_for_end(), 1);
  EXPECT_THAT(stranger.transcript(), HasSubstr("is of account 0x"));
  EXPECT_THAT(stranger.transcript(), HasSubstr(GetParam().account));
  EXPECT_THAT(stranger.transcript(), HasSubstr("venue.wallet"));
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, WalletStackTest,
                         testing::Values(Kind{"proxy", "signature type 1, key of 0x"},
                                         Kind{"safe", "signature type 2, key of 0x"},
                                         Kind{"deposit", "signature type 3, key of 0x"},
                                         Kind{"deposit-old", "signature type 3, key of 0x"}),
                         [](const auto& info) {
                           std::string name = info.param.wallet;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace polybot::stack
