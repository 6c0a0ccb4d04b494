// A backup in the place of a lost journal, with real files: nothing is changed unless all is well,
// lost files lie in one folder, and every reader reads across the gap.
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/exchange.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"

namespace polybot::order_manager {
namespace {

using testing::HasSubstr;

class RestoreTest : public TradedJournal {
 protected:
  // A backup of 4,000 records, and 500 more in the journal.
  RestoreTest() : backup_((folder_ / "backups" / "b.db").string()) {
    std::filesystem::create_directory(folder_ / "backups");
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 4'000);
    journal.backup(backup_);
    trade(journal, 500);
  }

  // What it printed.
  static std::string output(int (*command)(const std::vector<std::string>&),
                            const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(command(arguments), 0);
    return testing::internal::GetCapturedStdout();
  }
  static std::string refusal(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    std::string what;
    try {
      (void)restore(arguments);
    } catch (const std::exception& error) {
      what = error.what();
    }
    (void)testing::internal::GetCapturedStdout();
    return what;
  }
  std::vector<std::string> lost_folders() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("lost-")) found.push_back(entry.path().string());
    }
    return found;
  }
  std::uint64_t digest_of_journal() const {
    return fold(Journal(path_, JournalAccess::ReadOnly)).digest();
  }

  // An archive of the journal in the place.
  std::filesystem::path archive_beside() const {
    return folder_ / archive_name(expected_.journal_id(), 1, 10);
  }
  Exchange exchange_to(const std::string& lost) const {
    return {path_, expected_.journal_id(), restoring_mark(path_).string() + ".part",
            folder_ / lost};
  }
  std::filesystem::path stage_something() const {
    const std::filesystem::path staged = exchange_to("").staged;
    std::filesystem::remove_all(staged);
    std::filesystem::create_directories(staged);
    std::filesystem::copy(backup_, staged / "journal.db");
    return staged;
  }
  // A restore that ends after so many moves, as far as it has so many.
  void interrupt_after(std::size_t count, const std::string& lost) const {
    (void)stage_something();
    std::filesystem::create_directories(folder_ / lost);
    mark(exchange_to(lost));
    const std::vector<Move> moves = moves_of(exchange_to(lost));
    for (std::size_t i = 0; i < std::min(count, moves.size()); ++i) move(moves[i]);
  }

  std::string backup_;
};

TEST_F(RestoreTest, PutsABackupInThePlaceOfTheJournal) {
  const std::uint64_t lost = digest_of_journal();
  EXPECT_THAT(output(restore, {backup_, path_}), HasSubstr("restored up to record 4000"));
  const Ledger restored = fold(Journal(path_, JournalAccess::ReadOnly));
  ASSERT_EQ(restored.restores().size(), 1U);
  EXPECT_EQ(restored.restores()[0].backup_seq, 4'000U);
  EXPECT_EQ(restored.restores()[0].lost_seq, 4'500U);
  EXPECT_GT(restored.last_seq(), 1'000'000U);
  ASSERT_EQ(lost_folders().size(), 1U);
  EXPECT_EQ(fold(Journal(lost_folders()[0] + "/journal.db", JournalAccess::ReadOnly)).digest(),
            lost);
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_)));
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_).string() + ".part"));
  // The journal goes on, starts from its snapshot, verifies, can be backed up and archived.
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    const domain::Event next{.seq = journal.last_seq() + 1,
                             .at = restored.last_at(),
                             .body = domain::ManagerStarted{restored.starts() + 1}};
    ASSERT_EQ(journal.append(std::span(&next, 1)), "");
    OrderManager core(Settings{}, nullptr);
    const StartUp start_up = fold_journal(
        journal, core, [](const Ledger&) {}, [](const domain::StreamedEvent&) {});
    EXPECT_GT(start_up.snapshot_seq, 4'000U);
    EXPECT_EQ(start_up.folded, 1U);
  }
  EXPECT_THAT(output(verify, {path_}), HasSubstr("from a backup of"));
  EXPECT_THAT(output(verify, {"--at", "4000", path_}), HasSubstr("record 4000"));
  EXPECT_THAT(output(archive, {"--before", "2100-01-01", path_}), HasSubstr("no record stays"));
  EXPECT_EQ(Journal(path_, JournalAccess::ReadOnly).archives().size(), 2U) << "none has a gap";
  EXPECT_THAT(output(verify, {path_}), HasSubstr("from a backup of"));
  const std::string again = (folder_ / "backups" / "again.db").string();
  EXPECT_EQ(output(backup, {path_, again}).empty(), false);
  EXPECT_EQ(fold(Journal(again, JournalAccess::ReadOnly)).digest(), digest_of_journal());
}

TEST_F(RestoreTest, RestoresTheSameBackupThreeTimes) {
  for (int n = 0; n < 3; ++n) EXPECT_FALSE(output(restore, {backup_, path_}).empty());
  EXPECT_EQ(lost_folders().size(), 3U);
  EXPECT_EQ(fold(Journal(path_, JournalAccess::ReadOnly)).restores().size(), 1U)
      << "each begins at the backup";
}

TEST_F(RestoreTest, HaltsTradingWhenTheLostJournalCannotBeRead) {
  for (const bool is_there : {true, false}) {
    std::filesystem::remove(path_ + "-wal");
    std::filesystem::remove(path_ + "-shm");
    if (is_there) {
      std::ofstream(path_) << std::string(5'000, 'x');
    } else {
      std::filesystem::remove(path_);
    }
    EXPECT_THAT(output(restore, {backup_, path_}), HasSubstr("Trading is halted"));
    const Ledger restored = fold(Journal(path_, JournalAccess::ReadOnly));
    EXPECT_EQ(restored.own_trading_state(std::nullopt), domain::TradingState::Halted);
    EXPECT_EQ(restored.restores()[0].lost_seq, 0U);
  }
}

// While one lives no file of this process can grow, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &room_);
    const rlimit full{.rlim_cur = 1, .rlim_max = room_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &room_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit room_{};
};

TEST_F(RestoreTest, LeavesNothingBehindOnAFullDisk) {
  const std::uint64_t before = digest_of_journal();
  std::string why;
  {
    const FullDisk full;
    why = refusal({backup_, path_});
  }
  EXPECT_THAT(why, HasSubstr("nothing is changed"));
  EXPECT_TRUE(lost_folders().empty());
  EXPECT_FALSE(std::filesystem::exists(staging_folder(path_)));
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_)));
  EXPECT_EQ(digest_of_journal(), before);
}

TEST_F(RestoreTest, LeavesTheMarkAsItWasOnAFullDisk) {
  const auto mark_on_a_full_disk = [&] {
    const FullDisk full;
    mark(exchange_to("lost-second"));
  };
  EXPECT_THAT(mark_on_a_full_disk,
              testing::ThrowsMessage<JournalError>(HasSubstr(restoring_mark(path_).string())));
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_))) << "nothing has been moved";
  mark(exchange_to("lost-first"));
  EXPECT_THROW(mark_on_a_full_disk(), JournalError);
  mark(exchange_to("lost-third"));
  unmark(exchange_to("lost-third"));
  EXPECT_THAT(interrupted_restores(path_),
              testing::Optional(testing::ElementsAre((folder_ / "lost-first").string())));
  unmark(exchange_to("lost-first"));
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_)));
}

TEST_F(RestoreTest, IsNotBegunWhenNoFileCanBeMoved) {
  (void)stage_something();
  EXPECT_THROW(carry_out(exchange_to("no-such-folder")), std::filesystem::filesystem_error);
  EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_)));
}

TEST_F(RestoreTest, ClearsAwayWhatAKilledOneHasStaged) {
  const std::filesystem::path staged = stage_something();
  EXPECT_GT(Journal(path_, JournalAccess::ReadWrite).last_seq(), 0U);
  EXPECT_FALSE(std::filesystem::exists(staged));
}

TEST_F(RestoreTest, SetsAsideOnlyAJournal) {
  const std::filesystem::path notes = folder_ / "notes.txt";
  std::ofstream(notes) << "not a journal";
  EXPECT_THAT(refusal({backup_, notes.string()}), HasSubstr("notes.txt"));
  EXPECT_THAT(refusal({backup_, notes.string()}), HasSubstr("notes.txt")) << "nor the second time";
  EXPECT_TRUE(std::filesystem::exists(notes));
  EXPECT_THAT(refusal({backup_, folder_.string()}), HasSubstr("is a folder"));
  EXPECT_THAT(refusal({folder_.string(), path_}), HasSubstr("is a folder"));
  EXPECT_TRUE(lost_folders().empty());
}

TEST_F(RestoreTest, NoticesSwappedWords) {
  EXPECT_THAT(refusal({path_, backup_}), HasSubstr("swapped"));
  const Journal owner(path_, JournalAccess::ReadWrite);
  EXPECT_THAT(refusal({path_, (folder_ / "elsewhere.db").string()}), HasSubstr("in use"));
  EXPECT_TRUE(std::filesystem::exists(backup_));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere.db"));
}

TEST_F(RestoreTest, SaysSoWhereThereWasNothing) {
  const std::filesystem::path place = folder_ / "elsewhere" / "journal.db";
  EXPECT_THAT(output(restore, {backup_, place.string()}),
              HasSubstr("There was nothing at " + place.string()));
  for (const auto& entry : std::filesystem::directory_iterator(place.parent_path()))
    EXPECT_FALSE(entry.is_directory()) << entry.path();
  EXPECT_EQ(fold(Journal(place.string(), JournalAccess::ReadWrite)).restores().size(), 1U);
}

TEST_F(RestoreTest, FollowsALinkToTheJournal) {
  const std::filesystem::path link = folder_ / "links" / "journal.db";
  std::filesystem::create_directory(link.parent_path());
  std::filesystem::create_symlink("../journal.db", link);
  {
    const Journal owner(link.string(), JournalAccess::ReadWrite);
    EXPECT_THAT(refusal({backup_, path_}), HasSubstr("in use by another process"));
    EXPECT_THAT(refusal({backup_, link.string()}), HasSubstr("in use by another process"));
  }
  EXPECT_FALSE(output(restore, {backup_, link.string()}).empty());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(lost_folders().size(), 1U) << "on the journal's own disk";
  EXPECT_EQ(fold(Journal(path_, JournalAccess::ReadWrite)).restores().size(), 1U);
}

TEST_F(RestoreTest, RefusesABackupOfAnotherAccount) {
  const auto start_as = [&](const std::string& file, const std::string& address) {
    Journal journal(file, JournalAccess::ReadWrite);
    const domain::Event started{.seq = journal.last_seq() + 1,
                                .at = expected_.last_at(),
                                .body = domain::ManagerStarted{2, domain::AccountId{address, 137}}};
    ASSERT_EQ(journal.append(std::span(&started, 1)), "");
  };
  start_as(path_, "0xA");
  start_as(backup_, "0xB");
  const std::uint64_t before = digest_of_journal();
  EXPECT_THAT(refusal({backup_, path_}),
              testing::AllOf(HasSubstr("0xA (chain 137)"), HasSubstr("0xB (chain 137)")));
  EXPECT_EQ(digest_of_journal(), before);
  EXPECT_THAT(output(verify, {path_}), HasSubstr("account 0xA (chain 137)"));
  EXPECT_THAT(output(verify, {"--json", path_}), HasSubstr(R"("address":"0xA")"));
}

TEST_F(RestoreTest, RefusesWhileOrderManagerRuns) {
  const std::uint64_t before = digest_of_journal();
  {
    const Journal owner(path_, JournalAccess::ReadWrite);
    EXPECT_THAT(refusal({backup_, path_}), HasSubstr("in use by another process"));
  }
  EXPECT_EQ(digest_of_journal(), before);
  EXPECT_TRUE(lost_folders().empty());
}

TEST_F(RestoreTest, ChangesNothingForABackupThatIsNotGood) {
  const std::uint64_t before = digest_of_journal();
  const std::string damaged = (folder_ / "backups" / "damaged.db").string();
  std::filesystem::copy(backup_, damaged);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(damaged.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "UPDATE journal SET sum = sum + 1 WHERE seq = 100", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  EXPECT_THAT(refusal({damaged, path_}), HasSubstr("record 100 is damaged"));
  const std::string other = (folder_ / "backups" / "other.db").string();
  {
    Journal stranger(other, JournalAccess::ReadWrite);
    const domain::Event opened{
        .seq = 1, .at = expected_.last_at(), .body = domain::JournalOpened{.journal_id = 99}};
    ASSERT_EQ(stranger.append(std::span(&opened, 1)), "");
  }
  EXPECT_THAT(refusal({other, path_}), HasSubstr("backup of another journal"));
  EXPECT_THAT(refusal({path_, path_}), HasSubstr("is the journal itself"));
  EXPECT_THAT(refusal({backup_ + "x", path_}), HasSubstr("there is no"));
  EXPECT_THAT(refusal({}), HasSubstr("usage"));
  EXPECT_EQ(digest_of_journal(), before);
  EXPECT_TRUE(lost_folders().empty());
}

// A power cut in the middle of the moves leaves this state.
TEST_F(RestoreTest, LetsNoOrderManagerStartOnHalfARestore) {
  std::ofstream(restoring_mark(path_)) << folder_.string() << "/lost-before\n";
  std::filesystem::remove(path_);
  EXPECT_THROW(Journal(path_, JournalAccess::ReadWrite), JournalError);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "an empty journal would be a new account";
  EXPECT_THAT(output(restore, {backup_, path_}), HasSubstr("lost-before"));
  EXPECT_EQ(Journal(path_, JournalAccess::ReadWrite).journal_id(), expected_.journal_id());
}

// A power cut after any of the moves, and another one after any move of the next run.
TEST_F(RestoreTest, IsRunAgainAfterAnyInterruptions) {
  std::filesystem::copy(path_, folder_ / "whole.db");
  for (std::size_t first = 0; first <= 4; ++first) {
    for (std::size_t second = 0; second <= 4; ++second) {
      std::ofstream(path_ + "-wal") << "the last records";
      std::ofstream(archive_beside()) << "of the lost journal";
      interrupt_after(first, "lost-first");
      EXPECT_THROW(Journal(path_, JournalAccess::ReadWrite), JournalError);
      interrupt_after(second, "lost-second");
      EXPECT_THROW(Journal(path_, JournalAccess::ReadWrite), JournalError);
      const std::string said = output(restore, {backup_, path_});
      EXPECT_THAT(said, HasSubstr("Trading is halted")) << "what there was may be one half of it";
      EXPECT_THAT(said, HasSubstr("lost-first"));
      EXPECT_THAT(said, HasSubstr("lost-second"));
      EXPECT_EQ(fold(Journal(path_, JournalAccess::ReadWrite)).restores().size(), 1U);
      EXPECT_FALSE(std::filesystem::exists(restoring_mark(path_)));
      for (const std::string& lost : lost_folders()) std::filesystem::remove_all(lost);
      std::filesystem::remove(path_);
      std::filesystem::copy(folder_ / "whole.db", path_);
    }
  }
}

TEST_F(RestoreTest, MovesTheDatabaseBeforeItsLogAndAfterItsArchives) {
  std::ofstream(path_ + "-wal") << "the last records";
  std::ofstream(archive_beside()) << "of the lost journal";
  const std::filesystem::path staged = stage_something();
  std::ofstream(staged / "a.zst") << "of the backup";
  const auto moves = moves_of(exchange_to("lost-now"));
  ASSERT_EQ(moves.size(), 5U);
  EXPECT_EQ(moves[0].from, path_);
  EXPECT_EQ(moves[3].to, folder_ / "a.zst");
  EXPECT_EQ(moves[4].to, path_);
}

TEST_F(RestoreTest, LeavesAnotherJournalOfTheFolderAlone) {
  const std::filesystem::path archive_of_another = folder_ / archive_name(99, 1, 10);
  std::ofstream(archive_of_another) << "of another journal";
  std::ofstream(restoring_mark((folder_ / "other.db").string())) << "\n";
  EXPECT_THAT(output(restore, {backup_, path_}), testing::Not(HasSubstr("nobody knows")));
  EXPECT_TRUE(std::filesystem::exists(archive_of_another));
}

TEST_F(RestoreTest, GuessesNoPlace) {
  ASSERT_EQ(::unsetenv("POLYBOT_JOURNAL__FILE"), 0);
  EXPECT_THAT(refusal({backup_}), HasSubstr("usage"));
  ASSERT_EQ(::setenv("POLYBOT_JOURNAL__FILE", (folder_ / "nowhere.db").c_str(), 1), 0);
  EXPECT_THAT(refusal({backup_}), HasSubstr("there is no"));
  ASSERT_EQ(::setenv("POLYBOT_JOURNAL__FILE", path_.c_str(), 1), 0);
  EXPECT_THAT(output(restore, {backup_}), HasSubstr("restored up to record 4000"));
  ASSERT_EQ(::unsetenv("POLYBOT_JOURNAL__FILE"), 0);
}

// The snapshot is derived from the records, and these are right.
TEST_F(RestoreTest, TakesABackupOfWhichOnlyASnapshotIsDamaged) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    snapshot(journal);
  }
  sql("UPDATE snapshot SET sum = sum / 2");
  const std::string damaged = (folder_ / "backups" / "damaged.db").string();
  ASSERT_FALSE(output(backup, {path_, damaged}).empty());
  EXPECT_THAT(output(restore, {damaged, path_}), HasSubstr("restored up to record 4500"));
  EXPECT_THAT(output(verify, {path_}), HasSubstr("1 snapshots"));
}

TEST_F(RestoreTest, BringsTheArchivesOfTheBackupAlong) {
  ASSERT_FALSE(output(archive, {"--before", "2100-01-01", path_}).empty());
  const std::string archived = (folder_ / "backups" / "archived.db").string();
  ASSERT_FALSE(output(backup, {path_, archived}).empty());
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 100);
  }
  EXPECT_FALSE(output(restore, {archived, path_}).empty());
  EXPECT_EQ(fold(Journal(path_, JournalAccess::ReadOnly)).restores()[0].lost_seq, 4'600U);
}

TEST_F(RestoreTest, ReplacesAnOlderBackupWhenAskedTo) {
  EXPECT_THROW((void)backup({path_, backup_}), JournalError);
  EXPECT_FALSE(output(backup, {"--force", path_, backup_}).empty());
  EXPECT_EQ(Journal(backup_, JournalAccess::ReadOnly).last_seq(), 4'500U);
  EXPECT_FALSE(std::filesystem::exists(backup_ + ".part"));
  const std::string notes = (folder_ / "notes.txt").string();
  std::ofstream(notes) << "not a journal";
  EXPECT_THROW((void)backup({"--force", path_, notes}), JournalError);
  EXPECT_THROW((void)backup({"--force", path_, path_}), JournalError);
  std::ofstream(backup_ + "-wal") << "of the older one";
  EXPECT_THROW((void)backup({"--force", path_, backup_}), JournalError);
}

}  // namespace
}  // namespace polybot::order_manager
