// The journal's archives: which there are, and how records get into one.
#include <sqlite3.h>

#include "common/wire/order_codec.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/journal/statement.hpp"

namespace polybot::order_manager {

std::vector<ArchiveLabel> Journal::archives() const {
  std::vector<ArchiveLabel> found;
  // The table is made with the first archive. An error must not look like none.
  Statement table(db_,
                  "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'archive'");
  if (table.step() != SQLITE_ROW) fail("cannot read");
  if (table.number(0) == 0) return found;
  Statement select(db_,
                   "SELECT journal_id, first, last, file, records_sum FROM archive ORDER BY first");
  const bool whole = select.each([&] {
    found.push_back({.journal_id = select.number(0),
                     .first = select.number(1),
                     .last = select.number(2),
                     .file = std::string(select.bytes(3)),
                     .records_sum = select.number(4)});
  });
  if (!whole) fail("cannot read");
  return found;
}

std::uint64_t Journal::first_kept() const {
  Statement select(db_, "SELECT coalesce(min(seq), ?) FROM journal");
  select.bind(1, last_seq_ + 1);
  if (select.step() != SQLITE_ROW) fail("cannot read");
  return select.number(0);
}

std::uint64_t Journal::last_before(domain::Timestamp at) const {
  // Clocks may have been set back: what counts is the first record that is not older.
  Statement select(db_, "SELECT coalesce(min(seq), ?) FROM journal WHERE at_ns >= ?");
  select.bind(1, last_seq_ + 1);
  select.bind(2, static_cast<std::uint64_t>(domain::to_unix_ns(at)));
  if (select.step() != SQLITE_ROW) fail("cannot read");
  return select.number(0) - 1;
}

ArchiveLabel Journal::archive_up_to(std::uint64_t last) {
  POLYBOT_ASSERT(lock_ != nullptr && last >= first_kept() && last <= last_seq_);
  const ArchiveLabel label = write_archive(last);
  // What is about to be removed is read back first.
  std::uint64_t expected = label.first;
  read_archive(folder(), label, label.first, label.last,
               [&](std::uint64_t seq, std::string_view record) {
                 domain::Event event;
                 if (wire::decode_event(record, event) != wire::DecodeError::None ||
                     event.seq != seq || seq != expected++) {
                   throw JournalError("archive: " + label.file + ": record " + std::to_string(seq) +
                                      " was not written right");
                 }
               });
  remove_archived(label);
  return label;
}

std::uint64_t Journal::last_without_gap(std::uint64_t first, std::uint64_t last) const {
  Statement select(db_,
                   "SELECT max(seq) FROM journal WHERE seq <= ?2 AND seq < (SELECT"
                   " coalesce(min(seq), ?2 + 1) FROM journal"
                   " WHERE kind = 'journal_restored' AND seq > ?1)");
  select.bind(1, first);
  select.bind(2, last);
  if (select.step() != SQLITE_ROW) fail("cannot read");
  return select.number(0);
}

ArchiveLabel Journal::write_archive(std::uint64_t last) const {
  const std::uint64_t first = first_kept();
  last = last_without_gap(first, last);
  ArchiveWriter writer(folder(), {.journal_id = journal_id_,
                                  .first = first,
                                  .last = last,
                                  .file = archive_name(journal_id_, first, last)});
  Statement select(db_, "SELECT body FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq");
  select.bind(1, first);
  select.bind(2, last);
  int result = SQLITE_ROW;
  while ((result = select.step()) == SQLITE_ROW) writer.add(select.bytes(0));
  if (result != SQLITE_DONE) fail("cannot read");
  return writer.finish();
}

void Journal::remove_archived(const ArchiveLabel& label) {
  const auto failed = [this](const char* doing) {
    const std::string what = sqlite3_errmsg(db_);
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw JournalError("archive: " + path_ + ": " + doing + ": " + what);
  };
  if (sqlite3_exec(db_,
                   "BEGIN IMMEDIATE;"
                   "CREATE TABLE IF NOT EXISTS archive(first INTEGER PRIMARY KEY,"
                   "  last INTEGER NOT NULL, journal_id INTEGER NOT NULL, file TEXT NOT NULL,"
                   "  records_sum INTEGER NOT NULL) STRICT;"
                   "PRAGMA user_version = 2",
                   nullptr, nullptr, nullptr) != SQLITE_OK) {
    failed("cannot begin");
  }
  {
    Statement insert(db_,
                     "INSERT INTO archive(first, last, journal_id, file, records_sum)"
                     " VALUES (?, ?, ?, ?, ?)");
    insert.bind(1, label.first);
    insert.bind(2, label.last);
    insert.bind(3, label.journal_id);
    insert.bind_text(4, label.file);
    insert.bind(5, label.records_sum);
    if (insert.step() != SQLITE_DONE) failed("cannot label the archive");
    Statement remove(db_, "DELETE FROM journal WHERE seq <= ?");
    remove.bind(1, label.last);
    if (remove.step() != SQLITE_DONE) failed("cannot remove the archived records");
  }
  if (sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) failed("cannot commit");
}

void Journal::compact() {
  execute("VACUUM");
  execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace polybot::order_manager
