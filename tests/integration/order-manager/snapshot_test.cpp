// Starts that begin at a snapshot: the state is the same as from the first record, and an unusable
// snapshot is skipped.
#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/snapshot_check.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"

namespace polybot::order_manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::optional<VenueIdentity> no_identity(const domain::Order&, const domain::Market&) {
  return std::nullopt;
}

class SnapshotTest : public TradedJournal {
 protected:
  struct Started {
    StartUp result;
    std::uint64_t digest = 0;
    std::uint64_t resumed_at = 0;  // 0 = not told to resume
    std::uint64_t first_tail = 0;  // 0 = no tail
    std::uint64_t tail = 0;
  };

  static Started start(const Journal& journal) {
    Started started;
    OrderManager core(Settings{}, no_identity);
    started.result = fold_journal(
        journal, core, [&](const Ledger& ledger) { started.resumed_at = ledger.last_seq(); },
        [&](const domain::StreamedEvent& event) {
          if (started.tail++ == 0) started.first_tail = event.event.seq;
        });
    started.digest = core.ledger().digest();
    return started;
  }

  void expect_whole_fold(const Started& started) const {
    EXPECT_EQ(started.result.snapshot_seq, 0U);
    EXPECT_EQ(started.result.folded, expected_.last_seq());
    EXPECT_EQ(started.digest, expected_.digest());
  }
};

TEST_F(SnapshotTest, StartsFromTheNewestThatLeavesATailForReplays) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 12'000);
  snapshot(journal);
  trade(journal, 15'000);
  snapshot(journal);
  trade(journal, 3'000);
  const Started started = start(journal);
  EXPECT_EQ(started.result.snapshot_seq, 12'000U);
  EXPECT_EQ(started.resumed_at, 12'000U);
  EXPECT_EQ(started.first_tail, 12'001U);
  EXPECT_EQ(started.tail, 18'000U);
  EXPECT_EQ(started.digest, expected_.digest());
  EXPECT_THAT(started.result.refused, IsEmpty());
}

TEST_F(SnapshotTest, StartsFromTheNewestWhenNoneLeavesATail) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 15'000);
  snapshot(journal);
  const Started started = start(journal);
  EXPECT_EQ(started.result.snapshot_seq, 15'000U);
  EXPECT_EQ(started.result.folded, 0U);
  EXPECT_EQ(started.digest, expected_.digest());
}

TEST_F(SnapshotTest, FoldsAShortJournalWhole) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 2'000);
  snapshot(journal);
  expect_whole_fold(start(journal));
}

TEST_F(SnapshotTest, PassesOverADamagedOneAndTakesTheOneBefore) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 11'000);
  snapshot(journal);
  trade(journal, 11'000);
  snapshot(journal);
  trade(journal, 11'000);
  sql("UPDATE snapshot_part SET body = CAST(body || x'00' AS BLOB) WHERE seq = 22000 AND part = 0");
  const Started started = start(journal);
  EXPECT_EQ(started.result.snapshot_seq, 11'000U);
  EXPECT_THAT(started.result.refused,
              ElementsAre(HasSubstr("the snapshot of record 22000 is damaged")));
  EXPECT_EQ(started.digest, expected_.digest());
}

TEST_F(SnapshotTest, FoldsTheWholeJournalWhenEverySnapshotIsBad) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 20'000);
  snapshot(journal);
  for (const char* damage :
       {"UPDATE snapshot SET fingerprint = fingerprint + 1", "UPDATE snapshot SET sum = sum + 1",
        "UPDATE snapshot SET journal_id = 5", "UPDATE snapshot SET bytes = bytes - 1",
        "DELETE FROM snapshot_part WHERE part = 1",
        "UPDATE snapshot_part SET body = x'' WHERE part = 0"}) {
    snapshot(journal);
    sql(damage);
    const Started started = start(journal);
    expect_whole_fold(started);
    EXPECT_EQ(started.result.refused.size(), 1U) << damage;
  }
}

TEST_F(SnapshotTest, DoesNotSeeASnapshotThatWasNotFinished) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 30'000);
  journal.snapshots().begin(label_of(expected_), encode_ledger(expected_));
  ASSERT_EQ(journal.snapshots().write_part(), "");
  ASSERT_TRUE(journal.snapshots().writing()) << "one part is not enough for this test";
  expect_whole_fold(start(journal));
  // What is left of it does not disturb the next one.
  snapshot(journal);
  EXPECT_EQ(start(journal).result.snapshot_seq, 30'000U);
}

TEST_F(SnapshotTest, KeepsFewEnough) {
  Journal journal(path_, JournalAccess::ReadWrite);
  for (int i = 0; i < 12; ++i) {
    trade(journal, 4'000);
    snapshot(journal);
  }
  const auto labels = journal.snapshots().labels();
  EXPECT_LE(labels.size(), 4U);
  EXPECT_EQ(labels.front().seq, 48'000U);
  const std::uint64_t used = start(journal).result.snapshot_seq;
  EXPECT_LE(used, 38'000U);
  EXPECT_GE(used, 24'000U);
}

TEST_F(SnapshotTest, IsTakenInPiecesWhileTheJournalGrows) {
  Journal journal(path_, JournalAccess::ReadWrite);
  SnapshotTaker taker;
  taker.begin_at(0);
  std::string why;
  trade(journal, 900);
  EXPECT_EQ(taker.step(journal, expected_, why), SnapshotTaker::Step::Idle);
  trade(journal, 20'000);
  EXPECT_EQ(taker.step(journal, expected_, why), SnapshotTaker::Step::Began);
  auto step = taker.step(journal, expected_, why);
  EXPECT_EQ(step, SnapshotTaker::Step::Wrote);
  while (step == SnapshotTaker::Step::Wrote) {
    trade(journal, 2'000);
    step = taker.step(journal, expected_, why);
  }
  EXPECT_EQ(step, SnapshotTaker::Step::Finished);
  EXPECT_EQ(journal.snapshots().labels().front().seq, 20'900U);
  EXPECT_EQ(start(journal).digest, expected_.digest());
  // The next one is due after many records only.
  EXPECT_EQ(taker.step(journal, expected_, why), SnapshotTaker::Step::Idle);
}

TEST_F(SnapshotTest, IsCheckedByVerifyAgainstTheWholeFold) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 12'000);
    snapshot(journal);
    trade(journal, 2'000);
  }
  testing::internal::CaptureStdout();
  EXPECT_EQ(verify({path_}), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("1 snapshots"));
}

TEST_F(SnapshotTest, MakesVerifyFailWhenItIsWholeButWrong) {
  Journal journal(path_, JournalAccess::ReadWrite);
  trade(journal, 3'000);
  // The image of another history under the label of this one.
  Ledger other;
  test::OrderHistory history(domain::from_unix_ms(1'790'000'000'001));
  for (int i = 0; i < 3'000; ++i) other.apply(history.next());
  journal.snapshots().begin(label_of(expected_), encode_ledger(other));
  while (journal.snapshots().writing()) ASSERT_EQ(journal.snapshots().write_part(), "");
  trade(journal, 500);
  Ledger folded;
  const SnapshotCheck check = fold_and_check(journal, UINT64_MAX, folded);
  EXPECT_EQ(check.equal, 0U);
  EXPECT_EQ(check.wrong.size(), 2U);
  EXPECT_EQ(folded.digest(), expected_.digest());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify({path_}), 1);
  (void)testing::internal::GetCapturedStdout();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("snapshot of record 3000"));
}

TEST_F(SnapshotTest, MakesVerifyFailWhenItIsDamaged) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 3'000);
    snapshot(journal);
    sql("UPDATE snapshot SET sum = sum + 1");
  }
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(verify({path_}), 1);
  (void)testing::internal::GetCapturedStdout();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("record 3000 is damaged"));
}

TEST_F(SnapshotTest, VerifyRefusesANumberBeyondTheEndAndNamesTheLast) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 50);
  }
  try {
    (void)verify({"--at", "99999999", path_});
    FAIL() << "a record that is not there was verified";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("the last one is 50"));
  }
}

}  // namespace
}  // namespace polybot::order_manager
