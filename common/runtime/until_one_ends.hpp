// Jobs that a process cannot do without, side by side. Asio's operator|| is not meant for these: it
// waits for the first job that ends well, so a job that throws is silently missing while the
// process looks alive.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <cstddef>
#include <exception>
#include <utility>
#include <variant>

namespace polybot::runtime {
namespace detail {

template <class Result>
boost::asio::awaitable<std::exception_ptr> caught(boost::asio::awaitable<Result> job) {
  try {
    (void)co_await std::move(job);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace detail

// Runs all jobs until one ends, cancels the others and returns when they are gone: which one it was
// (counted from 0), or what it threw.
template <class... Results>
[[nodiscard]] boost::asio::awaitable<std::size_t> until_one_ends(
    boost::asio::awaitable<Results>... jobs) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto ended = co_await (... || detail::caught(std::move(jobs)));
  std::visit(
      [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      },
      ended);
  co_return ended.index();
}

}  // namespace polybot::runtime
