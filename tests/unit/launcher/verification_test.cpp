// The closing comparison, with a market that resolves while the stack stops: venue and journal may
// be on either side of the resolution and of the payout.
#include "deploy/launcher/verification.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace polybot::launcher {
namespace {

const std::string kMarket = "0x24b4";
const std::string kResolved = R"({"markets": [{"conditionId": "0x24b4",
    "umaResolutionStatus": "resolved", "outcomePrices": "[\"0\", \"1\"]"}]})";

std::string venue(const std::string& cash, const std::string& holdings) {
  return R"({"accounts": [{"account": 1, "cash": ")" + cash + R"(", "holdings": [)" + holdings +
         R"(], "totals": {"orders_accepted": 2, "fills": 2}}], "trades": []})";
}
std::string journal(const std::string& cash, const std::string& holdings,
                    const std::string& rejected = "0", const std::string& written_off = "0",
                    const std::string& resurrected = "0", const std::string& ambiguous = "0") {
  return R"({"cash": ")" + cash + R"(", "holdings": [)" + holdings +
         R"(], "totals": {"orders": {"submitted": 2, "rejected": )" + rejected +
         R"(}, "orders_written_off": )" + written_off + R"(, "orders_resurrected": )" +
         resurrected + R"(, "orders_ambiguous_now": )" + ambiguous +
         R"(, "fills": 2, "pnl": "1"}})";
}
std::string shares(const std::string& outcome, const std::string& quantity) {
  return R"({"market": "0x24b4", "outcome": ")" + outcome + R"(", "quantity": ")" + quantity +
         R"("})";
}

class Verification : public testing::Test {
 protected:
  // The rows that differ, by name.
  static std::vector<std::string> differing(const std::string& at_venue,
                                            const std::string& in_journal, bool is_resolved) {
    const auto venue_truth = read_venue({at_venue});
    const auto journal_truth = read_journal(in_journal);
    if (!venue_truth || !journal_truth) return {"unreadable"};
    // The session does the same: it looks up only what differs.
    Payouts payouts;
    if (is_resolved && !differing_outcomes(*venue_truth, *journal_truth).empty()) {
      read_payouts(kResolved, payouts);
    }
    std::vector<std::string> names;
    for (const ComparedFigure& figure :
         compare(*venue_truth, *journal_truth, {.submitted = 2, .fills_booked = 2}, payouts)) {
      if (!figure.equal()) names.push_back(figure.name);
    }
    return names;
  }

  const std::string pair_ = shares("yes", "20") + "," + shares("no", "20");
};

// The process was killed between the journal and the wire, and stopped before the doubt was
// settled.
TEST_F(Verification, KnowsThatAnOrderInDoubtMayNotHaveReachedTheVenue) {
  const std::string fewer = R"({"accounts": [{"account": 1, "cash": "100", "holdings": [],
      "totals": {"orders_accepted": 1, "fills": 2}}], "trades": []})";
  EXPECT_TRUE(differing(fewer, journal("100", "", "0", "0", "0", "1"), false).empty());
  EXPECT_TRUE(differing(venue("100", ""), journal("100", "", "0", "0", "0", "1"), false).empty());
  EXPECT_FALSE(differing(fewer, journal("100", ""), false).empty());
}

// The venue's side is what order-manager has compared last.
TEST(LiveVerification, ComparesWhatOrderManagerFoundAtTheVenue) {
  const auto differing = [](const std::string& drift) {
    std::string report = journal("100", "");
    report.insert(1, R"("drift": )" + drift + ", ");
    std::vector<std::string> names;
    for (const ComparedFigure& figure :
         compare_live(*read_journal(report), {.submitted = 2, .fills_booked = 2})) {
      if (!figure.equal()) names.push_back(figure.name);
    }
    return names;
  };
  const auto found = [](const std::string& cash, const std::string& positions) {
    return R"({"booked_until_ms": 5, "cash": ")" + cash + R"(", "positions": ")" + positions +
           R"("})";
  };
  EXPECT_EQ(differing("null"), std::vector<std::string>{});
  EXPECT_EQ(differing(found("0", "0")), std::vector<std::string>{});
  EXPECT_EQ(differing(found("0.005", "0")), std::vector<std::string>{});
  EXPECT_EQ(differing(found("-1.5", "0")), std::vector<std::string>{"cash"});
  EXPECT_EQ(differing(found("0", "3")), std::vector<std::string>{"shares that differ"});
  EXPECT_FALSE(compare_live(*read_journal(journal("100", "")), {.submitted = 3, .fills_booked = 2})
                   .front()
                   .equal());
}

// A journal that has two orders and a gap from 40 to 60 seconds, and the venue's orders.
class RestoredVerification : public testing::Test {
 protected:
  // Rows of orders without their account; the journal knows the orders "k" and "m".
  static bool is_equal(const std::vector<std::string>& orders, std::uint64_t accepted) {
    std::string rows;
    for (const std::string& order : orders) rows += (rows.empty() ? "" : ", ") + order;
    const std::string page =
        R"({"accounts": [{"account": 1, "cash": "100", "holdings": [], "totals":
        {"orders_accepted": )" +
        std::to_string(accepted) + R"(, "fills": 2}}], "trades": [
        {"status": "CONFIRMED", "taker": {"order": "filled"}, "makers": [{"order": "made"}]},
        {"status": "FAILED", "taker": {"order": "failed"}, "makers": []}], "orders": [)" +
        rows + "]}";
    auto at_venue = read_venue({page});
    const auto in_journal = read_journal(report());
    EXPECT_TRUE(at_venue && in_journal);
    EXPECT_EQ(in_journal->gaps.size(), 1U);
    GapReading reading(in_journal->gaps, read_order_ids(report()));
    for (int told = 0; told < 2; ++told) reading.read(page);  // by the state and by the history
    at_venue->lost = reading.lost();
    const auto figures = compare(*at_venue, *in_journal, {.submitted = 2, .fills_booked = 2}, {});
    return std::all_of(figures.begin(), figures.end(),
                       [](const ComparedFigure& figure) { return figure.equal(); });
  }
  static std::string report() {
    std::string made = journal("100", "");
    made.insert(1, R"("restores": [{"backup_at_ms": 40000, "at_ms": 60000}],
        "orders": [{"venue_id": "k"}, {"venue_id": "m"}], )");
    return made;
  }
  static std::string order(const std::string& id, const std::string& created_ms,
                           const std::string& status = "canceled",
                           const std::string& account = "1") {
    return R"({"id": ")" + id + R"(", "account": )" + account + R"(, "created_ms": )" + created_ms +
           R"(, "status": ")" + status + R"("})";
  }
};

// The journal has never heard of these orders.
TEST_F(RestoredVerification, NamesOrdersThatCameToNothingBeforeTheRestore) {
  const std::vector<std::string> lost{order("b", "50000"), order("c", "51000", "expired"),
                                      order("failed", "52000", "matched")};
  EXPECT_TRUE(is_equal(lost, 5));
  EXPECT_FALSE(is_equal(lost, 6)) << "one more than the gap explains";
  EXPECT_FALSE(is_equal({}, 5));
}

TEST_F(RestoredVerification, ExplainsADifferenceOnlyByUnfilledOrdersOfTheGap) {
  EXPECT_FALSE(is_equal({order("b", "1000")}, 3));
  EXPECT_FALSE(is_equal({order("b", "99000")}, 3));
  EXPECT_FALSE(is_equal({order("b", "50000", "canceled", "2")}, 3));
  EXPECT_FALSE(is_equal({order("filled", "50000", "matched")}, 3));
  EXPECT_FALSE(is_equal({order("made", "50000", "canceled")}, 3));
}

TEST_F(RestoredVerification, TellsOfAnOrderThatStillRests) {
  EXPECT_FALSE(is_equal({order("b", "50000", "live")}, 3));
  EXPECT_FALSE(is_equal({order("b", "50000", "delayed")}, 3));
}

// An order of the gap that the journal has adopted is counted, and explains no other.
TEST_F(RestoredVerification, TellsOfAMissingOrderBesideAKnownOneOfTheGap) {
  EXPECT_FALSE(is_equal({order("k", "50000"), order("b", "1000")}, 3));
}

TEST_F(Verification, IsEqualWhileAClaimIsNotPaidYet) {
  EXPECT_TRUE(differing(venue("100", pair_), journal("100", pair_), true).empty());
}

TEST_F(Verification, IsEqualWhenTheVenueHasPaidWhatTheJournalStillClaims) {
  EXPECT_TRUE(differing(venue("120", ""), journal("100", pair_), true).empty());
}

TEST_F(Verification, IsEqualWhenNeitherSideKnowsOfTheResolution) {
  EXPECT_TRUE(differing(venue("100", pair_), journal("100", pair_), false).empty());
}

TEST_F(Verification, IsEqualWhenBothSidesHaveThePayout) {
  EXPECT_TRUE(differing(venue("120", ""), journal("120", ""), true).empty());
}

TEST_F(Verification, TellsOfCashThatIsMissing) {
  EXPECT_EQ(differing(venue("119", ""), journal("120", ""), true),
            std::vector<std::string>{"cash and claims"});
}

TEST_F(Verification, KnowsThatAnOrderWithoutATraceMayHaveBeenCanceledByTheVenue) {
  EXPECT_TRUE(differing(venue("100", ""), journal("100", "", "1", "1"), false).empty());
  EXPECT_EQ(differing(venue("100", ""), journal("100", "", "1", "0"), false),
            std::vector<std::string>{"orders at the venue"});
  EXPECT_EQ(differing(venue("100", ""), journal("100", "", "2", "1"), false),
            std::vector<std::string>{"orders at the venue"});
}

TEST_F(Verification, TellsOfTooManyOrdersWhenALiveOneTurnedUpAgain) {
  EXPECT_EQ(differing(venue("100", ""), journal("100", "", "2", "0", "1"), false),
            std::vector<std::string>{"orders at the venue"});
}

TEST_F(Verification, TellsOfSharesThatAreMissing) {
  const auto names =
      differing(venue("100", shares("yes", "19")), journal("100", shares("yes", "20")), false);
  EXPECT_TRUE(std::find(names.begin(), names.end(), "shares") != names.end());
}

}  // namespace
}  // namespace polybot::launcher
