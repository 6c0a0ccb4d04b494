// The book of record: an append-only table of events in SQLite (WAL, synchronous = FULL), one
// transaction per call of append(). What append() has returned from is durable; what it failed to
// write is not there at all.
//
//   journal(seq INTEGER PRIMARY KEY, at_ns, kind, strategy, body)   body = wire-encoded event
//
// Every other table or number can be derived from it. One writer per journal: a lock file beside
// the database refuses a second process. Reading (verify, export, backup) needs no lock.
//
// Not thread-safe. A failed append leaves the journal open; the caller decides when to try again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/domain/events.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace polybot::order_manager {

// The journal cannot be opened or read: names the file and the fault in one line.
class JournalError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class JournalAccess : std::uint8_t {
  ReadWrite,  // takes the lock, creates the file when missing
  ReadOnly,   // of an existing journal, also while its owner runs
};

class Journal {
 public:
  // Throws JournalError: locked by another process, not a journal, a newer format, unreadable.
  Journal(const std::string& path, JournalAccess access);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes all events in one durable transaction. Their seq must continue the journal without a gap
  // (a broken invariant otherwise). Empty text on success, else what went wrong ("disk full", ...);
  // then nothing was written.
  [[nodiscard]] std::string append(std::span<const domain::Event> events);

  // Calls `visit` for each event with from <= seq <= to, in order. Throws JournalError when a
  // record cannot be read or decoded, or a number is missing: names the record.
  void read(std::uint64_t from, std::uint64_t to,
            const std::function<void(const domain::Event&)>& visit) const;

  // 0 when empty.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // Copies a consistent state to `file`, also while the owner writes. Throws JournalError.
  void backup(const std::string& file) const;

 private:
  struct Lock;
  void open(JournalAccess access);
  void create_tables();
  [[noreturn]] void fail(const std::string& doing) const;
  void execute(const char* sql) const;

  std::string path_;
  std::unique_ptr<Lock> lock_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::uint64_t last_seq_ = 0;
};

}  // namespace polybot::order_manager
