#include "services/gateway/api/read_model/order_history.hpp"

#include "tests/unit/gateway/order_events.hpp"

namespace polybot::gateway {
namespace {

using domain::OrderStatus;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

std::vector<std::uint64_t> numbers(const std::vector<const OrderView*>& orders) {
  std::vector<std::uint64_t> result;
  for (const OrderView* order : orders) result.push_back(order->order.id.signal.counter);
  return result;
}

TEST(OrderHistory, FollowsAnOrderFromSubmissionToItsEnd) {
  OrderHistory history({});
  history.apply(submitted(1, 1));
  history.apply(streamed(2, domain::OrderAccepted{order_id(1)}, OrderStatus::Accepted));
  history.apply(streamed(3, fill(1, "t1", 4), OrderStatus::PartiallyFilled));
  const OrderView* order = history.find(order_id(1));
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(status_name(*order), "partially_filled");
  EXPECT_EQ(order->filled_quantity, shares(4));
  EXPECT_EQ(order->filled_cash.to_string(), "1.6");
  history.apply(streamed(4, domain::OrderCanceled{order_id(1), domain::CancelReason::Operator},
                         OrderStatus::Canceled));
  EXPECT_EQ(status_name(*order), "canceled");
  EXPECT_EQ(order->reason, "operator");
  EXPECT_EQ(history.last_submitted_at(), at(1000));
}

TEST(OrderHistory, TakesAReversedFillBack) {
  OrderHistory history({});
  history.apply(submitted(1, 1));
  history.apply(streamed(2, fill(1, "t1", 10), OrderStatus::Filled));
  history.apply(streamed(3, domain::FillReversed{{{"t1"}, order_id(1)}}, OrderStatus::Filled));
  history.apply(streamed(4, domain::FillReversed{{{"t1"}, order_id(1)}}, OrderStatus::Filled));
  EXPECT_TRUE(history.find(order_id(1))->filled_quantity.is_zero());
  EXPECT_TRUE(history.find(order_id(1))->filled_cash.is_zero());
  EXPECT_TRUE(history.fills({}, {}, 10).at(0)->reversed);
}

TEST(OrderHistory, AdvancesAFill) {
  OrderHistory history({});
  history.apply(submitted(1, 1));
  history.apply(streamed(2, fill(1, "t1", 10), OrderStatus::Filled));
  history.apply(
      streamed(3, domain::FillAdvanced{{{"t1"}, order_id(1)}, domain::FillStatus::Confirmed}));
  EXPECT_EQ(history.fills({}, {}, 10).at(0)->fill.status, domain::FillStatus::Confirmed);
}

TEST(OrderHistory, ListsNewestFirstPageByPageWithFilters) {
  OrderHistory history({});
  for (std::uint64_t n = 1; n <= 5; ++n)
    history.apply(submitted(n, n, n % 2 ? kArb : kFarm, static_cast<int>(n)));
  EXPECT_THAT(numbers(history.orders({}, {}, 2)), ElementsAre(5, 4));
  EXPECT_THAT(numbers(history.orders({}, history.orders({}, {}, 2).back()->place, 9)),
              ElementsAre(3, 2, 1));
  EXPECT_THAT(numbers(history.orders({.strategy = kFarm, .status = {}, .market = {}}, {}, 9)),
              ElementsAre(4, 2));
  EXPECT_THAT(
      numbers(history.orders({.strategy = {}, .status = {}, .market = market_id(3)}, {}, 9)),
      ElementsAre(3));
  history.apply(streamed(9, domain::OrderExpired{order_id(2)}, OrderStatus::Expired));
  EXPECT_THAT(numbers(history.orders({.strategy = {}, .status = "live", .market = {}}, {}, 9)),
              ElementsAre(5, 4, 3, 1));
  EXPECT_THAT(numbers(history.orders({.strategy = {}, .status = "expired", .market = {}}, {}, 9)),
              ElementsAre(2));
}

TEST(OrderHistory, ShowsDenialsAndCountsTheirReasons) {
  OrderHistory history({});
  history.apply(streamed(1, domain::OrderDenied{order_id(1),
                                                {market_id(1), domain::Outcome::No},
                                                Side::Sell,
                                                domain::DenyReason::QuoteStale}));
  const OrderView* order = history.find(order_id(1));
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(status_name(*order), "denied");
  EXPECT_EQ(order->reason, "quote_stale");
  EXPECT_THAT(history.denials_since(at(0)), ElementsAre(Pair("quote_stale", 1)));
  EXPECT_THAT(history.denials_since(at(2000)), IsEmpty());
}

TEST(OrderHistory, KeepsEveryLiveOrderAndTheNewestFinishedOnes) {
  OrderHistory history({.orders_max = 3, .fills_max = 2});
  history.apply(submitted(1, 1));  // stays live
  for (std::uint64_t n = 2; n <= 10; ++n) {
    history.apply(submitted(n, n));
    history.apply(streamed(n, fill(n, "t" + std::to_string(n), 10), OrderStatus::Filled));
  }
  EXPECT_THAT(numbers(history.orders({}, {}, 99)), ElementsAre(10, 9, 8, 1));
  EXPECT_THAT(history.fills({}, {}, 99), SizeIs(2));
}

TEST(OrderHistory, IsReplacedByASnapshot) {
  OrderHistory history({});
  history.apply(submitted(1, 1));
  history.apply(streamed(2, fill(1, "t1", 4), OrderStatus::PartiallyFilled));
  history.apply(submitted(3, 2, kFarm));
  history.forget(kArb);
  EXPECT_THAT(numbers(history.orders({}, {}, 9)), ElementsAre(2));
  EXPECT_THAT(history.fills({}, {}, 9), IsEmpty());
  // Entries of a snapshot share one journal number; a fill carries no status.
  domain::StreamedEvent order = submitted(50, 1);
  order.status = OrderStatus::Filled;
  history.apply(order);
  history.apply(streamed(50, fill(1, "t1", 4)));
  history.apply(streamed(50, fill(1, "t2", 6)));
  EXPECT_EQ(history.find(order_id(1))->filled_quantity, shares(10));
  EXPECT_EQ(status_name(*history.find(order_id(1))), "filled");
  EXPECT_THAT(history.fills({}, {}, 9), SizeIs(2));
}

TEST(OrderHistory, PlacesPrintAndParse) {
  EXPECT_EQ(parse_place(to_string(Place{-5, 17})), (Place{-5, 17}));
  for (const char* bad : {"", "5", "5-", "-", "5-x", "5-1x", "x-1"})
    EXPECT_FALSE(parse_place(bad)) << bad;
}

TEST(OrderHistory, IgnoresWhatItDoesNotKnow) {
  OrderHistory history({});
  history.apply(streamed(1, domain::OrderAccepted{order_id(9)}, OrderStatus::Accepted));
  history.apply(streamed(2, domain::FillReversed{{{"t"}, order_id(9)}}));
  history.apply(streamed(3, domain::JournalOpened{}));
  EXPECT_THAT(history.orders({}, {}, 9), IsEmpty());
}

}  // namespace
}  // namespace polybot::gateway
