#include "common/runtime/stop_signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace polybot::runtime {
namespace asio = boost::asio;

namespace {
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
}

StopSignal::StopSignal(asio::any_io_executor executor)
    : changed_(std::move(executor), asio::steady_timer::time_point::max()) {}

void StopSignal::request() {
  if (requested_) return;
  requested_ = true;
  changed_.cancel();
  for (asio::steady_timer* const sleeper : sleepers_) sleeper->cancel();
}

asio::awaitable<void> StopSignal::wait() {
  while (!requested_) co_await changed_.async_wait(kAsTuple);
}

asio::awaitable<bool> StopSignal::sleep_for(domain::Duration span) {
  if (requested_) co_return false;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(span);
  struct Place {  // leaves the list on every way out
    std::list<asio::steady_timer*>& list;
    std::list<asio::steady_timer*>::iterator at;
    ~Place() { list.erase(at); }
  } const place{sleepers_, sleepers_.insert(sleepers_.end(), &timer)};
  co_await timer.async_wait(kAsTuple);
  co_return !requested_;
}

}  // namespace polybot::runtime
