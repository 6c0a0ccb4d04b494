#include "common/runtime/clock.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <utility>

namespace polybot::runtime {
namespace asio = boost::asio;

namespace {

domain::Duration read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

domain::Timestamp Clock::now() const {
  static const domain::Duration origin = read(CLOCK_REALTIME) - read(CLOCK_BOOTTIME);
  return domain::Timestamp(origin + read(CLOCK_BOOTTIME));
}
domain::Timestamp Clock::wall() const {
  return domain::Timestamp(read(CLOCK_REALTIME));
}
domain::Duration Clock::monotonic() const {
  return read(CLOCK_MONOTONIC);
}
domain::Duration Clock::cpu() const {
  return read(CLOCK_PROCESS_CPUTIME_ID);
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::string to_rfc3339(domain::Timestamp at) {
  const std::int64_t ms = domain::to_unix_ms(at);
  const auto seconds = static_cast<std::time_t>(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     ms - seconds * 1000);
}

asio::awaitable<void> sleep_for(domain::Duration span) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(span);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> sample_loop_lag(domain::Duration interval,
                                      std::function<void(domain::Duration)> observe) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(interval);
    co_await timer.async_wait(asio::use_awaitable);
    const domain::Duration late = asio::steady_timer::clock_type::now() - timer.expiry();
    observe(std::max(late, domain::Duration::zero()));
  }
}

}  // namespace polybot::runtime
