#include "services/order-manager/core/venue/submission_pause.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

const Timestamp kRefusedAt = from_unix_ms(1'795'000'000'000);

TEST(SubmissionPause, HoldsForAsLongAsTheVenueAsks) {
  SubmissionPause pause(seconds(2));
  pause.throttled(kRefusedAt + seconds(7));
  EXPECT_TRUE(pause.holds(kRefusedAt + seconds(6)));
  EXPECT_EQ(pause.cause(kRefusedAt), PauseCause::Throttled);
  EXPECT_FALSE(pause.holds(kRefusedAt + seconds(7)));
  EXPECT_FALSE(pause.cause(kRefusedAt + seconds(7)));
}

TEST(SubmissionPause, DoesNotBeginForARefusalOfOneOrder) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::Balance, kRefusedAt);
  EXPECT_FALSE(pause.holds(kRefusedAt));
}

TEST(SubmissionPause, DoublesForACauseThatLasts) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::Unauthorized, kRefusedAt);
  EXPECT_FALSE(pause.holds(kRefusedAt + seconds(2)));
  const Timestamp again = kRefusedAt + seconds(3);
  pause.refused(RejectReason::Unauthorized, again);
  EXPECT_TRUE(pause.holds(again + milliseconds(3'999)));
  EXPECT_FALSE(pause.holds(again + seconds(4)));
  // The reason is still reported after the pause, because there is no newer one.
  EXPECT_EQ(pause.cause(again + seconds(60)), PauseCause::Unauthorized);
}

TEST(SubmissionPause, CountsRefusalsWithinThePauseOnce) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::Forbidden, kRefusedAt);
  pause.refused(RejectReason::Forbidden, kRefusedAt + seconds(1));
  EXPECT_FALSE(pause.holds(kRefusedAt + seconds(2)));
}

TEST(SubmissionPause, IsForgottenWhenALaterOrderPasses) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::Forbidden, kRefusedAt);
  pause.accepted(kRefusedAt - seconds(1), Side::Buy);  // was under way
  EXPECT_EQ(pause.cause(kRefusedAt + seconds(3)), PauseCause::Forbidden);
  pause.accepted(kRefusedAt + seconds(3), Side::Sell);
  EXPECT_FALSE(pause.cause(kRefusedAt + seconds(3)));
}

TEST(SubmissionPause, NamesWhatLastsAndEndsItself) {
  for (const auto& [reason, cause] :
       {std::pair{RejectReason::ClosedOnly, PauseCause::ClosedOnly},
        std::pair{RejectReason::CancelOnly, PauseCause::CancelOnly}}) {
    SubmissionPause pause(seconds(2));
    pause.refused(reason, kRefusedAt);
    EXPECT_TRUE(pause.holds(kRefusedAt + seconds(1)));
    EXPECT_FALSE(pause.holds(kRefusedAt + seconds(2))) << "the venue is asked again";
    EXPECT_EQ(pause.cause(kRefusedAt + seconds(3)), cause);
    pause.accepted(kRefusedAt + seconds(3), Side::Buy);
    EXPECT_FALSE(pause.cause(kRefusedAt + seconds(3)));
  }
}

TEST(SubmissionPause, LetsAnAccountSellThatMayOnlySell) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::ClosedOnly, kRefusedAt);
  EXPECT_TRUE(pause.holds(kRefusedAt + seconds(1)));
  EXPECT_FALSE(pause.holds_sales(kRefusedAt + seconds(1)));
  pause.accepted(kRefusedAt + seconds(1), Side::Sell);
  EXPECT_EQ(pause.cause(kRefusedAt + seconds(1)), PauseCause::ClosedOnly);
  pause.throttled(kRefusedAt + seconds(2));
  EXPECT_TRUE(pause.holds_sales(kRefusedAt + seconds(1)));
}

TEST(SubmissionPause, LetsNothingBeSoldWhereOnlyCancelsAreTaken) {
  SubmissionPause pause(seconds(2));
  pause.refused(RejectReason::CancelOnly, kRefusedAt);
  EXPECT_TRUE(pause.holds_sales(kRefusedAt + seconds(1)));
}

}  // namespace
}  // namespace polybot::order_manager::test
