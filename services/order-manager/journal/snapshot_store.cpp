#include "services/order-manager/journal/snapshot_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "services/order-manager/journal/compression.hpp"
#include "services/order-manager/journal/statement.hpp"

namespace polybot::order_manager {
namespace {

// A part takes about a millisecond to compress and to make durable.
constexpr std::size_t kPartBytes = std::size_t{256} << 10;
constexpr int kPartLevel = 1;
// Of those that lie far enough behind: the second one for when the first cannot be read.
constexpr std::ptrdiff_t kKept = 2;
// No image is near it: a label that says more is damaged.
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 30;

// The seq numbers that stay, of labels newest first: the newest, the one that will be the next to
// lie far enough behind, and the newest two that do already.
std::vector<std::uint64_t> kept_of(const std::vector<SnapshotLabel>& labels) {
  const auto behind = std::find_if(labels.begin(), labels.end(), [&](const SnapshotLabel& label) {
    return label.seq + kReplayTail <= labels.front().seq;
  });
  std::vector<std::uint64_t> kept{labels.front().seq, std::prev(behind)->seq};
  for (auto label = behind; label != labels.end() && label != behind + kKept; ++label) {
    kept.push_back(label->seq);
  }
  return kept;
}

}  // namespace

bool SnapshotStore::create_tables() const {
  return sqlite3_exec(
             db_,
             "CREATE TABLE IF NOT EXISTS snapshot(seq INTEGER PRIMARY KEY,"
             "  journal_id INTEGER NOT NULL, fingerprint INTEGER NOT NULL,"
             "  bytes INTEGER NOT NULL, parts INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT;"
             "CREATE TABLE IF NOT EXISTS snapshot_part(seq INTEGER NOT NULL,"
             "  part INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(seq, part)) STRICT",
             nullptr, nullptr, nullptr) == SQLITE_OK;
}

void SnapshotStore::begin(const SnapshotLabel& label, std::string bytes) {
  label_ = label;
  bytes_ = std::move(bytes);
  next_part_ = 0;
}

std::string SnapshotStore::write_part() {
  const std::size_t from = std::size_t{*next_part_} * kPartBytes;
  const std::string_view piece = std::string_view(bytes_).substr(from, kPartBytes);
  const bool last = from + piece.size() == bytes_.size();
  std::string failure = transact(*next_part_, compress(piece, kPartLevel), last);
  ++*next_part_;
  if (last || !failure.empty()) {
    next_part_.reset();
    bytes_ = {};
  }
  return failure;
}

std::string SnapshotStore::transact(std::uint32_t part, std::string_view body, bool last) const {
  const auto failed = [this] {
    std::string what = sqlite3_errmsg(db_);
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    return what;
  };
  if (sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
  if (part == 0) {
    // Parts under this number are of a snapshot that was given up, or of one that is replaced.
    for (const char* sql :
         {"DELETE FROM snapshot WHERE seq = ?", "DELETE FROM snapshot_part WHERE seq = ?"}) {
      Statement remove(db_, sql);
      remove.bind(1, label_.seq);
      if (remove.step() != SQLITE_DONE) return failed();
    }
  }
  Statement insert(db_, "INSERT INTO snapshot_part(seq, part, body) VALUES (?, ?, ?)");
  insert.bind(1, label_.seq);
  insert.bind(2, part);
  insert.bind_blob(3, body);
  if (insert.step() != SQLITE_DONE) return failed();
  if (last && !write_label(part + 1)) return failed();
  if (sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
  return {};
}

bool SnapshotStore::write_label(std::uint32_t parts) const {
  Statement insert(db_,
                   "INSERT INTO snapshot(seq, journal_id, fingerprint, bytes, parts, sum)"
                   " VALUES (?, ?, ?, ?, ?, ?)");
  insert.bind(1, label_.seq);
  insert.bind(2, label_.journal_id);
  insert.bind(3, label_.fingerprint);
  insert.bind(4, bytes_.size());
  insert.bind(5, parts);
  insert.bind(6, word_sum(bytes_));
  if (insert.step() != SQLITE_DONE) return false;
  const std::vector<SnapshotLabel> all = labels();
  const std::vector<std::uint64_t> kept = kept_of(all);
  for (const SnapshotLabel& label : all) {
    if (std::find(kept.begin(), kept.end(), label.seq) != kept.end()) continue;
    Statement remove(db_, "DELETE FROM snapshot WHERE seq = ?");
    remove.bind(1, label.seq);
    if (remove.step() != SQLITE_DONE) return false;
  }
  return remove_unfinished().empty();
}

std::string SnapshotStore::remove_all() const {
  for (const char* const sql : {"DELETE FROM snapshot", "DELETE FROM snapshot_part"}) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite3_errmsg(db_);
  }
  return {};
}

std::string SnapshotStore::remove_unfinished() const {
  Statement remove(db_, "DELETE FROM snapshot_part WHERE seq NOT IN (SELECT seq FROM snapshot)");
  return remove.step() == SQLITE_DONE ? std::string() : sqlite3_errmsg(db_);
}

std::vector<SnapshotLabel> SnapshotStore::labels() const {
  std::vector<SnapshotLabel> found;
  Statement select(db_, "SELECT seq, journal_id, fingerprint FROM snapshot ORDER BY seq DESC");
  while (select.step() == SQLITE_ROW) {
    found.push_back({select.number(0), select.number(1), select.number(2)});
  }
  return found;
}

std::optional<std::string> SnapshotStore::read(const SnapshotLabel& label) const {
  Statement head(db_, "SELECT bytes, parts, sum FROM snapshot WHERE seq = ?");
  head.bind(1, label.seq);
  if (head.step() != SQLITE_ROW || head.number(0) > kBytesMax) return std::nullopt;
  std::string bytes;
  bytes.reserve(head.number(0));
  std::uint64_t expected = 0;
  Statement parts(db_, "SELECT part, body FROM snapshot_part WHERE seq = ? ORDER BY part");
  parts.bind(1, label.seq);
  int result = SQLITE_ROW;
  while ((result = parts.step()) == SQLITE_ROW) {
    const auto piece = decompress(parts.bytes(1), kPartBytes);
    if (!piece || parts.number(0) != expected++) return std::nullopt;
    bytes += *piece;
  }
  const bool whole = result == SQLITE_DONE && expected == head.number(1) &&
                     bytes.size() == head.number(0) && word_sum(bytes) == head.number(2);
  return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace polybot::order_manager
