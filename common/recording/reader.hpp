// A recording of the venue's market channel, read forwards: one JSON object a line, a frame
// {"ts_ms": venue time, "raw": frame text} or a note (note.hpp); plain or compressed with zstd
// (.zst).
//
// Lines keep the file's order; a time that steps back counts as the latest one seen. Notes of a
// kind that this version does not know are passed over. Lines that cannot be read, or are longer
// than 32 MiB, are skipped and counted, and the first of them is named. A damaged compressed file
// ends at the damage, and any file where a long stretch holds nothing that can be read: a small
// compressed file can unpack to any size. Only the present line is held, and never a tree of a
// frame's JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "common/recording/lines.hpp"
#include "common/recording/note.hpp"

namespace polybot::recording {

struct Entry {
  bool is_note = false;     // else it is a frame
  std::uint64_t index = 0;  // of a frame among the frames; of a note: of the next frame
  std::uint64_t line = 0;   // of the file, from 1
  std::int64_t at_ms = 0;   // never before the one of the entry before
  std::string raw;          // of a frame
  std::string made_of;      // of a frame that the recorder wrote itself: from what
  Note note;
  std::string_view text;  // the whole line without its end
};

class Recording {
 public:
  // Throws runtime::CannotStart when there is no such file, or when none of its first thousand
  // lines (32 MiB) is a frame or a note.
  explicit Recording(const std::filesystem::path& path);
  // The same of an open file; `path` stands for it in messages and fingerprints.
  Recording(std::unique_ptr<std::istream> in, const std::filesystem::path& path,
            std::uint64_t file_bytes);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The next entry; null at the end. Valid until pop().
  [[nodiscard]] const Entry* peek();
  void pop();
  [[nodiscard]] bool at_end();
  [[nodiscard]] std::int64_t first_ms() const { return first_ms_; }
  [[nodiscard]] std::uint64_t skipped_lines() const { return skipped_lines_; }
  // "frames.jsonl:17: it is no {...}" of the first line that was skipped; empty when none was.
  [[nodiscard]] const std::string& first_skipped() const { return first_skipped_; }
  // Where and why the file ended early, in the same form; empty when it did not.
  [[nodiscard]] std::string damage() const;
  // A plain file, or what a compressed one holds, ends in the middle of a line.
  [[nodiscard]] bool torn() const { return lines_.torn(); }
  // "frames.jsonl:17", for messages about an entry.
  [[nodiscard]] std::string place_of(std::uint64_t line) const;
  // "nhl_final_20260607_6min": the name from which its markets are named.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Tells one recording from another: file name and size.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  class LineReader;
  // Reads a line into `entry_`: false when it is passed over, for `why_`, or unsaid when empty.
  [[nodiscard]] bool read(const Lines::Line& line);
  void skip(const Lines::Line& line);
  // So much that cannot be read that nothing is to be expected.
  [[nodiscard]] bool gives_up() const;

  std::string path_;
  Lines lines_;
  std::unique_ptr<LineReader> reader_;
  Entry entry_;
  std::string why_;
  bool has_entry_ = false;
  bool found_any_ = false;
  bool ended_ = false;
  std::uint64_t next_index_ = 0;
  std::int64_t latest_ms_ = 0;
  std::int64_t first_ms_ = 0;
  std::uint64_t skipped_lines_ = 0;
  std::uint64_t last_passed_ = 0;  // number of a line
  std::uint64_t gap_lines_ = 0;    // passed over since the last entry
  std::uint64_t gap_bytes_ = 0;
  std::string first_skipped_;
  std::string given_up_;
  std::string name_;
  std::string fingerprint_;
};

}  // namespace polybot::recording
