// Jobs side by side, as many as the caller makes; the caller needs all of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

namespace polybot::runtime {

// Runs all jobs on the executor and returns when all have ended, so that they may refer to what
// their caller owns. Then it throws the first exception again.
[[nodiscard]] inline boost::asio::awaitable<void> until_all_end(
    boost::asio::any_io_executor executor, std::vector<boost::asio::awaitable<void>> jobs) {
  if (jobs.empty()) co_return;
  using Operation = decltype(boost::asio::co_spawn(
      executor, std::declval<boost::asio::awaitable<void>>(), boost::asio::deferred));
  std::vector<Operation> operations;
  operations.reserve(jobs.size());
  for (auto& job : jobs) {
    operations.push_back(boost::asio::co_spawn(executor, std::move(job), boost::asio::deferred));
  }
  auto [order, failures] =
      co_await boost::asio::experimental::make_parallel_group(std::move(operations))
          .async_wait(boost::asio::experimental::wait_for_all(), boost::asio::use_awaitable);
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace polybot::runtime
