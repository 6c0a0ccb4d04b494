// Waiting that somebody else may end early.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace polybot::gateway {

// Until the timer expires, or somebody cancels it. Throws when it is the waiting itself that is
// cancelled. The timer outlives the call.
[[nodiscard]] inline boost::asio::awaitable<void> until_woken(boost::asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none)
    throw boost::system::system_error(boost::asio::error::operation_aborted);
}

}  // namespace polybot::gateway
