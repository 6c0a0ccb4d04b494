#include "services/order-manager/core/account/unread_rows.hpp"

#include "tests/unit/order-manager/bench.hpp"

namespace polybot::order_manager::test {
namespace {

using Row = VenueAccount::Unread;

struct RowsAlone : ::testing::Test {
  Bench bench;
  UnreadRows unread{bench.readiness};
  const VenueOrderId stranger = id_of<VenueOrderId>(77);

  void note(std::vector<Row> rows) {
    VenueAccount account;
    account.unread = std::move(rows);
    account.trades_since = bench.now - seconds(60);
    account.read_at = bench.now;
    Turn turn = bench.turn();
    unread.note(turn, account);
  }
  Row trade(std::vector<VenueOrderId> orders) const {
    return {Row::Kind::Trade, "t-1", std::move(orders), true, bench.now};
  }
};

TEST_F(RowsAlone, ConcernTheOrdersThatTheyName) {
  note({trade({stranger})});
  EXPECT_TRUE(unread.any());
  EXPECT_TRUE(unread.may_concern(stranger));
  EXPECT_FALSE(unread.may_concern(id_of<VenueOrderId>(78)));
}

TEST_F(RowsAlone, WithoutNamesMayConcernAnyOrder) {
  note({{Row::Kind::OpenOrder, "o-1", {}, false, std::nullopt}});
  EXPECT_TRUE(unread.may_concern(stranger));
  EXPECT_EQ(unread.open_orders(), 1U);
  note({});
  EXPECT_FALSE(unread.any());
}

TEST_F(RowsAlone, KeepTheirMarketFromBeingSettled) {
  const Market market = make_market(1);
  bench.record(MarketRecorded{market});
  const ClientOrderId id = bench.submit(1, market, Side::Buy, "10");
  const VenueOrderId order = bench.order(id).order.venue_id;
  note({trade({order})});
  EXPECT_TRUE(unread.may_concern(market.id));
  EXPECT_FALSE(unread.may_concern(make_market(2).id));
  ASSERT_NE(unread.missing({"t-1"}, order), nullptr);
  unread.booked({"t-1"}, order);
  EXPECT_EQ(unread.missing({"t-1"}, order), nullptr);
}

TEST_F(RowsAlone, AreNotSoughtOnceTheirFillIsBooked) {
  const ClientOrderId id = bench.submit(1, make_market(1), Side::Buy, "10");
  bench.fill(id, "t-1", "10");
  note({trade({bench.order(id).order.venue_id})});
  EXPECT_FALSE(unread.any_trade());
}

TEST_F(RowsAlone, AreGivenUpAfterADay) {
  const Row row = trade({stranger});
  note({row});
  EXPECT_EQ(unread.unbooked_since(), bench.now);
  bench.now += std::chrono::hours(24);
  note({row});
  EXPECT_EQ(unread.given_up(), 1U);
  EXPECT_EQ(bench.outputs.after_commit.given_up, std::vector<std::string>{"t-1"});
  note({row});
  EXPECT_EQ(unread.given_up(), 1U);
}

TEST_F(RowsAlone, AreToldOnceTheyAreNotJustBeingSettled) {
  note({trade({stranger})});
  EXPECT_EQ(unread.trades_told(bench.now), 0U);
  EXPECT_EQ(unread.trades_told(bench.now + seconds(30)), 1U);
}

}  // namespace
}  // namespace polybot::order_manager::test
