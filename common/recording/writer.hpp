// Writes a recording into a folder, in files that are rotated by size and time, on a thread of its
// own: who hands lines over never waits for a disk.
//
// A file begins with what makes it complete by itself, which only the owner knows: begin(). It is
// wanted (wants_begin()) at the start, when the present file is full, and when writing works again
// after it failed. What was flushed survives a kill, at most kFlushEvery old; a start goes on in
// the last file, unless that is full, and notes the gap.
//
// Nothing here ends the process: lines for which the queue has no room are refused, lines that
// cannot be written are lost and counted, and writing is tried again every few seconds. So it is
// when the thread meets an exception, memory that is used up for example: the file ends there.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/recording/segment_file.hpp"
#include "common/recording/segment_index.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::recording {

struct WriterSettings {
  std::filesystem::path folder;
  std::uint64_t file_bytes_max = 64U << 20;
  domain::Duration file_age_max = std::chrono::hours(1);
  // Of all files together: the oldest ones are removed. 0: all are kept.
  std::uint64_t folder_bytes_max = 0;
  std::size_t queue_bytes_max = 64U << 20;  // some minutes of a busy feed
};

class Writer {
 public:
  static constexpr domain::Duration kFlushEvery = std::chrono::milliseconds(500);

  // Throws runtime::CannotStart when the folder cannot be written, or another process records into
  // it.
  explicit Writer(WriterSettings settings);
  // Closes it.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] bool wants_begin() const;
  // The head of a file at this time: `header`, the line of a header, then `state`, the lines of
  // what is known. False when there is no room now.
  [[nodiscard]] bool begin(std::int64_t at_ms, std::string header, std::string state,
                           std::uint64_t lines);
  // So many whole lines, the last one of this time. False when there is no room.
  [[nodiscard]] bool write(std::int64_t at_ms, std::string text, std::uint64_t lines);
  // Room for half of what the queue holds: who was refused may begin again.
  [[nodiscard]] bool has_room() const;

  struct Totals {
    std::uint64_t bytes = 0;       // in files
    std::uint64_t lost_lines = 0;  // that could not be written
    // Of these, as no gap tells of them yet: the next head will, and after close() none does.
    std::uint64_t unmarked_lines = 0;
    std::uint64_t errors = 0;  // exceptions that the thread met
    std::uint64_t removed_files = 0;
    std::string trouble;         // why writing fails now; empty while it works
    std::string folder_trouble;  // at the end of the last file: nothing is lost by it
  };
  [[nodiscard]] Totals totals() const;
  // Writes what was handed over, ends the file and tells how it all ended. Nothing is written after
  // it.
  [[nodiscard]] Totals close();

 private:
  struct Item {
    std::int64_t at_ms = 0;
    std::string header;  // empty: no begin()
    std::string text;
    std::uint64_t lines = 0;
    [[nodiscard]] std::size_t bytes() const { return header.size() + text.size(); }
  };
  [[nodiscard]] bool push(Item item);

  // The thread's.
  void run();
  // Runs a step of the thread. An exception of it ends the file.
  template <class Step>
  void attempt(const Step& step);
  void take();
  void handle(Item item);
  void open(const Item& head);
  [[nodiscard]] bool go_on(const Item& head);
  void open_new(const Item& head);
  void append(std::int64_t at_ms, std::string_view text, std::uint64_t lines);
  void keep_up();
  void flush();
  void close_file();
  [[nodiscard]] std::string remove_oldest();
  void fail(const std::string& why, std::string_view gap_reason = "write_failed");
  void count_unmarked();
  void ask_for_begin();
  [[nodiscard]] Segment& current() { return segments_.back(); }

  WriterSettings settings_;
  runtime::Clock clock_;
  int lock_ = -1;

  mutable std::mutex mutex_;  // of what follows, up to the thread's
  std::condition_variable wake_;
  std::deque<Item> queue_;
  std::size_t queue_bytes_ = 0;
  bool wants_begin_ = true;
  bool closing_ = false;
  Totals totals_;

  std::deque<Item> taken_;
  std::vector<Segment> segments_;  // the present file is the last one
  std::unique_ptr<SegmentFile> file_;
  bool resumes_ = true;  // the first file since the start
  std::string_view gap_reason_ = "restart";
  std::optional<std::int64_t> gap_from_ms_;
  std::uint64_t gap_lines_ = 0;
  std::uint64_t unflushed_lines_ = 0;
  std::int64_t flushed_ms_ = 0;  // the time of the last line that is in a file; 0: there is none
  bool rotates_ = false;         // a new head is asked for, the file goes on until it comes
  domain::Duration opened_at_{};
  domain::Duration flushed_at_{};
  domain::Duration frame_at_{};
  std::optional<domain::Duration> retry_at_;
  std::thread thread_;  // the last member: it uses all others
};

}  // namespace polybot::recording
