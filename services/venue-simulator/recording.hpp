// A recording of the venue's market channel, read forwards: one JSON object a line,
// {"ts_ms": venue time, "raw": frame text}; plain or compressed with zstd (.zst).
//
// Lines keep the file's order; a time that steps back counts as the latest one seen. Lines that
// cannot be read, or are longer than 32 MiB, are skipped and counted, and the first of them is
// named. A damaged compressed file ends at the damage, and any file where a long stretch holds no
// frame: a small compressed file can unpack to any size. Only the present frame is held, and never
// a tree of its JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/venue-simulator/core/messages.hpp"
#include "services/venue-simulator/recording_lines.hpp"

namespace polybot::polymarket {
class MarketFrame;
}

namespace polybot::venue_simulator {

struct RecordedFrame {
  std::uint64_t index = 0;
  std::uint64_t line = 0;  // of the file, from 1
  std::int64_t at_ms = 0;  // never before the one of the frame before
  std::string raw;
};

class Recording {
 public:
  // Throws runtime::CannotStart when there is no such file, or when none of its first thousand
  // lines (32 MiB) is a frame: a stack that trades on it would wait for markets in vain.
  explicit Recording(const std::filesystem::path& path);
  // The same of an open file; `path` stands for it in messages and fingerprints.
  Recording(std::unique_ptr<std::istream> in, const std::filesystem::path& path,
            std::uint64_t file_bytes);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The next frame; null at the end. Valid until pop().
  [[nodiscard]] const RecordedFrame* peek();
  void pop();
  [[nodiscard]] bool at_end();
  [[nodiscard]] std::int64_t first_ms() const { return first_ms_; }
  [[nodiscard]] std::uint64_t skipped_lines() const { return skipped_lines_; }
  // "frames.jsonl:17: it is no {...}" of the first line that was skipped; empty when none was.
  [[nodiscard]] const std::string& first_skipped() const { return first_skipped_; }
  // Where and why the file ended early, in the same form; empty when it did not.
  [[nodiscard]] std::string damage() const;
  // "frames.jsonl:17", for messages about a frame.
  [[nodiscard]] std::string place_of(std::uint64_t line) const;
  // "nhl_final_20260607_6min": the name from which its markets are named.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Tells one recording from another: file name and size.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  class FrameReader;
  void skip(const RecordingLines::Line& line, std::string_view why);
  // So much without a frame that none is to be expected.
  [[nodiscard]] bool gives_up() const;

  std::string path_;
  RecordingLines lines_;
  std::unique_ptr<FrameReader> reader_;
  RecordedFrame frame_;
  bool has_frame_ = false;
  bool ended_ = false;
  std::uint64_t next_index_ = 0;
  std::int64_t latest_ms_ = 0;
  std::int64_t first_ms_ = 0;
  std::uint64_t skipped_lines_ = 0;
  std::uint64_t last_skipped_ = 0;  // number of a line
  std::uint64_t gap_lines_ = 0;     // skipped since the last frame
  std::uint64_t gap_bytes_ = 0;
  std::string first_skipped_;
  std::string given_up_;
  std::string name_;
  std::string fingerprint_;
};

// Appends the frame's events that the exchange needs.
void append_recorded_events(const polymarket::MarketFrame& frame,
                            std::vector<RecordedEvent>& events);

}  // namespace polybot::venue_simulator
