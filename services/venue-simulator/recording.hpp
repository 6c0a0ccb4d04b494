// A recording of the venue's market channel, read forwards: one JSON object a line,
// {"ts_ms": venue time, "raw": frame text}; plain or compressed with zstd (.zst).
//
// Lines keep the file's order; a time that steps back counts as the latest one seen. Lines that
// cannot be read, or are longer than 32 MiB, are skipped and counted. A damaged compressed file
// ends at the damage. Only the present frame is held.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "services/venue-simulator/core/messages.hpp"

namespace polybot::polymarket {
class MarketFrame;
}

namespace polybot::venue_simulator {

struct RecordedFrame {
  std::uint64_t index = 0;
  std::int64_t at_ms = 0;  // never before the one of the frame before
  std::string raw;
};

class Recording {
 public:
  // Throws runtime::CannotStart when there is no such file, or when none of its first thousand
  // lines (32 MiB) is a frame: a stack that trades on it would wait for markets in vain.
  explicit Recording(const std::filesystem::path& path);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The next frame; null at the end. Valid until pop().
  [[nodiscard]] const RecordedFrame* peek();
  void pop();
  [[nodiscard]] bool at_end();
  [[nodiscard]] std::int64_t first_ms() const { return first_ms_; }
  [[nodiscard]] std::uint64_t skipped_lines() const { return skipped_lines_; }
  // Whether the file ended early, at bytes that are not zstd.
  [[nodiscard]] bool damaged() const;
  // "nhl_final_20260607_6min": the name from which its markets are named.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Tells one recording from another: file name and size.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Line;
  class Lines;
  std::unique_ptr<Lines> lines_;
  RecordedFrame frame_;
  bool has_frame_ = false;
  bool ended_ = false;
  std::uint64_t next_index_ = 0;
  std::int64_t latest_ms_ = 0;
  std::int64_t first_ms_ = 0;
  std::uint64_t skipped_lines_ = 0;
  std::uint64_t skipped_bytes_ = 0;
  std::string name_;
  std::string fingerprint_;
};

// Appends the frame's events that the exchange needs.
void append_recorded_events(const polymarket::MarketFrame& frame,
                            std::vector<RecordedEvent>& events);

}  // namespace polybot::venue_simulator
