#include "deploy/launcher/record.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <utility>

#include "common/runtime/until_one_ends.hpp"
#include "deploy/launcher/file_tail.hpp"
#include "deploy/launcher/last_words.hpp"
#include "deploy/launcher/layout.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr domain::Duration kLook = 200ms;
constexpr domain::Duration kSayEvery = 60s;
constexpr domain::Duration kStop = 10s;
constexpr const char* kFolderVariable = "POLYBOT_RECORD__FOLDER";

void say_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// Why nothing can be written into that folder, which is made when it is missing; empty: it can be.
std::string write_trouble(const fs::path& folder) {
  constexpr std::size_t kSome = 4096;  // a disk that is full may still take a name
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return error.message();
  const fs::path probe = folder / (".probe-" + std::to_string(::getpid()));
  std::ofstream file(probe, std::ios::binary);
  file << std::string(kSome, '\0');
  file.close();
  const int cause = errno;
  const bool is_written = file.good();
  fs::remove(probe, error);
  return is_written ? "" : std::generic_category().message(cause);
}

}  // namespace

Options record_options(Options options, const Environment& environment) {
  const auto data = environment.find("DATA");
  if (data == environment.end() || data->second.empty())
    options.data = options.data.parent_path() / "record";
  return options;
}

ProgramSpec recorder_program(const Options& options, const Environment& environment,
                             const fs::path& sockets, const fs::path& programs,
                             const fs::path& configuration) {
  fs::create_directories(options.data / "logs");
  ProgramSpec spec;
  spec.name = "recorder";
  spec.program = programs / "gateway";
  spec.arguments = {"--config", (configuration / "gateway.toml").string()};
  spec.output = options.data / "logs" / "recorder.out";
  spec.environment = passed_on(environment);
  for (const auto& [variable, value] : environment) {
    if (variable.starts_with("POLYBOT_")) spec.environment[variable] = value;
  }
  const auto usually = [&spec](const std::string& variable, const std::string& value) {
    spec.environment.emplace(variable, value);
  };
  const auto port = [&options](int usual) { return std::to_string(usual + options.port_offset); };
  usually("POLYBOT_REPLICA", spec.name);
  usually("POLYBOT_ADMIN__PORT", port(8001));
  usually("POLYBOT_API__PORT", port(8080));
  usually("POLYBOT_DATA__FOLDER", options.data.string());
  usually("POLYBOT_LOG__FILE", (options.data / "logs" / "recorder.log").string());
  usually(kFolderVariable, (options.data / "recordings").string());
  for (const char* const socket : {"MARKET_DATA", "MARKET_DATA_RECOVERY", "QUOTES", "COMMANDS",
                                   "ORDERS", "ORDERS_RECOVERY", "METRICS", "STATUS"}) {
    std::string name;
    for (const char* c = socket; *c != '\0'; ++c)
      name.push_back(*c == '_' ? '-' : static_cast<char>(*c - 'A' + 'a'));
    usually("POLYBOT_BUS__" + std::string(socket), "ipc://" + (sockets / (name + ".ipc")).string());
  }
  return spec;
}

RecordSession::RecordSession(boost::asio::io_context& io, ProgramSpec spec)
    : signals_(io, SIGINT, SIGTERM),
      spec_(std::move(spec)),
      folder_(spec_.environment.at(kFolderVariable)) {
  facts_.folder = folder_.string();
}

void RecordSession::start() {
  std::error_code ignored;
  fs::remove(folder_ / recording::kEndingName, ignored);  // it tells of an earlier end
  facts_.ending.reset();
  child_.emplace(spec_);
  restarts_.note_start(clock_.monotonic());
  started_on_ = clock_.now();
  ++facts_.starts;
}

void RecordSession::start_again() {
  try {
    start();
  } catch (const std::system_error& error) {
    say_line(std::string("the recorder cannot be started again: ") + error.what());
    restarts_.note_failed_start(clock_.monotonic());
  }
}

void RecordSession::note_end(const ExitStatus& ended) {
  restarts_.note_end(clock_.monotonic());
  child_.reset();
  facts_.gateway = ended;
  facts_.ends_in_a_row = restarts_.ends_in_a_row();
  facts_.ending = recording::read_ending(folder_);
  if (facts_.ending) {
    earlier_.frames = facts_.ending->frames += earlier_.frames;
    earlier_.lost_lines = facts_.ending->lost_lines += earlier_.lost_lines;
    earlier_.unmarked_lines = facts_.ending->unmarked_lines += earlier_.unmarked_lines;
  }
  facts_.write_trouble = write_trouble(folder_);
  const auto log = spec_.environment.find("POLYBOT_LOG__FILE");
  const bool has_log = log != spec_.environment.end() && ended.signal != SIGKILL;
  facts_.last_words = cause_of(last_words(
      read_tail(spec_.output, kLogTailBytes),
      has_log ? read_tail(log->second, kLogTailBytes) : std::string(), started_on_, clock_.now()));
}

void RecordSession::look() {
  const domain::Duration now = clock_.monotonic();
  if (!child_) {
    if (now >= restarts_.restart_at()) start_again();
    return;
  }
  const auto ended = child_->poll();
  if (!ended) return restarts_.note_running(now);
  note_end(*ended);
  end_ = gives_up(facts_);
  if (end_) return;
  say_line("the recorder ended (" + ended->text() + "), it is started again" +
           (facts_.last_words.empty() ? "" : ": " + facts_.last_words));
}

void RecordSession::say_size() {
  std::uintmax_t bytes = 0;
  std::size_t files = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    if (file.path().extension() != ".zst") continue;
    const std::uintmax_t size = file.file_size(error);
    if (error) continue;
    bytes += size;
    ++files;
  }
  say_line(fmt::format("{} {:.2f} MiB in {} files", runtime::to_rfc3339(clock_.now()),
                       static_cast<double>(bytes) / (1U << 20), files));
}

boost::asio::awaitable<void> RecordSession::watch() {
  domain::Duration said_at = clock_.monotonic();
  while (!end_) {
    look();
    co_await runtime::sleep_for(kLook);
    if (clock_.monotonic() - said_at < kSayEvery) continue;
    said_at = clock_.monotonic();
    say_size();
  }
}

boost::asio::awaitable<void> RecordSession::stop() {
  if (!child_) co_return;
  child_->signal(SIGTERM);
  const domain::Duration deadline = clock_.monotonic() + kStop;
  for (;;) {
    const auto ended = child_->poll();
    if (ended) {
      note_end(*ended);
      break;
    }
    if (clock_.monotonic() > deadline) {
      facts_.was_killed = true;
      child_->signal(SIGKILL);
    }
    co_await runtime::sleep_for(kLook);
  }
  say_size();
}

boost::asio::awaitable<int> RecordSession::run() {
  facts_.write_trouble = write_trouble(folder_);
  if (facts_.write_trouble.empty()) {
    say_line("recording into " + folder_.string() + "; Ctrl-C ends it");
    start();
    const auto wait_for_signal = [this]() -> boost::asio::awaitable<void> {
      facts_.asked_by = co_await signals_.async_wait(boost::asio::use_awaitable);
    };
    (void)co_await runtime::until_one_ends(wait_for_signal(), watch());
    if (!end_) {
      co_await stop();
      end_ = end_as_asked(facts_);
    }
  } else {
    end_ = end_without_folder(facts_);
  }
  std::fprintf(stderr, "polybot record: %s.\n", end_->why.c_str());
  co_return static_cast<int>(end_->exit);
}

}  // namespace polybot::launcher
