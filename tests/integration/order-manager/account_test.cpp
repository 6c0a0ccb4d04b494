// A journal belongs to one account in one mode: another account's key does not trade with it, and
// neither does another mode.
#include <boost/asio/io_context.hpp>

#include "services/order-manager/journal/journal_owner.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"
#include "tests/integration/order-manager/no_effects.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager {
namespace {

using domain::TradingMode;
using testing::AllOf;
using testing::HasSubstr;

const domain::AccountId kOurs{"0xA", 137};
const domain::AccountId kAnother{"0xB", 137};

class AccountTest : public TradedJournal {
 protected:
  // Starts with the key of that account; returns what kept it from starting.
  [[nodiscard]] std::string start_as(const domain::AccountId& account,
                                     TradingMode mode = TradingMode::Sim) const {
    boost::asio::io_context io;
    Settings settings = test::test_settings();
    settings.account = account;
    settings.mode = mode;
    Engine engine(io.get_executor(), path_, settings, test::fake_identity, test::no_effects());
    try {
      engine.start();
    } catch (const JournalError& error) {
      return error.what();
    }
    return {};
  }
  [[nodiscard]] Ledger folded() const { return fold(Journal(path_, JournalAccess::ReadOnly)); }
};

TEST_F(AccountTest, IsThatOfTheFirstStart) {
  EXPECT_EQ(start_as(kOurs), "");
  EXPECT_EQ(folded().account(), kOurs);
  EXPECT_EQ(start_as(kOurs), "");
}

TEST_F(AccountTest, IsNeverExchangedForThatOfAnotherKey) {
  ASSERT_EQ(start_as(kOurs), "");
  const std::uint64_t before = folded().digest();
  EXPECT_THAT(start_as(kAnother),
              AllOf(HasSubstr("0xA (chain 137)"), HasSubstr("0xB (chain 137)")));
  EXPECT_NE(start_as({kOurs.address, 80002}), "") << "the same address elsewhere";
  EXPECT_EQ(folded().digest(), before);
  EXPECT_EQ(start_as(kOurs), "");
}

TEST_F(AccountTest, IsGivenToAJournalThatSaysNone) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 500);
  }
  ASSERT_EQ(folded().account(), std::nullopt);
  EXPECT_EQ(start_as(kOurs), "");
  EXPECT_EQ(folded().account(), kOurs);
  EXPECT_NE(start_as(kAnother), "");
}

TEST_F(AccountTest, TradesInOneModeAlone) {
  ASSERT_EQ(start_as(kOurs, TradingMode::Paper), "");
  EXPECT_EQ(folded().mode(), TradingMode::Paper);
  const std::uint64_t before = folded().digest();
  EXPECT_THAT(start_as(kOurs, TradingMode::Live),
              AllOf(HasSubstr("mode paper"), HasSubstr("venue.mode is live"), HasSubstr("DATA=")));
  EXPECT_NE(start_as(kOurs, TradingMode::Sim), "");
  EXPECT_EQ(folded().digest(), before);
  EXPECT_EQ(start_as(kOurs, TradingMode::Paper), "");
}

TEST_F(AccountTest, TradedInSimWhenNoRecordSaysMore) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 500);
  }
  EXPECT_THAT(start_as(kOurs, TradingMode::Live), HasSubstr("mode sim"));
  EXPECT_EQ(start_as(kOurs, TradingMode::Sim), "");
}

TEST_F(AccountTest, TakesItsModeIntoABackup) {
  ASSERT_EQ(start_as(kOurs, TradingMode::Live), "");
  const std::string copy = (folder_ / "copy.db").string();
  Journal(path_, JournalAccess::ReadOnly).backup(copy);
  EXPECT_THAT(of_another(copy, {kOurs, TradingMode::Sim}), HasSubstr("mode live"));
}

TEST_F(AccountTest, IsToldWithoutAFold) {
  EXPECT_EQ(of_another(path_, {kOurs, TradingMode::Live}), "") << "there is no journal";
  ASSERT_EQ(start_as(kOurs, TradingMode::Paper), "");
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    const domain::Event later{.seq = journal.last_seq() + 1,
                              .at = folded().last_at(),
                              .body = domain::AccountReconciled{folded().last_at()}};
    ASSERT_EQ(journal.append(std::span(&later, 1)), "");
  }
  EXPECT_EQ(of_another(path_, {kOurs, TradingMode::Paper}), "");
  EXPECT_EQ(of_another(path_, {std::nullopt, TradingMode::Paper}), "") << "the key is sealed";
  EXPECT_THAT(of_another(path_, {kOurs, TradingMode::Live}), HasSubstr("mode paper"));
  EXPECT_THAT(of_another(path_, {kAnother, TradingMode::Paper}), HasSubstr("0xA (chain 137)"));
}

TEST_F(AccountTest, IsKnownToASnapshot) {
  ASSERT_EQ(start_as(kOurs, TradingMode::Live), "");
  const std::optional<Ledger> resumed = decode_ledger(encode_ledger(folded()));
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->account(), kOurs);
  EXPECT_EQ(resumed->mode(), TradingMode::Live);
  EXPECT_EQ(resumed->digest(), folded().digest());
}

}  // namespace
}  // namespace polybot::order_manager
