// The book of record: an append-only table of events in SQLite (WAL, synchronous = FULL), one
// transaction per call of append(). What append() has returned from is durable; what it failed to
// write is not there at all.
//
//   journal(seq INTEGER PRIMARY KEY, at_ns, kind, strategy, body, sum)
//
// body = wire-encoded event, sum = over seq and body: SQLite does not notice a flipped bit, and a
// fold would believe it. Records written before there were sums have none, and are taken as they
// are.
//
// Every other table or number can be derived from it. One writer per journal (journal_lock.hpp);
// reading (verify, export, backup) needs no lock.
//
// The oldest records may have been moved to archives (archive_file.hpp): read() goes through those
// first, so that a reader sees one journal. Snapshots of the fold lie in tables of their own
// (snapshot_store.hpp).
//
// Not thread-safe. A failed append leaves the journal open; the caller decides when to try again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/domain/events.hpp"
#include "services/order-manager/journal/archive_file.hpp"
#include "services/order-manager/journal/journal_error.hpp"
#include "services/order-manager/journal/journal_lock.hpp"
#include "services/order-manager/journal/snapshot_store.hpp"

struct sqlite3;

namespace polybot::order_manager {

enum class JournalAccess : std::uint8_t {
  ReadWrite,  // takes the lock, creates the file when missing
  ReadOnly,   // of an existing journal, also while its owner runs
};

class Journal {
 public:
  // Of a symbolic link, the journal it leads to. Throws JournalError: locked by another process,
  // not a journal, a newer format, unreadable.
  Journal(const std::string& path, JournalAccess access);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes all events in one durable transaction. Their seq must continue the journal without a gap
  // but that of a restored backup (a broken invariant otherwise). Empty text on success, else what
  // went wrong ("disk full", ...); then nothing was written.
  [[nodiscard]] std::string append(std::span<const domain::Event> events);
  // The same for the records of a turn, whose events are written as they stand there.
  [[nodiscard]] std::string append(std::span<const domain::StreamedEvent> records);

  // Lengthens SQLite's log to its full size before it is used. A commit then overwrites bytes that
  // the file already has. A commit that lengthens the file takes longer, because it also waits for
  // the file system's own log. Does nothing when there is no room.
  void lay_out_log();

  // Calls `visit` for each event with from <= seq <= to, in order. Throws JournalError when a
  // record cannot be read or decoded, or a number is missing: names the record.
  void read(std::uint64_t from, std::uint64_t to,
            const std::function<void(const domain::Event&)>& visit) const;

  // Whether there is room again: writes something and removes it. Empty text, or what went wrong.
  [[nodiscard]] std::string probe();

  // 0 when empty.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // Of the first record; 0 when there is none, or when it does not open a journal.
  [[nodiscard]] std::uint64_t journal_id() const { return journal_id_; }

  // Of the newest of the last million records that is a start; none when there is none among them,
  // or when it cannot be decoded.
  [[nodiscard]] std::optional<domain::ManagerStarted> last_start() const;

  // Copies a consistent state to `file`, also while the owner writes, and the archives beside it.
  // The file appears under its name when it is whole; one that is there is replaced only when asked
  // for, and only a journal. Throws JournalError.
  enum class Existing : std::uint8_t { Keep, Replace };
  void backup(const std::string& file, Existing existing = Existing::Keep) const;

  [[nodiscard]] SnapshotStore& snapshots() { return snapshots_; }
  [[nodiscard]] const SnapshotStore& snapshots() const { return snapshots_; }

  // Oldest first. Together with the table they are the journal.
  [[nodiscard]] std::vector<ArchiveLabel> archives() const;
  // Number of the first record that is not archived; above last_seq() when all are.
  [[nodiscard]] std::uint64_t first_kept() const;
  // Number of the last record before the first one at or after `at`; 0 = none.
  [[nodiscard]] std::uint64_t last_before(domain::Timestamp at) const;
  // Copies the records first_kept() ... `last` to an archive, makes that durable, reads it back,
  // and only then removes them here, in one transaction. An archive has no gap: it ends before a
  // restored backup's record, and the label says so; the next call moves on. Needs the lock. Throws
  // JournalError; then the journal is as it was (a file without a label may be left).
  ArchiveLabel archive_up_to(std::uint64_t last);
  // Gives the room of what was removed back to the disk. While it runs it needs the room of what
  // stays twice: in a temporary file, where SQLite has its own, and in the write-ahead log beside
  // the journal. Throws JournalError; then the journal is as it was.
  void compact();

 private:
  struct Appending;  // what each append() runs
  void copy_to(const std::string& file) const;
  void open(JournalAccess access);
  void create_tables();
  template <class Record, class EventOf>
  [[nodiscard]] std::string append_each(std::span<const Record> records, const EventOf& event_of);
  [[noreturn]] void fail(const std::string& doing) const;
  void execute(const char* sql) const;
  [[nodiscard]] std::string folder() const;
  [[nodiscard]] std::uint64_t read_journal_id() const;
  [[nodiscard]] bool has_sums() const;
  [[nodiscard]] std::uint64_t last_without_gap(std::uint64_t first, std::uint64_t last) const;
  [[nodiscard]] ArchiveLabel write_archive(std::uint64_t last) const;
  void remove_archived(const ArchiveLabel& label);

  std::string path_;
  std::unique_ptr<JournalLock> lock_;
  sqlite3* db_ = nullptr;
  std::unique_ptr<Appending> appending_;  // while it may be written
  std::uint64_t last_seq_ = 0;
  std::uint64_t journal_id_ = 0;
  SnapshotStore snapshots_{nullptr};
};

}  // namespace polybot::order_manager
