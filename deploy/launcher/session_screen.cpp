// What a session shows while the stack runs: news, the screen or its summary lines, and its answers
// to a change of the terminal's size and to Ctrl-Z.
#include <signal.h>

#include <utility>

#include "deploy/launcher/session.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr domain::Duration kSummaryInterval = 10s;
constexpr std::size_t kNewsKept = 4;

}  // namespace

void Session::say(const std::string& line) {
  if (terminal_.entered()) {
    news_.push_back(line);
    if (news_.size() > kNewsKept) news_.pop_front();
  } else {
    console_.say(line + "\n");
  }
}

void Session::say_event(const std::string& line) {
  const domain::Timestamp now = clock_.now();
  say(traded_ ? clock_text(now, now) + " " + line : line);
}

void Session::watch_suspension() {
  suspension_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    suspend();
    watch_suspension();
  });
}

void Session::suspend() {
  terminal_.leave();
  say(traded_
          ? "Suspended: the stack trades on, but a service that ends is not started again until "
            "this goes on (fg)"
          : "Suspended (fg goes on)");
  const domain::Duration since = clock_.monotonic();
  // The default action, as if the signal were not caught: where no shell could continue us the
  // kernel does not stop us.
  struct sigaction ours {};
  ::sigaction(SIGTSTP, nullptr, &ours);
  ::signal(SIGTSTP, SIG_DFL);
  ::raise(SIGTSTP);
  ::sigaction(SIGTSTP, &ours, nullptr);
  draw();  // and enters it, so that the news goes into it
  say_event("going on after " + elapsed_text(clock_.monotonic() - since) +
            " in which nothing was watched");
  draw();
}

void Session::watch_size() {
  resizing_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    draw();
    watch_size();
  });
}

void Session::draw() {
  if (shows_screen_) terminal_.draw(screen_lines(layout_, options_, facts(), Terminal::size()));
}

ScreenFacts Session::facts() const {
  return {.services = stack_.views(),
          .status = view_.status(),
          .states_since = view_.states_since(),
          .mirror = mirror_,
          .upstream = upstream_,
          .fills = view_.fills(),
          .news = {news_.begin(), news_.end()},
          .running_for = elapsed_text(clock_.monotonic() - started_at_),
          .now = clock_.now()};
}

boost::asio::awaitable<void> Session::show() {
  domain::Duration summary_at = clock_.monotonic() + kSummaryInterval;
  while (true) {
    co_await read_paper();
    if (display_ == Display::Terminal) {
      co_await view_.read_fills();
      draw();
    } else if (clock_.monotonic() >= summary_at) {
      summary_at += kSummaryInterval;
      console_.say(summary_line(layout_, options_, facts()) + "\n");
    }
    co_await runtime::sleep_for(1s);
  }
}

}  // namespace polybot::launcher
