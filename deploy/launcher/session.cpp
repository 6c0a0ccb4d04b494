#include "deploy/launcher/session.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/runtime/until_one_ends.hpp"
#include "deploy/launcher/json_fields.hpp"
#include "deploy/launcher/ports.hpp"
#include "deploy/launcher/scale.hpp"
#include "deploy/launcher/socket_folder.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// A first start on a slow machine folds no records and is ready in seconds; a long journal takes
// longer.
constexpr domain::Duration kStartPatience = 60s;
// The listing of the real venue has hundreds of pages.
constexpr domain::Duration kListingPatience = 300s;
// All services together stop within five seconds; each has its own grace period inside this.
constexpr domain::Duration kStopPatience = 4s;
constexpr domain::Duration kPortsPatience = 2s;
constexpr std::size_t kStatePage = 20'000;

// A signal that the caller ignored stays ignored.
void add_unless_ignored(asio::signal_set& set, int signal) {
  struct sigaction inherited {};
  if (::sigaction(signal, nullptr, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
    set.add(signal);
}

// The output of a shell command; the loop goes on meanwhile.
asio::awaitable<std::string> output_of(std::string command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), &::pclose);
  if (!pipe) co_return std::string();
  asio::posix::stream_descriptor output(co_await asio::this_coro::executor,
                                        ::dup(::fileno(pipe.get())));
  std::string text;
  boost::system::error_code end;
  co_await asio::async_read(output, asio::dynamic_buffer(text),
                            asio::redirect_error(asio::use_awaitable, end));
  co_return text;
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

Session::Session(asio::io_context& io, Options options, Layout layout, Display display)
    : signals_(io, SIGINT, SIGTERM),
      suspension_(io),
      resizing_(io, SIGWINCH),
      options_(std::move(options)),
      layout_(std::move(layout)),
      display_(display),
      stack_(io.get_executor(), layout_, options_.runners,
             [this](const std::string& line) { say_event(line); }),
      view_(io.get_executor(), layout_.gateway_url, layout_.token_file, stack_.http()),
      started_at_(clock_.monotonic()),
      console_(STDOUT_FILENO) {
  // A terminal that closed is a request to stop, but not under nohup.
  add_unless_ignored(signals_, SIGHUP);
  add_unless_ignored(suspension_, SIGTSTP);
  watch_suspension();
  watch_size();
}

asio::awaitable<void> Session::wait_for_signal() {
  co_await signals_.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Session::wait_for_end_of_recording() {
  while (true) {
    co_await runtime::sleep_for(500ms);
    if (!options_.recording) continue;
    const std::string text = co_await fetch(layout_.simulator_url + "/status");
    const auto status = parse_object(text);
    if (shown_text(object_field(status, "replay"), "finished") == "true") co_return;
  }
}

// Faults that were switched on outlive the simulator's process, and may be why the services are not
// ready. Each is named while the stack waits, when it can still be cleared.
asio::awaitable<void> Session::name_faults() {
  std::set<std::string> named;
  while (true) {
    std::string text;
    if (simulated()) text = co_await fetch(layout_.simulator_url + "/faults");
    const auto faults = parse_object(text);
    for (const auto& [key, settings] : faults) {
      const std::string name(key);
      if (shown_text(object_field(faults, key), "active") != "true" || !named.insert(name).second)
        continue;
      say("  the simulated venue has its fault " + name +
          " on, as it was left in the data folder; DELETE " + layout_.simulator_url + "/faults/" +
          name + " clears it");
    }
    co_await runtime::sleep_for(500ms);
  }
}

asio::awaitable<void> Session::read_paper() {
  if (options_.mode != domain::TradingMode::Paper) co_return;
  const std::string mirrored = co_await fetch(layout_.simulator_url + "/status");
  http::Headers credentials = credentials_in(layout_.upstream_token_file);
  const std::string watched =
      co_await fetch(layout_.upstream_url + "/api/v1/status", std::move(credentials));
  mirror_.reset();
  upstream_.reset();
  const auto status = parse_object(mirrored);
  if (status.contains("mirror")) mirror_ = object_field(status, "mirror");
  auto upstream = parse_object(watched);
  if (upstream.contains("markets")) upstream_ = std::move(upstream);
}

// A user who asks for another seed gets the world that the folder began with, so this is said.
asio::awaitable<void> Session::say_kept_seed() {
  if (!options_.seed || options_.recording) co_return;
  const std::string text = co_await fetch(layout_.simulator_url + "/status");
  const auto status = parse_object(text);
  const std::string seed = shown_text(status, "seed");
  if (!status.contains("seed") || seed == std::to_string(*options_.seed)) co_return;
  say("SEED=" + std::to_string(*options_.seed) +
      " has no effect: this data folder keeps its seed " + seed +
      "; another world needs another folder (DATA=folder)");
}

// Throws the reason when the stack cannot run.
asio::awaitable<void> Session::start() {
  const std::string problem = co_await stack_.start(
      options_.mode == domain::TradingMode::Sim ? kStartPatience : kListingPatience);
  if (!problem.empty()) throw std::runtime_error(problem);
}

// Empty text, or which port another program has. It asks for a moment, because the processes of a
// launcher that was killed may be about to end.
asio::awaitable<std::string> Session::wait_for_ports() {
  const domain::Duration deadline = clock_.monotonic() + kPortsPatience;
  while (true) {
    const auto taken = find_taken_port(layout_.ports);
    if (!taken) co_return std::string();
    if (clock_.monotonic() > deadline) {
      const auto free = find_free_offset(layout_.ports, options_.port_offset);
      co_return taken_text(*taken) + "; end that one, or give this stack other ports" +
          (free ? ": PORT_OFFSET=" + std::to_string(*free) : std::string(" with PORT_OFFSET=n"));
    }
    co_await runtime::sleep_for(100ms);
  }
}

asio::awaitable<int> Session::run() {
  say("Starting in " + layout_.data.string());
  // This comes before any request to these ports, because another stack may have them.
  if (const std::string taken = co_await wait_for_ports(); !taken.empty()) {
    say("Cannot start: " + taken);
    co_return 1;
  }
  remove_wanted_runners(layout_.data);  // of a launcher that was killed
  if (options_.recording) {
    say("Replaying " + options_.recording->string() +
        (options_.speed ? " " + *options_.speed +
                              " times as fast as recorded; strategies keep "
                              "their own time: a window of 8 s is as many seconds of this clock"
                        : ""));
  }
  std::string problem;
  bool interrupted = false;
  try {
    interrupted = co_await runtime::until_one_ends(start(), wait_for_signal(), name_faults()) == 1;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (interrupted || !problem.empty()) {
    say(interrupted ? "Interrupted while starting" : "Cannot start: " + problem);
    (void)co_await stop();
    co_return 1;
  }
  traded_ = true;
  say("ready: API " + layout_.gateway_url + "/api/v1/status, metrics " + layout_.aggregator_url +
      "/metrics");
  started_at_ = clock_.monotonic();
  shows_screen_ = display_ == Display::Terminal;
  draw();
  co_await say_kept_seed();
  std::string end = "Stopping";
  bool good = true;
  try {
    const std::size_t ended = co_await runtime::until_one_ends(
        wait_for_signal(), wait_for_end_of_recording(), stack_.watch(), view_.follow(), show());
    if (ended == 1) end = "The recording has ended; stopping";
  } catch (const std::exception& error) {
    // Nothing would start a service again that ends: it is better to stop in order now than to lose
    // one after the other.
    end = std::string("The launcher failed (") + error.what() + "); stopping";
    good = false;
  }
  shows_screen_ = false;
  terminal_.leave();
  say(summary_line(layout_, options_, facts()));
  say(end);
  good = co_await stop() && good;
  co_return good ? 0 : 1;
}

asio::awaitable<std::string> Session::fetch(std::string url, http::Headers headers) {
  http::ClientRequest request{.url = std::move(url), .headers = std::move(headers), .timeout = 3s};
  const auto answer = co_await stack_.http().send(std::move(request));
  co_return answer && answer->status == 200 ? answer->body : std::string();
}

// Stops runners, gateway and order-manager, then compares, while aggregator and simulator still
// answer.
asio::awaitable<bool> Session::stop() {
  stack_.begin_stop();
  const domain::Duration begun = clock_.monotonic();
  // Before it has been ready, what listens there may be another stack's, begun at the same moment.
  if (traded_ && simulated()) {
    http::ClientRequest pause{
        .method = http::Method::Post, .url = layout_.simulator_url + "/flow/pause", .timeout = 1s};
    (void)co_await stack_.http().send(std::move(pause));
  }
  bool good = true;
  bool verified = false;
  remove_wanted_runners(layout_.data);
  const std::vector<ServiceView> order = stack_.stop_order();
  for (const ServiceView& service : order) {
    if (!verified && service.service == "metrics-aggregator") {
      verified = true;
      if (traded_) {
        if (simulated()) {
          good = co_await verify() && good;
        } else {
          good = co_await verify_live() && good;
        }
      }
    }
    good = co_await stack_.stop(service.name, kStopPatience) && good;
  }
  remove_sockets(layout_.sockets);
  say(fmt::format("Stopped in {:.1f} s",
                  std::chrono::duration<double>(clock_.monotonic() - begun).count()));
  co_return good;
}

asio::awaitable<std::string> Session::read_journal_report(std::string options) const {
  co_return co_await output_of(quoted((layout_.programs / "order-manager").string()) +
                               " verify --json " + options + " " +
                               quoted(layout_.journal.string()));
}

asio::awaitable<std::vector<std::string>> Session::fetch_venue_pages() {
  std::vector<std::string> pages;
  std::uint64_t trades_after = 0;
  while (true) {
    // Orders are not needed: the account's totals count them.
    pages.push_back(
        co_await fetch(fmt::format("{}/state?orders_after={}&trades_after={}&limit={}",
                                   layout_.simulator_url, INT64_MAX, trades_after, kStatePage)));
    trades_after = number_field(parse_object(pages.back()), "trades_next", INT64_MAX);
    if (trades_after == INT64_MAX) co_return pages;
  }
}

// Counts over all the venue's orders and trades, in memory and in history; only a restored journal
// needs this. It reads page by page, because together they may be too large.
asio::awaitable<std::uint64_t> Session::count_lost_orders(std::vector<RestoredGap> gaps) {
  const std::string report = co_await read_journal_report("--orders");
  GapReading reading(std::move(gaps), read_order_ids(report));
  for (const std::string_view path : {"/state", "/state/history"}) {
    std::uint64_t orders_after = 0;
    std::uint64_t trades_after = 0;
    while (orders_after != INT64_MAX || trades_after != INT64_MAX) {
      const std::string text = co_await fetch(
          fmt::format("{}{}?orders_after={}&trades_after={}&limit={}", layout_.simulator_url, path,
                      orders_after, trades_after, kStatePage));
      reading.read(text);
      const auto page = parse_object(text);
      // A list that has come to its end returns nothing for this number.
      orders_after = number_field(page, "orders_next", INT64_MAX);
      trades_after = number_field(page, "trades_next", INT64_MAX);
    }
  }
  co_return reading.lost();
}

// The last snapshot of order-manager reaches the readable view within one merge interval.
asio::awaitable<std::string> Session::fetch_metrics(std::uint64_t submitted, std::uint64_t fills) {
  const domain::Duration deadline = clock_.monotonic() + 2s;
  while (true) {
    std::string text = co_await fetch(layout_.aggregator_url + "/metrics");
    const auto metrics = read_metrics(text);
    const bool current =
        metrics && metrics->submitted == submitted && metrics->fills_booked == fills;
    if (current || clock_.monotonic() > deadline) co_return text;
    co_await runtime::sleep_for(50ms);
  }
}

asio::awaitable<Payouts> Session::fetch_payouts(std::vector<std::string> outcomes) {
  Payouts payouts;
  for (const std::string& outcome : outcomes) {
    const std::string market = outcome.substr(0, outcome.find(':'));
    const std::string page =
        co_await fetch(layout_.venue_url + "/markets/keyset?closed=true&condition_ids=" + market);
    if (page.empty()) {
      say("The venue does not answer (is a fault on?): resolved markets cannot be compared");
      break;
    }
    read_payouts(page, payouts);
  }
  co_return payouts;
}

// Empty, and said, when the aggregator does not serve them.
asio::awaitable<std::optional<MetricsTruth>> Session::read_counters(const JournalTruth& journal) {
  const std::string text = co_await fetch_metrics(journal.submitted, journal.fills_booked);
  const auto metrics = read_metrics(text);
  if (!metrics) say("Verification: the aggregator does not serve the order counters");
  co_return metrics;
}

// The venue's side is what order-manager has compared last: nobody else may ask about the account.
asio::awaitable<bool> Session::verify_live() {
  const std::string report = co_await read_journal_report("");
  const auto journal = read_journal(report);
  if (!journal) {
    say("Verification: order-manager verify cannot read the journal " + layout_.journal.string());
    co_return false;
  }
  const auto metrics = co_await read_counters(*journal);
  if (!metrics) co_return false;
  const bool equal = say_figures(compare_live(*journal, *metrics));
  const std::string venue =
      journal->last_look
          ? fmt::format(
                "compared when trades until {} were booked",
                runtime::to_rfc3339(domain::from_unix_ms(journal->last_look->booked_until_ms)))
          : std::string("not compared yet");
  say(fmt::format(
      "venue ({}) {} journal {} metrics: {} orders, {} fills, {} pUSD cash, P&L {} pUSD", venue,
      equal ? "==" : "!=", equal ? "==" : "!=", journal->submitted, journal->fills,
      journal->cash.to_string(), journal->pnl.to_string()));
  co_return equal;
}

bool Session::say_figures(const std::vector<ComparedFigure>& figures) {
  bool equal = true;
  say(fmt::format("{:<20} {:>18} {:>18} {:>12}", "", "venue", "journal", "metrics"));
  for (const ComparedFigure& figure : figures) {
    equal = equal && figure.equal();
    say(fmt::format("{:<20} {:>18} {:>18} {:>12}{}", figure.name, figure.venue, figure.journal,
                    figure.metrics, figure.equal() ? "" : "   DIFFERENT"));
  }
  return equal;
}

asio::awaitable<bool> Session::verify() {
  auto venue = read_venue(co_await fetch_venue_pages());
  const std::string report = co_await read_journal_report("");
  const auto journal = read_journal(report);
  if (!venue || !journal) {
    say(!venue ? "Verification: the simulated venue does not tell its state. Start the stack again "
                 "with this DATA and stop it: the comparison is made then"
               : "Verification: order-manager verify cannot read the journal " +
                     layout_.journal.string());
    co_return false;
  }
  const auto metrics = co_await read_counters(*journal);
  if (!metrics) co_return false;
  if (!journal->gaps.empty() && venue->orders > journal->orders)
    venue->lost = co_await count_lost_orders(journal->gaps);
  const Payouts payouts = co_await fetch_payouts(differing_outcomes(*venue, *journal));
  const bool equal = say_figures(compare(*venue, *journal, *metrics, payouts));
  if (journal->submitted > journal->orders) {
    say(fmt::format("rejected: {} of the submitted orders, which the venue never had",
                    journal->submitted - journal->orders));
  }
  if (journal->ambiguous > 0) {
    say(
        fmt::format("in doubt: {} of the journal's orders may not have reached the venue; the next "
                    "start finds out",
                    journal->ambiguous));
  }
  if (venue->lost > 0) {
    const RestoredGap& gap = journal->gaps.back();
    say(
        fmt::format("older than a restore: {} of the venue's orders, placed after a backup (the "
                    "last one of {}) "
                    "and gone unfilled before it was restored (at {}); no record tells of them",
                    venue->lost, runtime::to_rfc3339(domain::from_unix_ms(gap.backup_at_ms)),
                    runtime::to_rfc3339(domain::from_unix_ms(gap.restored_at_ms))));
  }
  say(fmt::format("venue {} journal {} metrics: {} orders, {} fills, {} pUSD cash, P&L {} pUSD",
                  equal ? "==" : "!=", equal ? "==" : "!=", journal->submitted, journal->fills,
                  journal->cash.to_string(), journal->pnl.to_string()));
  co_return equal;
}

}  // namespace polybot::launcher
