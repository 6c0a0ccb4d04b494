// "Please stop", as something a coroutine can await. Requested once by a signal or by a service;
// any number of coroutines may wait. Single-threaded: the loop's thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

#include "common/domain/time.hpp"

namespace polybot::runtime {

class StopSignal {
 public:
  explicit StopSignal(boost::asio::any_io_executor executor);

  void request();
  // Returns when a stop is requested, or at once if one has been requested.
  [[nodiscard]] boost::asio::awaitable<void> wait();
  // Sleeps for `span` or until a stop is requested; true: go on, false: stop.
  [[nodiscard]] boost::asio::awaitable<bool> sleep_for(domain::Duration span);

 private:
  boost::asio::steady_timer changed_;  // expires never; its cancellation wakes every wait()
  std::list<boost::asio::steady_timer*> sleepers_;
  bool requested_ = false;
};

}  // namespace polybot::runtime
