// The terminal that standard output is: its size, and its second screen, which is drawn over in
// place and gives back what stood there before when it is left.
#pragma once

#include <string>
#include <vector>

#include "deploy/launcher/console.hpp"
#include "deploy/launcher/display_text.hpp"
#include "deploy/launcher/options.hpp"

namespace polybot::launcher {

class Terminal {
 public:
  // `console` writes to standard output and outlives this.
  explicit Terminal(Console& console) : console_(console) {}
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Whether standard output can be drawn on in place: TERM=dumb says that it cannot.
  [[nodiscard]] static bool can_be_drawn_on(const Environment& environment);
  // The present size; a usual one when standard output is no terminal or does not tell.
  [[nodiscard]] static TerminalSize size();

  // Enters the second screen unless it is entered, and draws as far as there is room. Each drawing
  // is whole, so the next one replaces one that was cut. `lines` fit the screen (screen_lines). In
  // the background (Ctrl-Z and `bg`) it leaves the screen instead, because the terminal is the
  // shell's then.
  void draw(const std::vector<std::string>& lines);
  void leave();
  [[nodiscard]] bool entered() const { return entered_; }

 private:
  Console& console_;
  bool entered_ = false;
};

}  // namespace polybot::launcher
