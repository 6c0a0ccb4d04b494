// Standard output, which is never waited for: a terminal that is held (Ctrl-S, a hung ssh) or a
// pipe that nobody empties must not hold up the loop that starts services again and hears a signal.
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
  // Gives what is kept a last moment.
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Comes out whole and in order. While there is no room it is kept; what is more than can be kept
  // is dropped, and counted on a line in its place.
  void say(std::string_view text);
  // Comes out at once as far as there is room, and not at all behind something that is kept: how
  // many bytes did.
  std::size_t show(std::string_view text);

 private:
  // Whether nothing is kept any more.
  bool flush();

  int descriptor_;
  std::string kept_;
  std::uint64_t dropped_ = 0;
};

}  // namespace polybot::launcher
