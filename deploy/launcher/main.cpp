#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/interprocess/sync/file_lock.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/build_info.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/installation.hpp"
#include "deploy/launcher/overrides.hpp"
#include "deploy/launcher/record.hpp"
#include "deploy/launcher/recording_command.hpp"
#include "deploy/launcher/scale.hpp"
#include "deploy/launcher/session.hpp"
#include "deploy/launcher/socket_folder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace polybot;

constexpr std::string_view kHelp =
    R"(polybot run: start the whole stack on this machine and show it trading.
polybot scale N: have N runners (1 to 16) from now on in the running stack of DATA.
polybot record: write the market channel of the venue into DATA/recordings, and trade nothing.
polybot recording check|info|cut FILE: judge, describe or cut a recording of the market channel.
polybot doctor [--json]: have order-manager of the stack of DATA look for what the venue would refuse.
polybot livetest [--market M] [--fill USD] [--json]: have it place, see and cancel the smallest order, or fill one.
polybot --version: print version and commit.

run starts venue-simulator, metrics-aggregator, order-manager, gateway and RUNNERS strategy-runners,
waits until each is ready, shows one screen (plain lines when standard output is no terminal,
or one with TERM=dumb).
Ctrl-C stops everything in order and compares venue, journal and metrics; the exit code is 1 when
they differ.
Ctrl-Z leaves the screen: the stack trades on, but nobody watches it until fg.

record runs the gateway alone, against the venue of gateway.toml or of POLYBOT_VENUE__REST,
POLYBOT_VENUE__GAMMA and POLYBOT_VENUE__MARKET_WS; of the variables below it knows DATA (default
data/record), CONFIG, PORT_OFFSET, LOG_FORMAT and POLYBOT_X__Y of the gateway. It says on standard
error why it ended, and ends with
  0  as asked by a signal, its file is closed     1  cannot start: configuration, ports, a second one
  3  the folder cannot be written or its disk is full
  4  the venue gave nothing, or the gateway ended by itself (its exit code or signal is named)
  5  as asked, but lines are missing from the recording

Environment:
  MODE=sim         the built-in venue; paper: it mirrors the real markets that upstream.toml
                   chooses, and fills are simulated; live: the venue of CONFIG, with real money
  DATA=folder      where everything lives (default data/MODE, of the installed program
                   ~/.local/share/polybot/MODE; a replay gets a folder of its own)
  SEED=n           seed of the simulated flow; a data folder keeps the seed it began with
  EDGE=0           no mispricings and no noise traders
  RUNNERS=n        so many strategy-runners (1): runner-1 to runner-n, on ports from 8010 on
  RECORDING=file   replay a .jsonl or .jsonl.zst recording, SPEED=n times as fast as recorded
  CONFIG=folder    with a .toml file per service, instead of deploy/config (installed: /etc/polybot)
  PORT_OFFSET=n    added to every port, to run a second stack; 100 apart, two share no port
  BUS_TLS=folder   the bus over TLS on loopback instead of local sockets, with the certificates that
                   deploy/certificates.sh made in that folder; ports from 5550 on
  LOG_FORMAT=json  logs as JSON lines
  POLYBOT_X__Y=z   key x.y of every service that has it, e.g. POLYBOT_RISK__POSITION_MAX=50,
                   POLYBOT_STRATEGIES__MOMENTUM__ENABLED=false; one that none has stops the start,
                   and so does one that the launcher itself sets (ports, folders, addresses)
)";

// The present as "20260608-120000", for the data folder of a replay.
std::string stamp(domain::Timestamp now) {
  std::string text;
  for (const char c : runtime::to_rfc3339(now).substr(0, 19)) {
    if (c >= '0' && c <= '9') text.push_back(c);
    if (c == 'T') text.push_back('-');
  }
  return text;
}

// One stack per data folder: a second one would write into the first one's logs. The kernel
// releases the lock when this process ends, in any way.
boost::interprocess::file_lock lock_folder(const fs::path& data) {
  const fs::path path = data / "lock";
  if (!std::ofstream(path, std::ios::app)) {
    throw launcher::CannotWrite("cannot write " + path.string() +
                                "; name a folder that can be written with DATA=folder");
  }
  boost::interprocess::file_lock lock(path.c_str());
  if (!lock.try_lock()) {
    throw std::runtime_error("another stack runs in " + data.string() +
                             "; stop that one, or give this one a folder of its own (DATA=folder) "
                             "and ports (PORT_OFFSET=n)");
  }
  return lock;
}

launcher::Options options_of(const launcher::Environment& environment, const fs::path& programs) {
  const runtime::Clock clock;
  const bool installed = runtime::is_installed(programs);
  return launcher::read_options(environment, stamp(clock.now()),
                                installed ? launcher::Home::User : launcher::Home::WorkingFolder);
}

// The stack that runs in DATA reads the number and obeys it.
int scale(const std::string& count) {
  const launcher::Options options =
      options_of(runtime::config::current_environment(), runtime::own_programs_folder());
  const std::size_t runners = launcher::parse_runners(count);
  launcher::demand_running_stack(options.data);
  launcher::write_wanted_runners(options.data, runners);
  return 0;
}

// The configuration that is shipped, unless CONFIG names another.
fs::path configuration_of(const launcher::Options& options, const fs::path& programs) {
  const char* const shipped =
      runtime::is_installed(programs) ? runtime::kInstalledConfiguration : POLYBOT_CONFIG_DIR;
  return options.configuration.value_or(shipped);
}

// The exit code of the session.
template <class Session>
int run_to_end(boost::asio::io_context& io, Session& session) {
  int exit_code = 1;
  boost::asio::co_spawn(io, session.run(), [&](const std::exception_ptr& error, int code) {
    io.stop();
    if (error) std::rethrow_exception(error);
    exit_code = code;
  });
  io.run();
  return exit_code;
}

// Beside those of the session.
int exit_code_of_record(const std::exception& error) {
  const bool is_of_the_disk = dynamic_cast<const launcher::CannotWrite*>(&error) != nullptr ||
                              dynamic_cast<const std::system_error*>(&error) != nullptr;
  return static_cast<int>(is_of_the_disk ? launcher::RecordExit::CannotWrite
                                         : launcher::RecordExit::CannotStart);
}

int record() {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that is gone must not end the recording unclosed
  const launcher::Environment environment = runtime::config::current_environment();
  const fs::path programs = runtime::own_programs_folder();
  const launcher::Options options =
      launcher::record_options(options_of(environment, programs), environment);
  launcher::make_data_folder(options.data);
  const boost::interprocess::file_lock lock = lock_folder(options.data);
  const launcher::SocketFolder sockets(options.data, launcher::longest_socket_name_bytes(),
                                       environment);
  boost::asio::io_context io;
  launcher::RecordSession session(
      io, launcher::recorder_program(options, environment, sockets.path(), programs,
                                     configuration_of(options, programs)));
  return run_to_end(io, session);
}

// Becomes a command of order-manager, with what the stack of DATA gives its own.
int become_order_manager(const std::vector<std::string>& words) {
  const launcher::Environment environment = runtime::config::current_environment();
  const fs::path programs = runtime::own_programs_folder();
  const launcher::Options options = options_of(environment, programs);
  // A live start wants doctor before it.
  if (options.mode != domain::TradingMode::Live) launcher::demand_running_stack(options.data);
  const fs::path configuration = configuration_of(options, programs);
  const launcher::KnownKeys known = launcher::ask_for_keys(programs, configuration, environment);
  const launcher::Layout layout =
      launcher::lay_out(options, environment, options.data / "bus", programs, configuration, known);
  const auto manager =
      std::ranges::find(layout.services, "order-manager", &launcher::ServicePlan::service);
  std::vector<std::string> arguments{"order-manager", words.front()};
  arguments.insert(arguments.end(), manager->spec.arguments.begin(), manager->spec.arguments.end());
  arguments.insert(arguments.end(), words.begin() + 1, words.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::vector<std::string> variables;
  for (const auto& [name, value] : manager->spec.environment)
    variables.push_back(name + "=" + value);
  for (const char* const name : {"TERM", "NO_COLOR"}) {
    if (const auto found = environment.find(name); found != environment.end())
      variables.push_back(found->first + "=" + found->second);
  }
  std::vector<char*> environment_pointers;
  for (std::string& variable : variables) environment_pointers.push_back(variable.data());
  environment_pointers.push_back(nullptr);
  ::execve(manager->spec.program.c_str(), pointers.data(), environment_pointers.data());
  throw std::runtime_error("cannot start " + manager->spec.program.string() + ": " +
                           std::strerror(errno));
}

int run() {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that is gone must not end the stack without its stop
  const launcher::Environment environment = runtime::config::current_environment();
  const fs::path programs = runtime::own_programs_folder();
  const launcher::Options options = options_of(environment, programs);
  launcher::make_data_folder(options.data);
  const boost::interprocess::file_lock lock = lock_folder(options.data);
  const launcher::SocketFolder sockets(options.data, launcher::longest_socket_name_bytes(),
                                       environment);
  const fs::path configuration = configuration_of(options, programs);
  const launcher::KnownKeys known = launcher::ask_for_keys(programs, configuration, environment);
  for (const std::string& note : launcher::check_strategies(known))
    std::printf("%s\n", note.c_str());
  std::fflush(stdout);  // from here on a console writes there
  launcher::Layout layout =
      launcher::lay_out(options, environment, sockets.path(), programs, configuration, known);
  launcher::check_overrides(layout, environment, known);
  if (options.mode == domain::TradingMode::Live) launcher::check_venue(configuration);
  launcher::check_values(layout);
  const auto display = launcher::Terminal::can_be_drawn_on(environment)
                           ? launcher::Display::Terminal
                           : launcher::Display::Lines;
  boost::asio::io_context io;
  launcher::Session session(io, options, std::move(layout), display);
  return run_to_end(io, session);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "--help" || word == "-h") {
    std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
    return 0;
  }
  if (word == "--version") {
    std::printf("polybot %s\n", runtime::build_info().text().c_str());
    return 0;
  }
  if (argc >= 2 && std::string_view(argv[1]) == "recording")
    return launcher::recording_command({argv + 2, argv + argc});
  const bool scales = argc == 3 && std::string_view(argv[1]) == "scale";
  const std::string_view first = argc >= 2 ? argv[1] : "";
  const bool examines = first == "doctor" || first == "livetest";
  if (word != "run" && word != "record" && !scales && !examines) {
    std::fputs(
        "polybot: usage: polybot run, polybot scale N, polybot doctor, polybot livetest, polybot "
        "record, polybot recording ... (see polybot --help)\n",
        stderr);
    return 1;
  }
  const auto failed = [&](const std::exception& error) {
    if (word == "record") return exit_code_of_record(error);
    return examines ? 2 : 1;  // that it cannot be run is no finding
  };
  try {
    if (examines) return become_order_manager({argv + 1, argv + argc});
    if (scales) return scale(argv[2]);
    return word == "record" ? record() : run();
  } catch (const fs::filesystem_error& error) {
    std::fprintf(
        stderr,
        "polybot: %s: %s; mend it or move it away, or name another folder with DATA=folder\n",
        error.path1().c_str(), error.code().message().c_str());
    return failed(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polybot: %s\n", error.what());
    return failed(error);
  }
}
