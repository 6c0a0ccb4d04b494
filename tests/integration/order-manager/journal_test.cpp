// The journal on a real file: appended records are there, whole, after any failure, and damaged
// records are named.
#include "services/order-manager/journal/journal.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "common/runtime/clock.hpp"
#include "common/wire/order_codec.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/journal/backup_mark.hpp"
#include "services/order-manager/journal/journal_lock.hpp"
#include "services/order-manager/tools/commands.hpp"

namespace polybot::order_manager {
namespace {

using domain::Event;
using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string name = testing::TempDir() + "journal-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = (folder_ / "journal.db").string();
  }
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  static Event event(std::uint64_t seq) {
    return {.seq = seq,
            .at = domain::from_unix_ns(static_cast<std::int64_t>(seq) * 1000),
            .strategy = {"momentum"},
            .body = domain::SignalDenied{
                .signal = {7, seq}, .reason = domain::DenyReason::QuoteStale, .buys = 1}};
  }

  static std::vector<Event> events(std::uint64_t from, std::uint64_t to) {
    std::vector<Event> made;
    for (std::uint64_t seq = from; seq <= to; ++seq) made.push_back(event(seq));
    return made;
  }

  static std::vector<Event> read_all(const Journal& journal) {
    std::vector<Event> found;
    journal.read(1, UINT64_MAX, [&](const Event& read) { found.push_back(read); });
    return found;
  }

  static std::string hex_of(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
  }

  static int descriptors_of(const std::filesystem::path& file) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry.path(), gone) == file) ++count;
    }
    return count;
  }

  void sql(const std::string& statement) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  std::string error_of_reading() const {
    try {
      const Journal journal(path_, JournalAccess::ReadOnly);
      (void)read_all(journal);
    } catch (const JournalError& error) {
      return error.what();
    }
    return {};
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(JournalTest, ReturnsWhatWasAppendedAfterReopening) {
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    EXPECT_EQ(journal.append(events(1, 3)), "");
    EXPECT_EQ(journal.append(events(4, 4)), "");
  }
  const Journal journal(path_, JournalAccess::ReadWrite);
  EXPECT_EQ(journal.last_seq(), 4u);
  EXPECT_EQ(read_all(journal), events(1, 4));
}

TEST_F(JournalTest, ReadsARangeOnly) {
  Journal journal(path_, JournalAccess::ReadWrite);
  ASSERT_EQ(journal.append(events(1, 10)), "");
  std::vector<Event> found;
  journal.read(4, 6, [&](const Event& read) { found.push_back(read); });
  EXPECT_EQ(found, events(4, 6));
}

TEST_F(JournalTest, RefusesASecondWriter) {
  const Journal first(path_, JournalAccess::ReadWrite);
  try {
    const Journal second(path_, JournalAccess::ReadWrite);
    FAIL() << "a second writer was let in";
  } catch (const JournalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("in use by another process"));
  }
}

// A killed process keeps its files until the last of its threads has ended.
TEST_F(JournalTest, WaitsForAWriterThatIsEnding) {
  std::optional<Journal> first(std::in_place, path_, JournalAccess::ReadWrite);
  auto second = std::async(std::launch::async,
                           [this] { return Journal(path_, JournalAccess::ReadWrite).last_seq(); });
  while (descriptors_of(lock_file(path_)) < 2) std::this_thread::yield();  // it tries
  first.reset();
  EXPECT_EQ(second.get(), 0u);
}

TEST_F(JournalTest, CanBeReadWhileItsOwnerWrites) {
  Journal owner(path_, JournalAccess::ReadWrite);
  ASSERT_EQ(owner.append(events(1, 2)), "");
  const Journal reader(path_, JournalAccess::ReadOnly);
  EXPECT_EQ(read_all(reader), events(1, 2));
}

TEST_F(JournalTest, KeepsEveryAppendedEventWhenItsProcessIsKilled) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Journal journal(path_, JournalAccess::ReadWrite);
    journal.lay_out_log();
    for (std::uint64_t seq = 1;; ++seq) {
      if (!journal.append(events(seq, seq)).empty()) ::_exit(1);
      (void)!::write(pipe_ends[1], &seq, sizeof seq);
    }
  }
  ::close(pipe_ends[1]);
  std::uint64_t acknowledged = 0;
  while (acknowledged < 50) ASSERT_EQ(::read(pipe_ends[0], &acknowledged, sizeof acknowledged), 8);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (std::uint64_t more = 0; ::read(pipe_ends[0], &more, sizeof more) == 8;) acknowledged = more;
  ::close(pipe_ends[0]);

  const Journal journal(path_, JournalAccess::ReadWrite);
  EXPECT_GE(journal.last_seq(), acknowledged);
  EXPECT_LE(journal.last_seq(), acknowledged + 1);
  EXPECT_EQ(read_all(journal), events(1, journal.last_seq()));
}

TEST_F(JournalTest, WritesNothingOfATransactionThatTheDiskRefuses) {
  // The file-size limit stands for a full disk; it applies to a child so that the test runner keeps
  // its own.
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Journal journal(path_, JournalAccess::ReadWrite);
    if (!journal.append(events(1, 5)).empty()) ::_exit(1);
    const rlimit full{.rlim_cur = 64 * 1024, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &full);
    std::uint64_t next = 6;
    while (journal.append(events(next, next + 99)).empty()) {
      next += 100;
      if (next > 100'000) ::_exit(2);
    }
    if (journal.last_seq() != next - 1) ::_exit(3);
    // When there is room again the journal goes on where it was.
    const rlimit room{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &room);
    if (!journal.append(events(next, next)).empty()) ::_exit(4);
    if (read_all(journal) != events(1, next)) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(JournalTest, LengthensItsLogOnceAndNotAgain) {
  Journal journal(path_, JournalAccess::ReadWrite);
  journal.lay_out_log();
  const auto laid_out = std::filesystem::file_size(path_ + "-wal");
  for (std::uint64_t seq = 1; seq <= 1'500; seq += 300)
    ASSERT_EQ(journal.append(events(seq, seq + 299)), "");
  EXPECT_EQ(std::filesystem::file_size(path_ + "-wal"), laid_out);
  EXPECT_EQ(read_all(Journal(path_, JournalAccess::ReadOnly)), events(1, 1'500));
}

TEST_F(JournalTest, LeavesItsLogAsItIsWhenThereIsNoRoom) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Journal journal(path_, JournalAccess::ReadWrite);
    const auto before = std::filesystem::file_size(path_ + "-wal");
    const rlimit full{.rlim_cur = 1024 * 1024, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &full);
    journal.lay_out_log();
    if (std::filesystem::file_size(path_ + "-wal") != before) ::_exit(1);
    ::_exit(journal.append(events(1, 5)).empty() ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(JournalTest, NotesWhenItWasBackedUp) {
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(events(1, 3)), ""); }
  EXPECT_EQ(last_backup(path_), std::nullopt);
  const std::string copy = path_ + ".copy";
  const auto now = [] { return runtime::Clock().wall(); };
  const domain::Timestamp before = now();
  testing::internal::CaptureStdout();
  ASSERT_EQ(backup({path_, copy}), 0);
  testing::internal::GetCapturedStdout();
  const auto noted = last_backup(path_);
  ASSERT_TRUE(noted);
  // The time of a file is that of the kernel's last tick.
  EXPECT_GE(*noted, before - std::chrono::milliseconds(20));
  EXPECT_LE(*noted, now());
  EXPECT_EQ(last_backup(copy), std::nullopt) << "it is of the journal, not of the copy";
  EXPECT_THROW(backup({path_, copy}), JournalError);
  EXPECT_EQ(last_backup(path_), noted) << "no backup was made";
}

TEST(Backups, AreDueOnceSomebodyMakesOrWantsThem) {
  using std::chrono::hours;
  const domain::Timestamp begun = domain::from_unix_ms(1'795'000'000'000);
  const domain::Timestamp made = begun + hours(100);
  EXPECT_EQ(backup_due({}, begun, {}), std::nullopt);
  EXPECT_EQ(backup_due(made, begun, {}), made + hours(36));
  EXPECT_EQ(backup_due({}, begun, hours(8)), begun + hours(8));
  EXPECT_EQ(backup_due(made, begun, hours(8)), made + hours(8));
}

TEST_F(JournalTest, NamesADamagedRecord) {
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(events(1, 3)), ""); }
  sql("UPDATE journal SET body = x'ffff' WHERE seq = 2");
  EXPECT_THAT(error_of_reading(), HasSubstr("record 2 is damaged"));
}

// Any bit of any record: a record that can still be decoded would be believed.
TEST_F(JournalTest, NoticesEveryFlippedBit) {
  std::string body;
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    ASSERT_EQ(journal.append(events(1, 3)), "");
    body = wire::encode_event(events(2, 2).front());
  }
  std::size_t decodable = 0;
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string flipped = body;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    Event event;
    if (wire::decode_event(flipped, event) == wire::DecodeError::None) ++decodable;
    sql("UPDATE journal SET body = x'" + hex_of(flipped) + "' WHERE seq = 2");
    ASSERT_THAT(error_of_reading(), HasSubstr("record 2 is damaged")) << bit;
  }
  EXPECT_GT(decodable, 0U) << "the sum was not needed";
  // Two whole records in each other's places are as wrong.
  sql("UPDATE journal SET body = (SELECT body FROM journal WHERE seq = 3),"
      " sum = (SELECT sum FROM journal WHERE seq = 3) WHERE seq = 2");
  EXPECT_THAT(error_of_reading(), HasSubstr("record 2 is damaged"));
}

// The journal was made before there were sums.
TEST_F(JournalTest, ReadsAndContinuesAJournalWithoutSums) {
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(events(1, 3)), ""); }
  sql("ALTER TABLE journal DROP COLUMN sum");
  EXPECT_EQ(read_all(Journal(path_, JournalAccess::ReadOnly)), events(1, 3));
  {
    Journal journal(path_, JournalAccess::ReadWrite);
    EXPECT_EQ(read_all(journal), events(1, 3));
    ASSERT_EQ(journal.append(events(4, 5)), "");
  }
  EXPECT_EQ(read_all(Journal(path_, JournalAccess::ReadOnly)), events(1, 5));
  sql("UPDATE journal SET body = CAST(body || x'00' AS BLOB) WHERE seq = 5");
  EXPECT_THAT(error_of_reading(), HasSubstr("record 5 is damaged"));
}

// A broken program leaves this: each record can be decoded, one cannot have happened.
TEST_F(JournalTest, NamesARecordThatContradictsThoseBefore) {
  std::vector<Event> history = events(1, 2);
  history.push_back({.seq = 3,
                     .at = domain::from_unix_ns(3000),
                     .strategy = {"momentum"},
                     .trace = {},
                     .body = domain::FillReversed{.fill = {.trade = {"t"}, .order = {{7, 1}, 0}}}});
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(history), ""); }
  const Journal journal(path_, JournalAccess::ReadOnly);
  Ledger ledger;
  try {
    journal.read(1, UINT64_MAX, [&](const Event& read) { ledger.apply(read); });
    FAIL() << "a fill was reversed that never was";
  } catch (const JournalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("record 3 contradicts"));
  }
}

TEST_F(JournalTest, NamesAMissingRecord) {
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(events(1, 3)), ""); }
  sql("DELETE FROM journal WHERE seq = 2");
  EXPECT_THAT(error_of_reading(), HasSubstr("record 2 is missing"));
}

TEST_F(JournalTest, RefusesAFileThatIsNoJournal) {
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_THAT(error_of_reading(), HasSubstr("not a readable journal"));
  std::filesystem::remove(path_);
  sql("CREATE TABLE journal(seq INTEGER PRIMARY KEY)");
  EXPECT_THAT(error_of_reading(), HasSubstr("not a PolyBot journal"));
}

TEST_F(JournalTest, RefusesANewerFormat) {
  { ASSERT_EQ(Journal(path_, JournalAccess::ReadWrite).append(events(1, 1)), ""); }
  sql("PRAGMA user_version = 9");
  EXPECT_THAT(error_of_reading(), HasSubstr("has format 9"));
}

TEST_F(JournalTest, SaysThatThereIsNoJournalToRead) {
  EXPECT_THAT(error_of_reading(), HasSubstr("there is no"));
}

TEST_F(JournalTest, BacksUpAConsistentCopyWhileOpen) {
  Journal journal(path_, JournalAccess::ReadWrite);
  ASSERT_EQ(journal.append(events(1, 3)), "");
  const std::string copy = (folder_ / "copy.db").string();
  journal.backup(copy);
  ASSERT_EQ(journal.append(events(4, 4)), "");
  EXPECT_EQ(read_all(Journal(copy, JournalAccess::ReadOnly)), events(1, 3));
  EXPECT_THROW(journal.backup(copy), JournalError);
}

}  // namespace
}  // namespace polybot::order_manager
