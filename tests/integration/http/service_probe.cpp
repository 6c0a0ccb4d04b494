// A service that only does what its configuration says: the subject of service_test.cpp.
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <thread>

#include "common/domain/assert.hpp"
#include "common/runtime/clock_watch.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/service.hpp"

static std::atomic<time_t> host_ahead_s = 0;
static std::atomic<time_t> host_slept_s = 0;

// Replaces the C library's function: the host's clock can be set, and the host can have been
// suspended, for this process alone.
extern "C" int clock_gettime(clockid_t clock, timespec* at) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, at);
  if (result != 0) return static_cast<int>(result);
  if (clock == CLOCK_REALTIME) at->tv_sec += host_ahead_s;
  if (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME) at->tv_sec += host_slept_s;
  return 0;
}

namespace {

namespace asio = boost::asio;
using namespace polybot::runtime;

struct Config {
  std::string behavior;
  Secret secret;
};

Config read_config(config::Reader& reader) {
  return {reader.string("probe.behavior", "wait"),
          reader.secret("probe.secret", config::Presence::Optional)};
}

[[noreturn]] void hang() {
  for (;;) std::this_thread::yield();
}

// Returns when the earlier parts have seen the signal, too.
asio::awaitable<void> wait_for_sigterm(asio::signal_set& signals) {
  co_await signals.async_wait(asio::use_awaitable);
  co_await asio::post(asio::use_awaitable);
}

void sleep_with_the_host(const Clock& clock) {
  const polybot::domain::Timestamp before = clock.now();
  host_slept_s = 3'600;
  const bool counted = clock.now() - before >= std::chrono::hours(1);
  log::info(counted && !clock_stepped(clock.wall(), clock.now()) ? "Slept for an hour"
                                                                 : "Lost its time");
}

asio::awaitable<void> run(Runtime& runtime, Config config) {
  log::info("Running \"quoted\"\n\xFF",
            {{"behavior", config.behavior}, {"secret_word", config.secret}});
  runtime.health.set_ready("probe");
  if (config.behavior == "return") co_return;
  if (config.behavior == "suspend") co_return sleep_with_the_host(runtime.clock);
  if (config.behavior == "throw") throw std::runtime_error("it broke");
  if (config.behavior == "cannot-start") throw CannotStart("the key is missing");
  if (config.behavior == "assert") POLYBOT_ASSERT(config.behavior == "never");
  if (config.behavior == "terminate")
    std::thread([] { throw std::runtime_error("in a thread"); }).join();
  if (config.behavior == "hang") hang();
  if (config.behavior == "throw-in-the-loop")
    asio::post(runtime.io, [] { throw std::runtime_error("nobody awaits this"); });
  asio::signal_set sigterm(runtime.io, SIGTERM);
  if (config.behavior.starts_with("clock-set")) host_ahead_s = 3'600;
  log::info("Waiting");
  co_await runtime.stop.wait();
  if (config.behavior == "clock-set-and-slow") co_await wait_for_sigterm(sigterm);
  if (config.behavior == "linger") {
    asio::steady_timer never(runtime.io, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Command echo{"echo", "print the arguments", [](const std::vector<std::string>& arguments) {
                       for (const std::string& argument : arguments) std::puts(argument.c_str());
                       return static_cast<int>(arguments.size());
                     }};
  ServiceOptions options;
  options.name = "probe";
  options.summary = "A probe.";
  options.build = {.version = "1.2.3", .revision = "abc"};
  options.admin_port = 0;
  options.commands = {echo};
  return run_service(options, argc, argv, read_config, run);
}
