#include "deploy/launcher/record.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "common/runtime/until_one_ends.hpp"
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
      folder_(spec_.environment.at(kFolderVariable)) {}

void RecordSession::start() {
  child_.emplace(spec_);
  restarts_.note_start(clock_.monotonic());
}

void RecordSession::look() {
  const domain::Duration now = clock_.monotonic();
  if (!child_) {
    if (now >= restarts_.restart_at()) start();
    return;
  }
  const auto ended = child_->poll();
  if (!ended) return restarts_.note_running(now);
  say_line("the recorder ended (" + ended->text() + "), it is started again; " +
           spec_.output.string() + " and " + spec_.environment.at("POLYBOT_LOG__FILE") +
           " say more");
  restarts_.note_end(now);
  child_.reset();
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
  for (;;) {
    look();
    co_await runtime::sleep_for(kLook);
    if (clock_.monotonic() - said_at < kSayEvery) continue;
    said_at = clock_.monotonic();
    say_size();
  }
}

boost::asio::awaitable<int> RecordSession::stop() {
  if (!child_) co_return 1;
  child_->signal(SIGTERM);
  const domain::Duration deadline = clock_.monotonic() + kStop;
  for (;;) {
    const auto ended = child_->poll();
    if (ended) {
      say_size();
      co_return ended->clean() ? 0 : 1;
    }
    if (clock_.monotonic() > deadline) child_->signal(SIGKILL);
    co_await runtime::sleep_for(kLook);
  }
}

boost::asio::awaitable<int> RecordSession::run() {
  say_line("recording into " + folder_.string() + "; Ctrl-C ends it");
  start();
  const auto wait_for_signal = [this]() -> boost::asio::awaitable<void> {
    co_await signals_.async_wait(boost::asio::use_awaitable);
  };
  (void)co_await runtime::until_one_ends(wait_for_signal(), watch());
  co_return co_await stop();
}

}  // namespace polybot::launcher
