// Standard output that never blocks: a terminal that is held (Ctrl-S, a hung ssh) or a pipe that is
// not read must not hold up the loop that starts services again and hears a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polybot::launcher {

class Console {
 public:
  // `output` stays the caller's.
  explicit Console(int output);
  // Gives the kept text a last moment to be written.
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Text comes out whole and in order. While there is no room it is kept; text beyond the bound is
  // dropped, and a line in its place counts it.
  void say(std::string_view text);
  // Writes at once as far as there is room, and nothing behind kept text. Returns how many bytes
  // were written.
  std::size_t show(std::string_view text);

 private:
  // Writes kept text; true when none is left.
  bool flush();

  int descriptor_;
  std::string kept_;
  std::uint64_t dropped_ = 0;
};

}  // namespace polybot::launcher
