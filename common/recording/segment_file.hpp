// One file of a recording while it is written: lines, compressed with zstd, in frames that are
// flushed often. What was flushed is a readable prefix whatever happens to the writer; a file that
// a killed writer left is made whole when it is opened again, and goes on.
//
// Every flush is one write at the end of the file. When it fails the file is cut back to what was
// there before, and this object takes no more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace polybot::recording {

class SegmentFile {
 public:
  // Opens or makes the file. Of one that is there, the end that cannot be read is cut off. Throws
  // std::system_error when that fails, or when the file is none that this class wrote.
  explicit SegmentFile(const std::filesystem::path& path);
  // Without a finish() this leaves what a kill leaves.
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  // Whole lines. They are in the file after the next flush().
  void append(std::string_view lines);
  // Writes and syncs what was appended.
  [[nodiscard]] std::error_code flush();
  // The same, and ends the zstd frame: tools then see a complete file.
  [[nodiscard]] std::error_code finish();
  // Of the file, as it was flushed.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Text appended since the last finish().
  [[nodiscard]] std::uint64_t open_bytes() const { return open_bytes_; }

 private:
  struct Encoder;
  void make_whole(const std::filesystem::path& path);
  void encode(std::string_view text, int directive);
  [[nodiscard]] std::error_code write_out();

  std::unique_ptr<Encoder> encoder_;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
  std::uint64_t open_bytes_ = 0;
  std::string pending_;  // compressed, not written yet
};

// How much of a file of this class is whole: the bytes to keep, and whether they end inside a zstd
// frame, which then wants kFrameEnd. Empty: no writer of ours made it.
struct WholePart {
  std::uint64_t bytes = 0;
  bool inside_frame = false;
  bool operator==(const WholePart&) const = default;
};
inline constexpr std::string_view kFrameEnd{"\x01\0\0", 3};  // an empty last block
[[nodiscard]] std::optional<WholePart> whole_part(std::istream& in, std::uint64_t size);

}  // namespace polybot::recording
