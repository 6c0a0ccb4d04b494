// Snapshots of the fold inside the journal's database: bytes that somebody can turn back into a
// state, labelled with the record they belong to and the format they are of. Derivable, so nothing
// here is trusted: a snapshot counts only when its last row, the label, is there and the bytes have
// the sum it names.
//
//   snapshot(seq PRIMARY KEY, journal_id, fingerprint, bytes, parts, sum)   the label, written last
//   snapshot_part(seq, part, body)                                          zstd frames
//
// The bytes are written in parts, one short transaction each, so that the owner can go on with its
// work between two of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace polybot::order_manager {

// Records that a start leaves after its snapshot when there are so many, so that readers who missed
// the last of them get them replayed. Snapshots that far behind the newest are kept for it.
inline constexpr std::uint64_t kReplayTail = 10'000;

struct SnapshotLabel {
  std::uint64_t seq = 0;  // of the last record it contains
  std::uint64_t journal_id = 0;
  std::uint64_t fingerprint = 0;  // of the bytes' format
  bool operator==(const SnapshotLabel&) const = default;
};

class SnapshotStore {
 public:
  // `db` outlives it. The tables must exist for writing (create_tables); reading does without.
  explicit SnapshotStore(sqlite3* db) : db_(db) {}
  [[nodiscard]] bool create_tables() const;

  // Begins a new snapshot; one that was begun and not finished is given up.
  void begin(const SnapshotLabel& label, std::string bytes);
  [[nodiscard]] bool writing() const { return next_part_.has_value(); }
  // Writes the next part; the last one writes the label too, and removes what is no longer needed.
  // Empty text on success, else what went wrong; then this snapshot is given up.
  [[nodiscard]] std::string write_part();

  // Newest first; what is of another format or journal is listed too.
  [[nodiscard]] std::vector<SnapshotLabel> labels() const;
  // Empty when it is damaged, or gone.
  [[nodiscard]] std::optional<std::string> read(const SnapshotLabel& label) const;
  // Removes parts without a label: of a process that died while it wrote. Empty text on success.
  [[nodiscard]] std::string remove_unfinished() const;
  // Removes all of them, damaged ones included. Empty text on success.
  [[nodiscard]] std::string remove_all() const;

 private:
  [[nodiscard]] std::string transact(std::uint32_t part, std::string_view body, bool last) const;
  [[nodiscard]] bool write_label(std::uint32_t parts) const;

  sqlite3* db_;
  SnapshotLabel label_;
  std::string bytes_;
  std::optional<std::uint32_t> next_part_;
};

}  // namespace polybot::order_manager
