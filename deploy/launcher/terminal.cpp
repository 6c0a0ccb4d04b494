#include "deploy/launcher/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace polybot::launcher {
namespace {

// Second screen, no cursor, and no wrapping: a line may be wider than we think.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

// Also where standard output is not the terminal that controls us: nobody else is told to have it.
bool in_foreground() {
  const pid_t group = ::tcgetpgrp(STDOUT_FILENO);
  return group < 0 || group == ::getpgrp();
}

}  // namespace

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

TerminalSize Terminal::size() {
  winsize told{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &told) != 0 || told.ws_row == 0 || told.ws_col == 0)
    return {};
  return {.rows = told.ws_row, .columns = told.ws_col};
}

void Terminal::enter() {
  if (entered_) return;
  entered_ = true;
  put(kEnter);
}

void Terminal::leave() {
  if (!entered_) return;
  entered_ = false;
  put(kLeave);
}

void Terminal::draw(const std::vector<std::string>& lines) {
  if (!in_foreground()) return leave();
  enter();
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";  // none after the last: it would scroll
    text += lines[i] + "\x1b[K";
  }
  put(text + "\x1b[J");
}

}  // namespace polybot::launcher
