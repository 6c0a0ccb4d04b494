// Whether trading is possible now: the links to the venue, its clock, the reconciliation of the
// account, and whether this process is about to stop. Volatile.
#pragma once

#include <optional>

#include "common/domain/mutation.hpp"
#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/venue/submission_pause.hpp"

namespace polybot::order_manager {

class Readiness {
 public:
  explicit Readiness(const Settings& settings) : pause(settings.refusal_pause) {}

  // Whether the venue takes orders at all.
  SubmissionPause pause;

  // ---- what happens
  void start(domain::Timestamp now) { started_at_ = now; }
  void stop() { stopping_ = true; }
  void rest(Link link) { rest_up_ = link == Link::Up; }
  void heartbeat(Link link) { heartbeat_taken_ = link == Link::Up; }
  // The user channel replays nothing: what was missed has to be read.
  void user_channel(Link link, domain::Timestamp now) {
    user_up_ = link == Link::Up;
    reconciled_ = false;
    if (user_up_) user_up_at_ = now;
  }
  void clock(domain::Duration offset) { clock_offset_ = offset; }
  // The account agrees with a reading that began then. Only a reading that began with the user
  // channel up has missed nothing; returns whether it counts.
  [[nodiscard]] bool reconcile(domain::Timestamp read_at) {
    const bool counts = user_up_ && read_at >= user_up_at_;
    reconciled_ = reconciled_ || counts;
    return counts;
  }

  // ---- what is so
  [[nodiscard]] domain::Timestamp started_at() const { return started_at_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool rest_up() const { return rest_up_; }
  [[nodiscard]] bool user_up() const { return user_up_; }
  [[nodiscard]] bool heartbeat_taken() const { return heartbeat_taken_; }
  [[nodiscard]] bool reconciled() const { return reconciled_; }
  // On our side no condition stands against new orders.
  [[nodiscard]] bool trading() const { return !stopping_ && reconciled_; }
  [[nodiscard]] bool venue_open(domain::Timestamp now) const {
    return linked() && !pause.holds(now);
  }
  // The same for what is held.
  [[nodiscard]] bool venue_takes_sales(domain::Timestamp now) const {
    return linked() && !pause.holds_sales(now);
  }

  // ---- times
  [[nodiscard]] bool clock_known() const { return clock_offset_.has_value(); }
  // The venue's clock is known, and ours is no farther from it than this.
  [[nodiscard]] bool clock_within(domain::Duration limit) const {
    if (mutated(Mutation::ClockUnchecked)) return true;
    return clock_offset_ && -limit <= *clock_offset_ && *clock_offset_ <= limit;
  }
  // The venue's time, as far as is known: before the first answer the two clocks count as equal.
  [[nodiscard]] domain::Timestamp venue_time(domain::Timestamp ours) const {
    if (mutated(Mutation::ClockUnchecked)) return ours;
    return ours + clock_offset_.value_or(domain::Duration{});
  }
  // A stamp of the journal on the clock of this process. A stamp in the future was made by an
  // earlier process whose clock was ahead, so its event was before this start.
  [[nodiscard]] domain::Timestamp believed(domain::Timestamp stamp, domain::Timestamp now) const {
    return stamp > now && !mutated(Mutation::StampsBelieved) ? started_at_ : stamp;
  }

 private:
  [[nodiscard]] bool linked() const { return user_up_ && rest_up_ && heartbeat_taken_; }

  bool stopping_ = false;
  bool user_up_ = false;
  bool rest_up_ = true;          // until told otherwise: requests show it
  bool heartbeat_taken_ = true;  // the same: the user channel comes up behind the first one
  bool reconciled_ = false;
  domain::Timestamp started_at_{};
  domain::Timestamp user_up_at_{};
  // The venue's clock minus ours, once it has been read. Ours never jumps while this process lives.
  std::optional<domain::Duration> clock_offset_;
};

}  // namespace polybot::order_manager
