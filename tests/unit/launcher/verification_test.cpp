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
    // As the session does: only what differs is looked up.
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

// Killed between the journal and the wire, and stopped before the doubt was settled.
TEST_F(Verification, KnowsThatAnOrderInDoubtMayNotHaveReachedTheVenue) {
  const std::string fewer = R"({"accounts": [{"account": 1, "cash": "100", "holdings": [],
      "totals": {"orders_accepted": 1, "fills": 2}}], "trades": []})";
  EXPECT_TRUE(differing(fewer, journal("100", "", "0", "0", "0", "1"), false).empty());
  EXPECT_TRUE(differing(venue("100", ""), journal("100", "", "0", "0", "0", "1"), false).empty());
  EXPECT_FALSE(differing(fewer, journal("100", ""), false).empty());
}

// Orders that came to nothing between a backup and its restore: the journal has never heard of
// them.
TEST_F(Verification, NamesOrdersThatAreOlderThanARestore) {
  const std::string more = R"({"accounts": [{"account": 1, "cash": "100", "holdings": [],
      "totals": {"orders_accepted": 5, "fills": 2}}], "trades": [
      {"status": "CONFIRMED", "taker": {"order": "d"}, "makers": [{"order": "a"}]},
      {"status": "FAILED", "taker": {"order": "g"}, "makers": []}], "orders": [
      {"id": "a", "account": 1, "created_ms": 1000, "matched": "5"},
      {"id": "b", "account": 1, "created_ms": 50000, "matched": "0"},
      {"id": "c", "account": 1, "created_ms": 51000, "matched": "0"},
      {"id": "d", "account": 1, "created_ms": 52000, "matched": "5"},
      {"id": "g", "account": 1, "created_ms": 52000, "matched": "5"},
      {"id": "e", "account": 2, "created_ms": 52000, "matched": "0"},
      {"id": "f", "account": 1, "created_ms": 99000, "matched": "0"}]})";
  std::string restored = journal("100", "");
  restored.insert(1, R"("restores": [{"backup_at_ms": 40000, "at_ms": 60000}], )");
  auto at_venue = read_venue({more});
  const auto in_journal = read_journal(restored);
  ASSERT_TRUE(at_venue && in_journal);
  ASSERT_EQ(in_journal->gaps.size(), 1U);
  const auto is_equal = [&] {
    const auto figures = compare(*at_venue, *in_journal, {.submitted = 2, .fills_booked = 2}, {});
    return std::all_of(figures.begin(), figures.end(),
                       [](const ComparedFigure& figure) { return figure.equal(); });
  };
  EXPECT_FALSE(is_equal());
  at_venue->unfilled_in_gaps = count_unfilled_in_gaps({more, more}, in_journal->gaps);
  EXPECT_EQ(at_venue->unfilled_in_gaps, 3U);
  EXPECT_EQ(lost_orders(*at_venue, *in_journal), 3U);
  EXPECT_TRUE(is_equal());
  ++at_venue->orders;  // one more than the gap explains
  EXPECT_FALSE(is_equal());
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

TEST_F(Verification, TellsOfTooManyOrdersThoughAnOrderThatWasNotWrittenOffTurnedUpAgain) {
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
