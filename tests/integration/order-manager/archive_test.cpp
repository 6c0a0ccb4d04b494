// Old records in compressed files: every reader finds the same journal as before, and an archiver
// that dies or fails at any byte leaves a whole journal.
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"

namespace polybot::order_manager {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

// The names of files that are made in a folder, even if they are gone again.
class NamesCreated {
 public:
  explicit NamesCreated(const std::filesystem::path& folder)
      : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(descriptor_, folder.c_str(), IN_CREATE), 0);
  }
  ~NamesCreated() { ::close(descriptor_); }
  NamesCreated(const NamesCreated&) = delete;
  NamesCreated& operator=(const NamesCreated&) = delete;

  std::vector<std::string> read() const {
    std::vector<std::string> names;
    alignas(inotify_event) std::array<char, 65'536> buffer;
    const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      names.emplace_back(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return names;
  }

 private:
  int descriptor_;
};

class ArchiveTest : public TradedJournal {
 protected:
  // 4,000 records from 2026-09-21 14:13:20 UTC on, a minute apart: almost three days.
  ArchiveTest() {
    history_ = test::OrderHistory(domain::from_unix_ms(1'790'000'000'000), std::chrono::minutes(1));
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 4'000);
  }

  // A snapshot at record 12,000 of 27,000, which last until 2026-10-10.
  void snapshot_and_trade_on() {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 8'000);
    snapshot(journal);
    trade(journal, 15'000);
  }

  static int quietly(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int result = archive(arguments);
    (void)testing::internal::GetCapturedStdout();
    (void)testing::internal::GetCapturedStderr();
    return result;
  }
  static std::string said(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(archive(arguments), 0);
    return testing::internal::GetCapturedStdout();
  }
  static std::string refusal(const std::vector<std::string>& arguments) {
    try {
      (void)quietly(arguments);
    } catch (const std::exception& error) {
      (void)testing::internal::GetCapturedStdout();
      (void)testing::internal::GetCapturedStderr();
      return error.what();
    }
    return {};
  }
  std::uint64_t folded_digest() const {
    return fold(Journal(path_, JournalAccess::ReadOnly)).digest();
  }
  // Starts as order-manager does, and ends in the right state; returns the snapshot it began at.
  std::uint64_t started_from() const {
    const Journal journal(path_, JournalAccess::ReadOnly);
    OrderManager core(Settings{}, [](const domain::Order&, const domain::Market&) {
      return std::optional<VenueIdentity>();
    });
    const StartUp started = fold_journal(
        journal, core, [](const Ledger&) {}, [](const domain::StreamedEvent&) {});
    EXPECT_EQ(core.ledger().digest(), expected_.digest());
    return started.snapshot_seq;
  }
  std::vector<std::filesystem::path> archives() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".zst") found.push_back(entry.path());
    }
    return found;
  }
};

TEST_F(ArchiveTest, LeavesTheSameJournalToEveryReader) {
  const auto size = std::filesystem::file_size(path_);
  ASSERT_EQ(quietly({"--before", "2026-09-23", path_}), 0);
  const Journal journal(path_, JournalAccess::ReadOnly);
  ASSERT_EQ(journal.archives().size(), 1U);
  EXPECT_EQ(journal.first_kept(), journal.archives()[0].last + 1);
  EXPECT_GT(journal.first_kept(), 1'000U);
  EXPECT_EQ(journal.last_seq(), 4'000U);
  EXPECT_EQ(journal.journal_id(), test::OrderHistory::kJournalId);
  EXPECT_EQ(fold(journal).digest(), expected_.digest());
  EXPECT_LT(std::filesystem::file_size(path_), size);
  // A range across the cut.
  std::uint64_t expected = journal.first_kept() - 3;
  journal.read(expected, journal.first_kept() + 3,
               [&](const domain::Event& event) { EXPECT_EQ(event.seq, expected++); });
  EXPECT_EQ(expected, journal.first_kept() + 4);
}

TEST_F(ArchiveTest, CutsAtMidnightOfTheDay) {
  ASSERT_EQ(quietly({"--before", "2026-09-22", path_}), 0);
  const Journal journal(path_, JournalAccess::ReadOnly);
  // 14:13:20 to midnight: 586 whole minutes and 40 seconds.
  EXPECT_EQ(journal.first_kept(), 587U);
}

TEST_F(ArchiveTest, GoesOnBeingWrittenAndArchivedAgain) {
  ASSERT_EQ(quietly({"--before", "2026-09-22", path_}), 0);
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    trade(journal, 500);
  }
  ASSERT_EQ(quietly({"--before", "2026-09-23", path_}), 0);
  EXPECT_EQ(archives().size(), 2U);
  EXPECT_EQ(folded_digest(), expected_.digest());
  EXPECT_EQ(verify({path_}), 0);
}

TEST_F(ArchiveTest, MovesEverythingWhenAskedTo) {
  ASSERT_EQ(quietly({"--before", "2030-01-01", path_}), 0);
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    EXPECT_EQ(journal.last_seq(), 4'000U);
    trade(journal, 10);
  }
  EXPECT_EQ(folded_digest(), expected_.digest());
  EXPECT_THAT(said({"--before", "2026-09-22", path_}), HasSubstr("nothing to move"));
}

TEST_F(ArchiveTest, StartsWithoutTheArchive) {
  ASSERT_EQ(quietly({"--before", "2026-09-23", path_}), 0);
  for (const auto& file : archives()) std::filesystem::remove(file);
  EXPECT_EQ(started_from(), 4'000U);
  // The whole fold names what it lacks.
  try {
    (void)folded_digest();
    FAIL();
  } catch (const JournalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is missing; it holds the records 1 to"));
  }
}

TEST_F(ArchiveTest, StartsWithoutTheArchiveDespiteAnOlderSnapshot) {
  snapshot_and_trade_on();
  ASSERT_EQ(quietly({"--before", "2026-10-09", path_}), 0);
  for (const auto& file : archives()) std::filesystem::remove(file);
  EXPECT_EQ(started_from(), 27'000U);
}

TEST_F(ArchiveTest, StartsFromASnapshotBeforeTheCutWhenNothingNewerIsGood) {
  snapshot_and_trade_on();
  ASSERT_EQ(quietly({"--before", "2026-10-09", path_}), 0);
  sql("UPDATE snapshot SET sum = sum + 1 WHERE seq = 27000");
  EXPECT_EQ(started_from(), 12'000U);
}

// A script that archives every night meets young journals: an empty run is no failure.
TEST_F(ArchiveTest, SaysWhenThereIsNothingToMove) {
  EXPECT_THAT(said({"--before", "2026-09-21", path_}), HasSubstr("nothing to move"));
  ASSERT_EQ(quietly({"--before", "2026-09-22", path_}), 0);
  EXPECT_THAT(said({"--before", "2026-09-22", path_}), HasSubstr("record in"));
  EXPECT_EQ(archives().size(), 1U);
}

TEST_F(ArchiveTest, RefusesWhatDoesNotVerify) {
  sql("UPDATE journal SET sum = sum + 1 WHERE seq = 100");
  EXPECT_THAT(refusal({"--before", "2026-09-23", path_}), HasSubstr("record 100 is damaged"));
  sql("UPDATE journal SET sum = sum - 1 WHERE seq = 100");
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    snapshot(journal);
  }
  sql("UPDATE snapshot SET sum = sum + 1");
  EXPECT_THAT(refusal({"--before", "2026-09-23", path_}),
              HasSubstr("nothing is moved: the snapshot of record 4000 is damaged"));
  EXPECT_TRUE(archives().empty());
}

// The usual place for temporary files may be too small for a journal.
TEST_F(ArchiveTest, CompactsBesideTheJournal) {
  snapshot_and_trade_on();
  ::sqlite3_shutdown();  // as in a program that has not used it yet
  ::unsetenv("SQLITE_TMPDIR");
  const NamesCreated created(folder_);
  ASSERT_EQ(quietly({"--before", "2026-09-22", path_}), 0);
  EXPECT_THAT(created.read(), Contains(StartsWith("etilqs_")));
}

TEST_F(ArchiveTest, RefusesAJournalInUse) {
  const Journal owner(path_, JournalAccess::ReadWrite);
  EXPECT_THAT(refusal({"--before", "2026-09-22", path_}), HasSubstr("in use by another process"));
}

TEST_F(ArchiveTest, RefusesWhatItIsNotToldRight) {
  for (const char* date : {"2026-9-22", "2026-09-31", "yesterday", "2026-09-2x", ""}) {
    EXPECT_THAT(refusal({"--before", date, path_}),
                AnyOf(HasSubstr("needs a day"), HasSubstr("before which day")))
        << date;
  }
  EXPECT_THAT(refusal({path_}), HasSubstr("usage"));
  EXPECT_THAT(refusal({"--before", "2026-09-22"}), HasSubstr("usage"));
  EXPECT_THAT(refusal({"--before", "2026-09-22", path_ + "x"}), HasSubstr("there is no"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "x"));
}

TEST_F(ArchiveTest, LeavesNothingBesideAFileThatIsNoJournal) {
  const std::filesystem::path other = std::filesystem::path(folder_) / "notes.txt";
  std::ofstream(other) << std::string(5'000, 'x');
  EXPECT_THAT(refusal({"--before", "2026-09-22", other.string()}),
              HasSubstr("not a readable journal"));
  EXPECT_FALSE(std::filesystem::exists(other.string() + ".lock"));
}

TEST_F(ArchiveTest, TakesAListThatCannotBeReadForNoEmptyOne) {
  said({"--before", "2026-09-23", path_});
  sql("ALTER TABLE archive RENAME COLUMN file TO gone");
  EXPECT_THROW(static_cast<void>(Journal(path_, JournalAccess::ReadOnly).archives()), JournalError);
}

TEST_F(ArchiveTest, NoticesDamageInAnArchive) {
  ASSERT_EQ(quietly({"--before", "2026-09-23", path_}), 0);
  const auto file = archives().at(0);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  for (const std::streamoff at :
       {std::streamoff{0}, std::streamoff{20}, std::streamoff{2'000},
        static_cast<std::streamoff>(std::filesystem::file_size(file) - 8)}) {
    bytes.seekg(at);
    const int good = bytes.get();
    bytes.seekp(at);
    bytes.put(static_cast<char>(good ^ 0x40));
    bytes.flush();
    EXPECT_THROW((void)folded_digest(), JournalError) << "byte " << at;
    bytes.seekp(at);
    bytes.put(static_cast<char>(good));
    bytes.flush();
  }
  EXPECT_EQ(folded_digest(), expected_.digest());
}

TEST_F(ArchiveTest, IsBackedUpWithItsArchives) {
  ASSERT_EQ(quietly({"--before", "2026-09-23", path_}), 0);
  const auto elsewhere = folder_ / "backup";
  std::filesystem::create_directory(elsewhere);
  const std::string copy = (elsewhere / "copy.db").string();
  ASSERT_EQ(backup({path_, copy}), 0);
  EXPECT_EQ(fold(Journal(copy, JournalAccess::ReadOnly)).digest(), expected_.digest());
  // Beside the journal the archives are there already.
  const std::string beside = (folder_ / "beside.db").string();
  ASSERT_EQ(backup({path_, beside}), 0);
  EXPECT_EQ(fold(Journal(beside, JournalAccess::ReadOnly)).digest(), expected_.digest());
}

TEST_F(ArchiveTest, SurvivesDeathAndRefusalAtAnySize) {
  // A file-size limit stops the archiver at a byte of its archive, of the write-ahead log, or of
  // the compacted database: by a signal that kills it (odd runs), or by an error (even runs).
  const auto original = folder_ / "original";
  std::filesystem::create_directory(original);
  std::filesystem::copy(path_, original / "journal.db");
  int stopped = 0;
  int moved = 0;
  bool finished = false;
  for (rlim_t limit = 4'096; !finished; limit += limit / 3) {
    for (const bool by_signal : {true, false}) {
      for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        if (entry.is_regular_file()) std::filesystem::remove(entry.path());
      }
      std::filesystem::copy(original / "journal.db", path_);
      std::fflush(nullptr);  // or the child writes it once more
      const pid_t child = ::fork();
      if (child == 0) {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::signal(SIGXFSZ, by_signal ? SIG_DFL : SIG_IGN);
        const rlimit size{.rlim_cur = limit, .rlim_max = limit};
        ::setrlimit(RLIMIT_FSIZE, &size);
        try {
          if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(4);
          if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(4);
          ::_exit(archive({"--before", "2026-09-23", path_}));
        } catch (const std::exception&) {
          ::_exit(3);
        }
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      finished = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      if (!finished) ++stopped;
      Journal journal(path_, JournalAccess::ReadWrite);
      ASSERT_EQ(fold(journal).digest(), expected_.digest()) << "limit " << limit;
      if (!journal.archives().empty()) ++moved;
      const domain::Event next{.seq = journal.last_seq() + 1,
                               .at = expected_.last_at(),
                               .body = domain::ManagerStarted{2}};
      ASSERT_EQ(journal.append(std::span(&next, 1)), "") << "limit " << limit;
    }
  }
  EXPECT_GE(stopped, 12);
  EXPECT_GE(moved, 2);
  // What an interrupted archiver left does not hinder the next one.
  EXPECT_THAT(said({"--before", "2026-09-23", path_}), HasSubstr("nothing to move"));
}

}  // namespace
}  // namespace polybot::order_manager
