#include "common/runtime/service.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstdio>
#include <random>
#include <sstream>
#include <system_error>

#include "common/bus/reaper_watch.hpp"
#include "common/http/server.hpp"
#include "common/runtime/addresses.hpp"
#include "common/runtime/clock_watch.hpp"
#include "common/runtime/descriptor_limit.hpp"
#include "common/runtime/heap.hpp"
#include "common/runtime/installation.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/supervisor_socket.hpp"
#include "common/runtime/watchdog.hpp"
#include "common/secrets/private_process.hpp"

namespace polybot::runtime {
namespace asio = boost::asio;

namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitStuck = 70;  // EX_SOFTWARE

// The keys that every service reads beside its own.
struct CommonSettings {
  AdminSettings admin;
  log::Settings log;
  domain::Duration watchdog_timeout{};
  domain::Duration shutdown_grace{};
};

std::string from_environment(const config::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::string replica_name(const config::Environment& environment) {
  const std::string given = from_environment(environment, "POLYBOT_REPLICA");
  if (!given.empty()) return given;
  std::array<char, 256> host{};
  return ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "unknown";
}

CommonSettings read_common(config::Reader& reader, const ServiceOptions& options,
                           const config::Environment& environment) {
  CommonSettings settings;
  settings.admin.address = read_listen_address(reader, "admin.address", "127.0.0.1");
  settings.admin.port = reader.port("admin.port", options.admin_port);
  settings.admin.hosts = reader.strings("admin.hosts", {});

  settings.log.service = options.name;
  settings.log.replica = replica_name(environment);
  const std::string format = reader.string("log.format", "text");
  const std::string level = reader.string("log.level", "info");
  settings.log.file = reader.string("log.file", "");
  const auto parsed_format = log::parse_format(format);
  const auto parsed_level = log::parse_level(level);
  if (!parsed_format) reader.error("log.format", "must be text or json, got \"" + format + "\"");
  if (!parsed_level) {
    reader.error("log.level",
                 "must be trace, debug, info, warning, error or critical, got \"" + level + "\"");
  }
  settings.log.format = parsed_format.value_or(log::Format::Text);
  settings.log.level = parsed_level.value_or(log::Level::Info);

  using std::chrono::hours;
  using std::chrono::seconds;
  settings.watchdog_timeout =
      reader.duration("watchdog.timeout", seconds(20), seconds(2), hours(1));
  settings.shutdown_grace = reader.duration("shutdown.grace", seconds(10), seconds(0), hours(1));
  return settings;
}

// Before the configuration is read, only the environment sets the format and level of the log.
void speak_from_environment(const ServiceOptions& options, const config::Environment& environment) {
  log::Settings settings;
  settings.service = options.name;
  settings.replica = replica_name(environment);
  settings.format =
      log::parse_format(from_environment(environment, "LOG_FORMAT")).value_or(log::Format::Text);
  log::configure(settings);
}

// One line of output per line of the reason.
int cannot_start(std::string_view reason) {
  std::istringstream lines{std::string(reason)};
  for (std::string line; std::getline(lines, line);) {
    log::write_now(log::Level::Error, "Cannot start: " + line);
  }
  return kExitFailed;
}

std::string footer(const ServiceOptions& options) {
  std::string text;
  if (!options.commands.empty()) {
    text += "Commands instead of running the service:\n";
    for (const Command& command : options.commands) {
      text += "  " + command.name + "  " + command.summary + "\n";
    }
    text += '\n';
  }
  return text +
         "Environment:\n"
         "  POLYBOT_A__B=value  overrides key b of table [a] of the configuration file\n"
         "  POLYBOT_REPLICA     name of this replica in logs and metrics (default: host name)\n"
         "  LOG_FORMAT          text or json (default: key log.format)\n"
         "  LOG_LEVEL           trace, debug, info, warning, error or critical\n"
         "Exit codes: 0 orderly end, 1 cannot start or failed, 70 ended by its watchdog, 75 ended "
         "to start again because the host's clock was set, 76 ended or not started because another "
         "process does its work (order-manager: it trades on the account; what to do is in the "
         "file \"fenced\" beside the journal, which stops each start).";
}

std::string default_config_file(const std::string& name) {
  const bool installed = is_installed(own_programs_folder());
  return std::string(installed ? kInstalledConfiguration : "deploy/config") + "/" + name + ".toml";
}

struct Arguments {
  std::string config_file;
  bool check_config = false;
  bool list_keys = false;
};

// The exit code when the command line asked for no more.
std::optional<int> parse_arguments(const ServiceOptions& options, int argc, char** argv,
                                   Arguments& arguments) {
  CLI::App app(options.summary, options.name);
  arguments.config_file = default_config_file(options.name);
  app.add_option("--config", arguments.config_file,
                 "Configuration file (TOML), complete and commented as shipped")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check-config", arguments.check_config,
               "Read the configuration and the environment, print what is wrong with them or "
               "\"ok\", and end");
  app.add_flag("--list-keys", arguments.list_keys,
               "Print every key that this configuration may have, one a line, and end");
  app.set_version_flag("--version", options.name + " " + options.build.text(),
                       "Print version and commit and end");
  app.set_help_flag("--help,-h", "Print this text and end");
  app.footer(footer(options));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return cannot_start(std::string(error.what()) + " (see --help)");
  }
  return std::nullopt;
}

// A report that was cut short looks like a whole one; the exit code tells them apart.
int finish_output(int exit_code) {
  const int error = std::fflush(stdout) != 0 ? errno : std::ferror(stdout) != 0 ? EIO : 0;
  if (error == 0) return exit_code;
  throw std::system_error(error, std::generic_category(), "standard output cannot be written");
}

// Otherwise the next file that is opened becomes standard output.
void require_output() {
  if (::fcntl(STDOUT_FILENO, F_GETFD) < 0)
    throw std::system_error(errno, std::generic_category(), "there is no standard output");
}

int list_keys(const config::Reader& reader) {
  for (const std::string& key : reader.known_keys()) std::printf("%s\n", key.c_str());
  return finish_output(kExitOk);
}

// Throws ConfigError.
int check_config(config::Reader& reader, const std::string& file) {
  const std::vector<std::string> absent = reader.finish_check();
  for (const std::string& line : reader.warnings()) std::printf("%s\n", line.c_str());
  for (const std::string& line : absent) std::printf("%s\n", line.c_str());
  std::printf("%s: ok%s\n", file.c_str(),
              absent.empty() ? ""
                             : ", but no start without the file above (for the built-in venue "
                               "polybot run and docker compose make one of their own)");
  return finish_output(kExitOk);
}

int run_command(const Command& command, int argc, char** argv) {
  try {
    require_output();
    return finish_output(command.run(std::vector<std::string>(argv + 2, argv + argc)));
  } catch (const std::exception& error) {
    log::write_now(log::Level::Error, command.name + ": " + error.what());
    return kExitFailed;
  }
}

std::uint64_t random_incarnation() {
  std::random_device device;
  std::uint64_t value = 0;
  while (value == 0) value = (std::uint64_t{device()} << 32) | device();
  return value;
}

// Stops the service on SIGINT and SIGTERM, and when the host's clock was set; ends the process on
// the second signal.
class SignalWatch {
 public:
  SignalWatch(asio::io_context& io, StopSignal& stop, const SupervisorSocket& supervisor,
              domain::Duration grace, std::function<void()> on_grace_over)
      : signals_(io, SIGINT, SIGTERM),
        grace_timer_(io),
        stop_(stop),
        supervisor_(supervisor),
        grace_(grace),
        on_grace_over_(std::move(on_grace_over)) {
    wait();
  }

  // Ends the service as a signal would, so that it is started again.
  void stop_for_clock() {
    if (stopping_) return;
    stopped_for_clock_ = true;
    log::warning("The host's clock was set, starting again with it");
    begin_stop();
  }
  // False when a signal came as well: its sender does not want the service back.
  [[nodiscard]] bool stopped_for_clock() const { return stopped_for_clock_; }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& ec, int signal) {
      if (ec) return;
      on_signal(signal);
      wait();
    });
  }
  void begin_stop() {
    stopping_ = true;
    supervisor_.say_stopping();
    stop_.request();
    grace_timer_.expires_after(grace_);
    grace_timer_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) on_grace_over_();
    });
  }
  void on_signal(int signal) {
    const char* const name = signal == SIGINT ? "SIGINT" : "SIGTERM";
    if (signalled_) {
      log::write_now(log::Level::Warning, "Second signal, ending at once", {{"signal", name}});
      ::_exit(kExitFailed);
    }
    signalled_ = true;
    stopped_for_clock_ = false;
    log::info("Stopping", {{"signal", name}});
    if (!stopping_) begin_stop();
  }

  asio::signal_set signals_;
  asio::steady_timer grace_timer_;
  StopSignal& stop_;
  const SupervisorSocket& supervisor_;
  domain::Duration grace_;
  std::function<void()> on_grace_over_;
  bool stopping_ = false;
  bool signalled_ = false;
  bool stopped_for_clock_ = false;
};

asio::awaitable<void> watch_clock(SignalWatch& signals) {
  co_await wait_for_clock_step();
  signals.stop_for_clock();
}

// Runs the service's coroutine and stops the loop in the same turn in which it ends: what the
// service left suspended may refer to objects that are gone, and must not run again.
asio::awaitable<void> live(asio::io_context& io, int& exit_code,
                           std::function<asio::awaitable<void>()> run) {
  try {
    co_await run();
    exit_code = kExitOk;
  } catch (const CannotStart& error) {
    exit_code = cannot_start(error.what());
  } catch (const http::ListenError& error) {
    exit_code = cannot_start(error.what());
  } catch (const Fenced& error) {
    log::critical(error.what(), {});
    exit_code = kExitFenced;
  } catch (const std::exception& error) {
    log::critical("Service failed", {{"error", error.what()}});
    exit_code = kExitFailed;
  }
  io.stop();
}

void end_stuck_process(domain::Duration silent_for) {
  log::write_now(
      log::Level::Critical, "The event loop is stuck, ending the process",
      {{"silent_seconds", std::chrono::duration_cast<std::chrono::seconds>(silent_for).count()}});
  ::_exit(kExitStuck);
}

int run_loop(const ServiceOptions& options, const CommonSettings& settings,
             const SupervisorSocket& supervisor, std::any service_config,
             const std::function<asio::awaitable<void>(Runtime&, std::any)>& run) {
  // Never destroyed: coroutines that the service left suspended would be destroyed with it, after
  // the objects they refer to. The process ends right behind this function.
  static std::vector<asio::io_context*> contexts;  // keeps them reachable
  asio::io_context& io = *contexts.emplace_back(new asio::io_context(1));

  const Clock clock;
  StopSignal stop(io.get_executor());
  Health health(options.name, settings.log.replica, options.build.version,
                [clock] { return clock.now(); });
  AdminServer admin(io.get_executor(), settings.admin, health, options.health_routes);
  Runtime runtime{io,
                  stop,
                  health,
                  admin,
                  clock,
                  options.name,
                  settings.log.replica,
                  random_incarnation(),
                  options.build};
  int exit_code = kExitFailed;
  admin.listen();
  SignalWatch signals(io, stop, supervisor, settings.shutdown_grace, [&] {
    log::error("The service did not stop within shutdown.grace");
    io.stop();
  });
  const auto say_alive = [&supervisor] { supervisor.say_alive(); };
  const bus::ReaperWatch reaper_watch(io.get_executor());
  Watchdog watchdog(io.get_executor(), settings.watchdog_timeout, say_alive, end_stuck_process);
  log::info("Starting", {{"version", options.build.version},
                         {"revision", options.build.revision},
                         {"admin", admin.address()},
                         {"incarnation", std::to_string(runtime.incarnation)}});
  const std::function<asio::awaitable<void>()> body = [&]() -> asio::awaitable<void> {
    return run(runtime, std::move(service_config));
  };
  asio::co_spawn(io, live(io, exit_code, body), [](const std::exception_ptr&) {});
  asio::co_spawn(io, watch_clock(signals), asio::detached);
  asio::co_spawn(io, keep_heap_trimmed(), asio::detached);
  asio::post(io, [&supervisor] { supervisor.say_ready(); });  // behind the service's first steps
  try {
    io.run();
  } catch (const std::exception& error) {  // of a part without an awaiter, as the watch of the bus
    log::critical("Service failed", {{"error", error.what()}});
    exit_code = kExitFailed;
  }
  if (signals.stopped_for_clock() && exit_code == kExitOk) exit_code = kExitClock;
  log::info("Stopped", {{"exit_code", exit_code}});
  return exit_code;
}

}  // namespace

config::Reader load_configuration(const std::string& service, const std::string& file) {
  const config::Environment environment = config::current_environment();
  config::Reader reader =
      config::Reader::load(file.empty() ? default_config_file(service) : file, environment);
  ServiceOptions options;
  options.name = service;
  (void)read_common(reader, options, environment);
  return reader;
}

int run_service_erased(const ServiceOptions& options, int argc, char** argv,
                       std::function<std::any(config::Reader&)> read_config,
                       std::function<asio::awaitable<void>(Runtime&, std::any)> run) {
  configure_heap();
  raise_descriptor_limit();
  const config::Environment environment = config::current_environment();
  speak_from_environment(options, environment);
  ::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code where it is written to
  ::signal(SIGXFSZ, SIG_IGN);  // and so is a file that may not grow
  try {
    if (options.memory_access == MemoryAccess::Forbidden) secrets::forbid_memory_access();
  } catch (const std::system_error& error) {
    return cannot_start(error.what());
  }
  for (const Command& command : options.commands) {
    if (argc > 1 && command.name == argv[1]) return run_command(command, argc, argv);
  }
  Arguments arguments;
  if (const std::optional<int> exit_code = parse_arguments(options, argc, argv, arguments)) {
    return *exit_code;
  }
  int exit_code = kExitFailed;
  try {
    config::Reader reader = config::Reader::load(arguments.config_file, environment);
    const CommonSettings settings = read_common(reader, options, environment);
    log::configure(settings.log);
    std::any service_config = read_config(reader);
    if (arguments.list_keys) return list_keys(reader);
    if (arguments.check_config) return check_config(reader, arguments.config_file);
    reader.finish();
    log::init(settings.log);
    for (const std::string& line : reader.warnings()) log::warning(line);
    const SupervisorSocket supervisor(from_environment(environment, "NOTIFY_SOCKET"));
    exit_code = run_loop(options, settings, supervisor, std::move(service_config), run);
  } catch (const CannotStart& error) {
    exit_code = cannot_start(error.what());
  } catch (const http::ListenError& error) {
    exit_code = cannot_start(error.what());
  } catch (const std::exception& error) {
    exit_code = cannot_start(error.what());
  }
  log::shutdown();
  return exit_code;
}

}  // namespace polybot::runtime
