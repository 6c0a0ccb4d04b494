// Journal records that were moved out of the database: one compressed file of consecutive records,
// written once, never changed. The database keeps its label; the file repeats the label, so that
// the wrong file under the right name is noticed.
//
//   "PBA1", then the label (journal_id, first, last), then blocks: length and one zstd frame of
//   [length, record] pairs; a block of length 0 ends the file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace polybot::order_manager {

struct ArchiveLabel {
  std::uint64_t journal_id = 0;
  std::uint64_t first = 0;  // record numbers
  std::uint64_t last = 0;
  std::string file;               // its name, without a folder: it lies beside the database
  std::uint64_t records_sum = 0;  // word_sum over the records
  bool operator==(const ArchiveLabel&) const = default;
};

// "journal-<id>-<first>-<last>.zst".
[[nodiscard]] std::string archive_name(std::uint64_t journal_id, std::uint64_t first,
                                       std::uint64_t last);

// Writes under a temporary name; only finish() makes it appear, complete and synced.
class ArchiveWriter {
 public:
  // `label.file` names it. Throws JournalError, as do the others.
  ArchiveWriter(std::string folder, ArchiveLabel label);
  ~ArchiveWriter();  // removes what was not finished
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // Records in order, from label.first.
  void add(std::string_view record);
  // Returns the label with its sum.
  [[nodiscard]] ArchiveLabel finish();

 private:
  void write_block();
  void write(std::string_view bytes);
  [[noreturn]] void fail(const char* doing) const;

  std::string folder_;
  ArchiveLabel label_;
  std::string temporary_;
  int descriptor_ = -1;
  std::string block_;
  std::uint64_t next_;
  std::uint64_t sum_ = 0;
};

// Calls `visit(seq, record)` for each record with from <= seq <= to. When all of them were asked
// for their sum is checked. Throws JournalError: missing, another file, damaged.
void read_archive(const std::string& folder, const ArchiveLabel& label, std::uint64_t from,
                  std::uint64_t to,
                  const std::function<void(std::uint64_t, std::string_view)>& visit);

// Copies the file into another folder, whole or not at all; one that is there already must be the
// same. Throws JournalError.
void copy_archive(const std::string& folder, const ArchiveLabel& label, const std::string& to);

}  // namespace polybot::order_manager
