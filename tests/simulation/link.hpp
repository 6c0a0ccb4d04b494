// One direction of a connection between two processes under seeded weather: messages are delayed,
// lost, repeated, overtaken or made unreadable, and sometimes none passes for a while. The process
// that sends does not learn of it; the world may.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

enum class Ordering : std::uint8_t {
  Kept,      // one stream of bytes: late, lost or repeated, but never overtaken
  Shuffled,  // many senders or many connections
};

struct Weather {
  std::int64_t loss_ppm = 0;
  std::int64_t repeat_ppm = 0;
  Duration delay_min = microseconds(200);
  Duration delay_max = milliseconds(5);
  std::int64_t stall_ppm = 0;  // a message that takes up to stall_max
  Duration stall_max = milliseconds(800);
  std::int64_t unreadable_ppm = 0;
};

class Link {
 public:
  Link(Stage& stage, std::uint64_t number, const Weather& weather, Ordering ordering)
      : stage_(stage), random_(stage.random(number)), weather_(weather), ordering_(ordering) {}

  // False: lost.
  bool send(std::function<void()> deliver) {
    if (stage_.now() < cut_until_ || random_.chance(weather_.loss_ppm)) {
      ++stage_.totals["messages lost"];
      return false;
    }
    if (random_.chance(weather_.repeat_ppm)) {
      ++stage_.totals["messages repeated"];
      stage_.schedule.at(arrival(), deliver);
    }
    stage_.schedule.at(arrival(), std::move(deliver));
    return true;
  }

  // Makes some of the messages that are bytes unreadable.
  [[nodiscard]] std::string worn(std::string bytes) {
    return random_.chance(weather_.unreadable_ppm) ? "\xFF" : std::move(bytes);
  }

  // No message passes for so long; those under way arrive.
  void cut(Duration span) { cut_until_ = std::max(cut_until_, stage_.now() + span); }
  // From here on no message is lost, repeated or stalled.
  void heal() {
    weather_.loss_ppm = weather_.repeat_ppm = weather_.stall_ppm = weather_.unreadable_ppm = 0;
    cut_until_ = {};
  }
  [[nodiscard]] bool is_cut() const { return stage_.now() < cut_until_; }

 private:
  Timestamp arrival() {
    Duration delay = random_.between(weather_.delay_min, weather_.delay_max);
    if (random_.chance(weather_.stall_ppm))
      delay += random_.between(Duration{}, weather_.stall_max);
    Timestamp when = stage_.now() + delay;
    if (ordering_ == Ordering::Kept) when = last_ = std::max(last_, when);
    return when;
  }

  Stage& stage_;
  Random random_;
  Weather weather_;
  Ordering ordering_;
  Timestamp cut_until_{};
  Timestamp last_{};
};

}  // namespace polybot::simulation
