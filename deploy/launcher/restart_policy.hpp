// When a process that ended is started again, and whether its ends are a crash loop: a back-off
// that grows from end to end, until one run has held. Pure; times are monotonic.
#pragma once

#include <cstdint>

#include "common/domain/time.hpp"

namespace polybot::launcher {

class RestartPolicy {
 public:
  void note_start(domain::Duration now) { started_at_ = now; }
  // No process could be made.
  void note_failed_start(domain::Duration now) { back_off(now); }
  // It still runs: once that has held, the ends before it are a crash loop no more, ready or not.
  void note_running(domain::Duration now);
  void note_end(domain::Duration now);

  // Whether the run that is on has not held yet.
  [[nodiscard]] bool is_young(domain::Duration now) const;
  [[nodiscard]] domain::Duration restart_at() const { return restart_at_; }
  // Ends without a run between them that held; from two on a crash loop.
  [[nodiscard]] std::uint64_t ends_in_a_row() const { return ends_in_a_row_; }

 private:
  void back_off(domain::Duration now);

  domain::Duration started_at_{};
  domain::Duration restart_at_{};
  domain::Duration backoff_{};
  std::uint64_t ends_in_a_row_ = 0;
};

}  // namespace polybot::launcher
