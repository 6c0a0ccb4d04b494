#include "services/order-manager/journal/journal.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "common/domain/assertion_guard.hpp"
#include "common/wire/order_codec.hpp"
#include "services/order-manager/journal/compression.hpp"
#include "services/order-manager/journal/statement.hpp"

namespace polybot::order_manager {
namespace {

// "PBJ1": told apart from other SQLite files by the header itself.
constexpr int kApplicationId = 0x50424A31;
constexpr int kFormat = 1;
// The first records are in archives, which a program of format 1 does not know of.
constexpr int kFormatArchived = 2;
// At 1,000 pages SQLite copies its log into the tables and starts writing at the log's beginning
// again. The other 100 pages are room for the transaction that passes this mark.
constexpr sqlite3_int64 kLogBytes = sqlite3_int64{1'100} * (4'096 + 24);

std::int64_t pragma(sqlite3* db, const char* sql) {
  Statement statement(db, sql);
  return statement.step() == SQLITE_ROW ? static_cast<std::int64_t>(statement.number(0)) : -1;
}

// SQLite's numbers are signed; its largest stands for "to the end".
std::uint64_t clamped(std::uint64_t seq) {
  return std::min<std::uint64_t>(seq, INT64_MAX);
}

// What is being read, for contradicts().
struct Place {
  std::string path;
  std::uint64_t seq = 0;
};
thread_local Place place;

// A record that can be decoded may yet be impossible after those before it: a flipped bit, or a
// fold of another version. The half-done fold goes with the exception.
[[noreturn]] void contradicts(const char* what) {
  throw JournalError("journal: " + place.path + ": record " + std::to_string(place.seq) +
                     " contradicts those before it (" + what + "); restore a backup");
}
void contradicts(const char* expression, const char* /*file*/, int /*line*/) {
  contradicts(expression);
}

// Ends with its scope. Within a transaction of the owner's it does nothing.
class ReadTransaction {
 public:
  explicit ReadTransaction(sqlite3* db) : db_(sqlite3_get_autocommit(db) != 0 ? db : nullptr) {
    if (db_ != nullptr) sqlite3_exec(db_, "BEGIN", nullptr, nullptr, nullptr);
  }
  ~ReadTransaction() {
    if (db_ != nullptr) sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr);
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  sqlite3* db_;
};

}  // namespace

struct Journal::Appending {
  explicit Appending(sqlite3* db)
      : begin(db, "BEGIN IMMEDIATE"),
        insert(db,
               "INSERT INTO journal(seq, at_ns, kind, strategy, body, sum)"
               " VALUES (?, ?, ?, ?, ?, ?)"),
        commit(db, "COMMIT") {}

  Statement begin;
  Statement insert;
  Statement commit;
};

Journal::Journal(const std::string& path, JournalAccess access) : path_(real_path(path)) {
  if (access == JournalAccess::ReadWrite) {
    lock_ = std::make_unique<JournalLock>(path_);
    if (std::filesystem::exists(restoring_mark(path_))) {
      throw JournalError("journal: a restore of " + path_ + " was interrupted (" +
                         restoring_mark(path_).string() +
                         " is there); run order-manager restore BACKUP " + path_ + " again");
    }
    std::error_code ignored;  // it only takes room
    std::filesystem::remove_all(staging_folder(path_), ignored);
  } else if (!std::filesystem::exists(path_)) {
    throw JournalError("journal: there is no " + path_);
  }
  try {
    open(access);
  } catch (...) {
    appending_.reset();
    sqlite3_close(db_);
    throw;
  }
}

Journal::~Journal() {
  appending_.reset();
  sqlite3_close(db_);
}

void Journal::fail(const std::string& doing) const {
  throw JournalError("journal: " + path_ + ": " + doing + ": " +
                     (db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_)));
}

void Journal::execute(const char* sql) const {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

void Journal::open(JournalAccess access) {
  const int flags = access == JournalAccess::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                       : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(path_.c_str(), &db_, flags, nullptr) != SQLITE_OK) fail("cannot open");
  sqlite3_busy_timeout(db_, 2000);
  sqlite3_extended_result_codes(db_, 1);
  snapshots_ = SnapshotStore(db_);
  // Reading a page finds out whether this is a database at all.
  const std::int64_t tables = pragma(db_, "SELECT count(*) FROM sqlite_master");
  if (tables < 0) fail("not a readable journal");
  const std::int64_t application = pragma(db_, "PRAGMA application_id");
  if (tables == 0 && access == JournalAccess::ReadWrite) {
    create_tables();
  } else if (application != kApplicationId) {
    throw JournalError("journal: " + path_ + " is an SQLite file, but not a PolyBot journal");
  } else if (const std::int64_t format = pragma(db_, "PRAGMA user_version");
             format != kFormat && format != kFormatArchived) {
    throw JournalError("journal: " + path_ + " has format " + std::to_string(format) +
                       ", this program reads formats " + std::to_string(kFormat) + " and " +
                       std::to_string(kFormatArchived));
  }
  if (access == JournalAccess::ReadWrite) {
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    if (!snapshots_.create_tables()) fail("cannot make the tables of the snapshots");
    if (!has_sums()) execute("ALTER TABLE journal ADD COLUMN sum INTEGER");
    appending_ = std::make_unique<Appending>(db_);
    if (!appending_->insert.ok()) fail("cannot prepare the insert");
  }
  const std::int64_t last = pragma(db_, "SELECT coalesce(max(seq), 0) FROM journal");
  if (last < 0) fail("cannot read the last record's number");
  last_seq_ = static_cast<std::uint64_t>(last);
  if (const auto archived = archives(); !archived.empty()) {
    last_seq_ = std::max(last_seq_, archived.back().last);
  }
  journal_id_ = read_journal_id();
}

std::string Journal::folder() const {
  return std::filesystem::path(path_).parent_path().string();
}

std::uint64_t Journal::read_journal_id() const {
  if (const auto archived = archives(); !archived.empty()) return archived.front().journal_id;
  Statement select(db_, "SELECT body FROM journal WHERE seq = 1");
  domain::Event event;
  if (select.step() != SQLITE_ROW ||
      wire::decode_event(select.bytes(0), event) != wire::DecodeError::None) {
    return 0;
  }
  const auto* opened = std::get_if<domain::JournalOpened>(&event.body);
  return opened == nullptr ? 0 : opened->journal_id;
}

std::optional<domain::ManagerStarted> Journal::last_start() const {
  // Backwards, without an index: as many take a fraction of a second.
  constexpr std::uint64_t kRecordsMax = 1'000'000;
  const std::string_view kind =
      domain::event_kind_name(domain::EventBody(domain::ManagerStarted{}).index());
  Statement select(db_,
                   "SELECT body FROM journal WHERE seq > ? AND kind = ? ORDER BY seq DESC LIMIT 1");
  if (!select.ok()) fail("cannot read");
  select.bind(1, last_seq_ - std::min(last_seq_, kRecordsMax));
  select.bind_text(2, kind);
  domain::Event event;
  if (select.step() != SQLITE_ROW ||
      wire::decode_event(select.bytes(0), event) != wire::DecodeError::None) {
    return std::nullopt;
  }
  const auto* started = std::get_if<domain::ManagerStarted>(&event.body);
  return started == nullptr ? std::nullopt : std::optional(*started);
}

// A journal of an earlier version gets the column when it is next written.
bool Journal::has_sums() const {
  return pragma(db_, "SELECT count(*) FROM pragma_table_info('journal') WHERE name = 'sum'") == 1;
}

void Journal::create_tables() {
  const std::string sql =
      "PRAGMA application_id = " + std::to_string(kApplicationId) +
      "; PRAGMA user_version = " + std::to_string(kFormat) +
      "; CREATE TABLE journal(seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, kind TEXT NOT NULL,"
      "  strategy TEXT NOT NULL, body BLOB NOT NULL, sum INTEGER) STRICT";
  execute(sql.c_str());
}

std::string Journal::append(std::span<const domain::Event> events) {
  return append_each(
      events, [](const domain::Event& event) -> const auto& { return event; });
}

std::string Journal::append(std::span<const domain::StreamedEvent> records) {
  return append_each(
      records, [](const domain::StreamedEvent& record) -> const auto& { return record.event; });
}

template <class Record, class EventOf>
std::string Journal::append_each(std::span<const Record> records, const EventOf& event_of) {
  if (records.empty()) return {};
  POLYBOT_ASSERT(appending_ != nullptr);  // it was opened to be written
  const auto failed = [this](const char* doing) {
    // The text is read before the rollback replaces it.
    std::string what = std::string(doing) + ": " + sqlite3_errmsg(db_);
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    return what;
  };
  if (!appending_->begin.run()) return failed("begin");
  Statement& insert = appending_->insert;
  std::uint64_t seq = last_seq_;
  for (const Record& record : records) {
    const domain::Event& event = event_of(record);
    POLYBOT_ASSERT(domain::follows(event, seq));
    seq = event.seq;
    const std::string body = wire::encode_event(event);
    const std::string_view kind = domain::event_kind_name(event.body.index());
    insert.bind(1, event.seq);
    insert.bind(2, static_cast<std::uint64_t>(domain::to_unix_ns(event.at)));
    insert.bind_text(3, kind);
    insert.bind_text(4, event.strategy.value);
    insert.bind_blob(5, body);
    insert.bind(6, word_sum(body, seq));
    if (!insert.run()) return failed("insert");
  }
  if (!appending_->commit.run()) return failed("commit");
  last_seq_ = seq;
  const domain::Event& first = event_of(records.front());
  if (const auto* opened = std::get_if<domain::JournalOpened>(&first.body)) {
    if (first.seq == 1) journal_id_ = opened->journal_id;
  }
  return {};
}

// What lies behind the last valid frame of a write-ahead log is ignored
// (https://sqlite.org/fileformat2.html#the_write_ahead_log), zeros as well.
void Journal::lay_out_log() {
  constexpr int kPiece = 64 * 1024;  // SQLite writes less than 128 KiB at a time
  static constexpr std::array<char, kPiece> kZeros{};
  sqlite3_file* log = nullptr;
  sqlite3_int64 size = 0;
  if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
      log == nullptr || log->pMethods == nullptr ||
      log->pMethods->xFileSize(log, &size) != SQLITE_OK) {
    return;
  }
  int result = SQLITE_OK;
  for (sqlite3_int64 at = size; result == SQLITE_OK && at < kLogBytes; at += kPiece)
    result = log->pMethods->xWrite(log, kZeros.data(), kPiece, at);
  if (result == SQLITE_OK) result = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (result != SQLITE_OK) log->pMethods->xTruncate(log, size);  // the records need the room more
}

std::string Journal::probe() {
  // As much as a busy second writes; in a table whose content is derivable, under a number that no
  // snapshot has.
  for (const char* sql : {"INSERT OR REPLACE INTO snapshot_part VALUES (0, 0, zeroblob(262144))",
                          "DELETE FROM snapshot_part WHERE seq = 0"}) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite3_errmsg(db_);
  }
  return {};
}

void Journal::read(std::uint64_t from, std::uint64_t to,
                   const std::function<void(const domain::Event&)>& visit) const {
  // One view of the database: an archiver may move records between two statements.
  const ReadTransaction one_view(db_);
  const domain::AssertionGuard guard(contradicts);
  place = {path_, 0};
  std::uint64_t expected = std::max<std::uint64_t>(from, 1);
  domain::Event event;
  const auto damaged = [this](std::uint64_t seq) {
    return JournalError("journal: " + path_ + ": record " + std::to_string(seq) +
                        " is damaged; restore a backup");
  };
  const auto take = [&](std::uint64_t seq, std::string_view body) {
    const bool decoded =
        wire::decode_event(body, event) == wire::DecodeError::None && event.seq == seq;
    // Where a backup was restored the numbers leave a gap, in which `from` may lie.
    const auto* restored = std::get_if<domain::JournalRestored>(&event.body);
    const bool gap = decoded && restored != nullptr && restored->backup_seq < expected;
    if (seq != expected && !(gap && expected < seq)) {
      throw JournalError("journal: " + path_ + ": record " + std::to_string(expected) +
                         " is missing; restore a backup");
    }
    if (!decoded) throw damaged(seq);
    expected = seq;
    place.seq = seq;
    try {
      visit(event);
    } catch (const std::logic_error& error) {  // of the standard library: a key is not there
      contradicts(error.what());
    }
    ++expected;
  };
  for (const ArchiveLabel& label : archives()) {
    if (label.last >= expected && label.first <= to) read_archive(folder(), label, from, to, take);
  }
  Statement select(
      db_, has_sums()
               ? "SELECT seq, body, sum FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq"
               : "SELECT seq, body, NULL FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq");
  if (!select.ok()) fail("cannot read");
  select.bind(1, clamped(from));
  select.bind(2, clamped(to));
  int result = SQLITE_ROW;
  while ((result = select.step()) == SQLITE_ROW) {
    const std::uint64_t seq = select.number(0);
    const std::string_view body = select.bytes(1);
    if (!select.is_null(2) && select.number(2) != word_sum(body, seq)) throw damaged(seq);
    take(seq, body);
  }
  if (result != SQLITE_DONE) fail("cannot read record " + std::to_string(expected));
}

void Journal::backup(const std::string& file, Existing existing) const {
  std::error_code error;
  if (std::filesystem::exists(file) && std::filesystem::equivalent(file, path_, error))
    throw JournalError("backup: " + file + " is the journal itself");
  // SQLite would take them for the new file's.
  for (const char* const suffix : {"-wal", "-journal"}) {
    const std::string log = file + suffix;
    if (std::filesystem::exists(log) && std::filesystem::file_size(log) > 0)
      throw JournalError("backup: " + log + " is there: something else writes to " + file);
  }
  if (std::filesystem::exists(file)) {
    if (existing == Existing::Keep)
      throw JournalError("backup: " + file + " exists already; --force replaces it");
    static_cast<void>(Journal(file, JournalAccess::ReadOnly));  // nothing else is written over
  }
  const std::string temporary = file + ".part";
  std::filesystem::remove(temporary, error);
  copy_to(temporary);
  const Journal copied(temporary, JournalAccess::ReadOnly);
  for (const ArchiveLabel& label : copied.archives()) {
    copy_archive(folder(), label, copied.folder());
  }
  std::filesystem::rename(temporary, file, error);
  if (error) throw JournalError("backup: " + file + ": cannot rename: " + error.message());
}

void Journal::copy_to(const std::string& file) const {
  sqlite3* target = nullptr;
  const auto give_up = [&](const std::string& what) {
    const std::string text = target == nullptr ? what : what + ": " + sqlite3_errmsg(target);
    sqlite3_close(target);
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    throw JournalError("backup: " + file + ": " + text);
  };
  if (sqlite3_open_v2(file.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) !=
      SQLITE_OK) {
    give_up("cannot create");
  }
  sqlite3_backup* copy = sqlite3_backup_init(target, "main", db_, "main");
  if (copy == nullptr) give_up("cannot begin");
  const int result = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (result != SQLITE_DONE) give_up("cannot copy");
  // A backup is one plain file: without this it would inherit the write-ahead log's mode.
  if (sqlite3_exec(target, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    give_up("cannot finish");
  }
  sqlite3_close(target);
}

}  // namespace polybot::order_manager
