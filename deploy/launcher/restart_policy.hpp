// When a process that ended is started again, and whether its ends are a crash loop: a back-off
// that grows from end to end, until one run has held. Pure; times are monotonic.
#pragma once

#include <cstdint>

#include "common/domain/time.hpp"

namespace polybot::launcher {

class RestartPolicy {
 public:
  void note_start(domain::Duration now) { started_at_ = now; }
  // The process could not be made.
  void note_failed_start(domain::Duration now) { back_off(now); }
  // The process still runs. Once it has run long enough, the ends before it count as no crash loop
  // any more, ready or not.
  void note_running(domain::Duration now);
  void note_end(domain::Duration now);

  // Whether the present run has not lasted long enough yet.
  [[nodiscard]] bool is_young(domain::Duration now) const;
  [[nodiscard]] domain::Duration restart_at() const { return restart_at_; }
  // Ends with no long enough run between them; from two on they are a crash loop.
  [[nodiscard]] std::uint64_t ends_in_a_row() const { return ends_in_a_row_; }

 private:
  void back_off(domain::Duration now);

  domain::Duration started_at_{};
  domain::Duration restart_at_{};
  domain::Duration backoff_{};
  std::uint64_t ends_in_a_row_ = 0;
};

}  // namespace polybot::launcher
