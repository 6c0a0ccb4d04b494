// The lines of a recording, plain or compressed with zstd, in bounded memory: some 32 MiB of text,
// and of a compressed file the window of 128 MiB at most that zstd's own tools use too. A small
// file can unpack to any size, so a line that is too long comes in pieces and is never held.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::recording {

class Lines {
 public:
  // A frame of 500 books has some 4 MB: a longer line is of something else.
  static constexpr std::size_t kLineBytesMax = 32U << 20;

  enum class Compression : std::uint8_t { None, Zstd };
  struct Line {
    std::uint64_t number = 0;  // from 1
    std::string_view text;     // valid until the next call; empty when the line is too long
    // How much was read for it, without its end. A line that is too long comes again, under the
    // same number, as often as another 32 MiB of it have been read, and with its end.
    std::size_t bytes = 0;
    bool too_long = false;
  };

  Lines(std::unique_ptr<std::istream> in, Compression compression);
  ~Lines();
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // The next line; null at the end, and at damage: what comes after that is lost.
  [[nodiscard]] std::optional<Line> next();
  // Why the file ended before its end, in words; empty when it did not.
  [[nodiscard]] const std::string& damage() const { return damage_; }
  // The last line that next() gave had no end: its writer was cut short.
  [[nodiscard]] bool torn() const { return torn_; }

 private:
  struct Decoder;
  // Reads more text; false when there is none.
  bool fill();
  bool fill_from_zstd();
  [[nodiscard]] Line piece_of_too_long(std::size_t bytes) const {
    return {number_, {}, bytes, true};
  }

  std::unique_ptr<std::istream> in_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<char> block_;
  std::string text_;
  std::size_t used_ = 0;
  std::size_t searched_ = 0;  // before it, behind `used_`, no line ends
  std::uint64_t number_ = 1;  // of the line at `used_`
  bool too_long_ = false;     // that line
  bool torn_ = false;
  std::string damage_;
};

}  // namespace polybot::recording
