#include "deploy/launcher/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string_view>

namespace polybot::launcher {
namespace {

// The second screen, without a cursor and without wrapping, because a line may be wider than we
// think.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

// True also where standard output is not the terminal that controls us, because then no other job
// has it.
bool in_foreground() {
  const pid_t group = ::tcgetpgrp(STDOUT_FILENO);
  return group < 0 || group == ::getpgrp();
}

}  // namespace

bool Terminal::can_be_drawn_on(const Environment& environment) {
  const auto kind = environment.find("TERM");
  const bool is_dumb = kind != environment.end() && kind->second == "dumb";
  return ::isatty(STDOUT_FILENO) == 1 && !is_dumb;
}

TerminalSize Terminal::size() {
  winsize told{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &told) != 0 || told.ws_row == 0 || told.ws_col == 0)
    return {};
  return {.rows = told.ws_row, .columns = told.ws_col};
}

void Terminal::leave() {
  if (!entered_) return;
  entered_ = false;
  console_.say(kLeave);
}

void Terminal::draw(const std::vector<std::string>& lines) {
  if (!in_foreground()) return leave();
  std::string text(entered_ ? "" : kEnter);
  text += "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\r\n";  // none after the last: it would scroll
    text += lines[i] + "\x1b[K";
  }
  const std::size_t shown = console_.show(text + "\x1b[J");
  entered_ = entered_ || shown >= kEnter.size();
}

}  // namespace polybot::launcher
