// One run of the stack, from the first process to the closing line.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/object.hpp>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/screen.hpp"
#include "deploy/launcher/stack.hpp"
#include "deploy/launcher/stack_view.hpp"
#include "deploy/launcher/terminal.hpp"
#include "deploy/launcher/verification.hpp"

namespace polybot::launcher {

enum class Display : std::uint8_t { Terminal, Lines };

class Session {
 public:
  Session(boost::asio::io_context& io, Options options, Layout layout, Display display);

  // Starts, shows, waits for SIGINT or SIGTERM (or the end of a recording), stops in order,
  // verifies. The exit code: 0 when everything went well and venue == journal == metrics.
  [[nodiscard]] boost::asio::awaitable<int> run();

 private:
  void say(const std::string& line);
  // The same with the time, once the stack runs, so that it is clear what happened when.
  void say_event(const std::string& line);
  void draw();
  // On Ctrl-Z: the services are in process groups of their own and go on.
  void suspend();
  void watch_suspension();
  void watch_size();
  [[nodiscard]] boost::asio::awaitable<void> say_kept_seed();
  [[nodiscard]] boost::asio::awaitable<std::string> wait_for_ports();
  [[nodiscard]] boost::asio::awaitable<void> start();
  [[nodiscard]] boost::asio::awaitable<void> show();
  [[nodiscard]] boost::asio::awaitable<void> wait_for_signal();
  [[nodiscard]] boost::asio::awaitable<void> wait_for_end_of_recording();
  [[nodiscard]] boost::asio::awaitable<void> name_faults();
  [[nodiscard]] boost::asio::awaitable<void> read_paper();
  [[nodiscard]] boost::asio::awaitable<bool> stop();
  [[nodiscard]] boost::asio::awaitable<bool> verify();
  [[nodiscard]] boost::asio::awaitable<bool> verify_live();
  [[nodiscard]] boost::asio::awaitable<std::optional<MetricsTruth>> read_counters(
      const JournalTruth& journal);
  // Whether all are equal.
  bool say_figures(const std::vector<ComparedFigure>& figures);
  [[nodiscard]] bool simulated() const { return !layout_.simulator_url.empty(); }
  [[nodiscard]] boost::asio::awaitable<std::string> fetch(std::string url,
                                                          http::Headers headers = {});
  [[nodiscard]] boost::asio::awaitable<std::vector<std::string>> fetch_venue_pages();
  [[nodiscard]] boost::asio::awaitable<std::uint64_t> count_lost_orders(
      std::vector<RestoredGap> gaps);
  [[nodiscard]] boost::asio::awaitable<std::string> fetch_metrics(std::uint64_t submitted,
                                                                  std::uint64_t fills);
  [[nodiscard]] boost::asio::awaitable<Payouts> fetch_payouts(std::vector<std::string> outcomes);
  // `options`: more words for `order-manager verify`.
  [[nodiscard]] boost::asio::awaitable<std::string> read_journal_report(std::string options) const;
  [[nodiscard]] ScreenFacts facts() const;

  // These are caught for the whole run: a second Ctrl-C must not cut the orderly stop short.
  boost::asio::signal_set signals_;
  boost::asio::signal_set suspension_;
  boost::asio::signal_set resizing_;
  Options options_;
  Layout layout_;
  Display display_;
  runtime::Clock clock_;
  Stack stack_;
  StackView view_;
  domain::Duration started_at_;
  std::optional<boost::json::object> mirror_;
  std::optional<boost::json::object> upstream_;
  std::deque<std::string> news_;
  Console console_;
  Terminal terminal_{console_};  // while its screen is entered, news go into it instead of below it
  bool shows_screen_ = false;
  bool traded_ = false;  // the stack was ready once: there is something to verify
};

}  // namespace polybot::launcher
