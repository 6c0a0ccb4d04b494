// Orders and trades that have left the exchange's memory, as framed records in a file each, for
// later requests: GET /data/trades of an old time, and the truth report.
//
// The exchange forgets deterministically, so a new fold forgets the same things again: each record
// has a running number, and a number that is in the file already is not written twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace polybot::venue_simulator {

class HistoryFile {
 public:
  // Counts the records that are there; cuts off a torn last one. Throws std::system_error.
  explicit HistoryFile(std::filesystem::path path);
  ~HistoryFile();
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  // `number` counts from 1 without gaps; known numbers are ignored. Throws std::system_error.
  void append(std::uint64_t number, std::string_view record);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Records after `after_number`, oldest first, until `use` returns false.
  void read(std::uint64_t after_number,
            const std::function<bool(std::string_view record)>& use) const;

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t count_ = 0;
};

}  // namespace polybot::venue_simulator
