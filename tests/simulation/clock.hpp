// The clock of one process, as runtime::Clock keeps it: the wall clock of its host at the start of
// the process, going on evenly from there. The host's clock can be stepped. A process that finds
// itself too far from it ends in good order and starts again with it, as runtime::ClockWatch
// demands.
#pragma once

#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

class ProcessClock {
 public:
  explicit ProcessClock(const Stage& stage) : stage_(stage) {}

  [[nodiscard]] Timestamp now() const { return stage_.now() + ahead_; }
  // Of true time; constant while the process lives.
  [[nodiscard]] Duration ahead() const { return ahead_; }

  // From now on the host's clock is `ahead` of true time.
  void set_wall(Duration ahead) { wall_ahead_ = ahead; }
  // A process starts.
  void begin() { ahead_ = wall_ahead_; }
  [[nodiscard]] bool stepped() const {
    const Duration off = wall_ahead_ - ahead_;
    return off > kStepMax || off < -kStepMax;
  }

  static constexpr Duration kWatchEvery = seconds(1);

 private:
  static constexpr Duration kStepMax = milliseconds(500);

  const Stage& stage_;
  Duration wall_ahead_{};
  Duration ahead_{};
};

}  // namespace polybot::simulation
