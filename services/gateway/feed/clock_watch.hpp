// How far the clock of the venue is from ours: asked again and again, and soon after a connection
// to the market channel was made anew, because a clock may have been set meanwhile. Nothing is
// corrected by it: what depends on the venue's time judges each event by its own stamp. It is for
// people, who can repair a clock.
//
// The venue tells whole seconds, so what is told is the least by which the clocks differ, and up to
// a second less than they do. An answer that does not come leaves the last one standing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "services/gateway/feed/venue_rest.hpp"

namespace polybot::gateway {

struct ClockSettings {
  domain::Duration interval = std::chrono::seconds(60);
  domain::Duration pace = std::chrono::seconds(10);  // at most so often, also without an answer
};

class ClockWatch {
 public:
  using Listener = std::function<void(domain::Duration offset)>;
  // `on_offset` hears each answer: the venue's clock minus ours.
  ClockWatch(boost::asio::any_io_executor executor, VenueRest& rest, ClockSettings settings,
             Listener on_offset);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // A connection was made: ask soon.
  void hint();

  // None until the first answer.
  [[nodiscard]] const std::optional<domain::Duration>& offset() const { return offset_; }
  // "the venue's clock is 3.0 s ahead of ours: ..." when they are seconds apart; else empty.
  [[nodiscard]] std::string trouble() const;

 private:
  void take(domain::Duration offset);
  [[nodiscard]] boost::asio::awaitable<void> pause(bool answered);

  VenueRest& rest_;
  ClockSettings settings_;
  Listener on_offset_;
  boost::asio::steady_timer timer_;
  bool hinted_ = false;
  std::optional<domain::Duration> offset_;
};

}  // namespace polybot::gateway
