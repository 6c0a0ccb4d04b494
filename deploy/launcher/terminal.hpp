// The terminal that standard output is: its size, and its second screen, which is drawn over in
// place and gives back what stood there before when it is left.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deploy/launcher/display_text.hpp"

namespace polybot::launcher {

// Written and flushed at once.
void put(std::string_view text);

class Terminal {
 public:
  Terminal() = default;
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // As it is now; that of a usual one when standard output is none or does not tell.
  [[nodiscard]] static TerminalSize size();

  // Enters the second screen unless it is entered, and draws. `lines` fit it (screen_lines). In the
  // background (Ctrl-Z and `bg`) it leaves it instead: the terminal is the shell's then.
  void draw(const std::vector<std::string>& lines);
  void leave();
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  void enter();

  bool entered_ = false;
};

}  // namespace polybot::launcher
