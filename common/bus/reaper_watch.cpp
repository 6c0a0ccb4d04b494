#include "common/bus/reaper_watch.hpp"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/bus/nng.hpp"

namespace polybot::bus {
namespace {

// Counted in looks, not in time: a process that was stopped (SIGSTOP) has missed none.
constexpr int kLooksWithoutEnd = 5;

// A process may have several watches, as tests do.
std::string own_address() {
  static std::atomic<int> watches = 0;
  return "inproc://polybot-reaper-watch-" + std::to_string(++watches);
}

}  // namespace

struct ReaperWatch::State : std::enable_shared_from_this<State> {
  State(boost::asio::any_io_executor executor, std::chrono::milliseconds pause)
      : interval(pause), timer(std::move(executor)) {
    const std::string address = own_address();
    listening.attach({.role = EndpointRole::Listen, .address = address},
                     NetworkTrust::LoopbackOnly);
    dialling.attach({.role = EndpointRole::Dial, .address = address}, NetworkTrust::LoopbackOnly);
  }

  void look_again() {
    timer.expires_after(interval);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->look();
      self->look_again();
    });
  }

  void look() {
    const std::uint64_t ended = listening.connections_ended();
    looks_without_end = ended > std::exchange(ended_before, ended) ? 0 : looks_without_end + 1;
    if (looks_without_end == kLooksWithoutEnd) {
      throw std::runtime_error(
          "bus: NNG no longer notices that connections end; only a restart helps");
    }
    dialling.redial();
  }

  std::chrono::milliseconds interval;
  boost::asio::steady_timer timer;
  nng::Socket listening{nng::Protocol::Publish, 1};
  nng::Socket dialling{nng::Protocol::Subscribe, 1};
  std::uint64_t ended_before = 0;
  int looks_without_end = 0;
};

ReaperWatch::ReaperWatch(boost::asio::any_io_executor executor, std::chrono::milliseconds interval)
    : state_(std::make_shared<State>(std::move(executor), interval)) {
  state_->look_again();
}

ReaperWatch::~ReaperWatch() {
  state_->timer.cancel();
}

}  // namespace polybot::bus
