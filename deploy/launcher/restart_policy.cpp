#include "deploy/launcher/restart_policy.hpp"

#include <algorithm>
#include <chrono>

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr domain::Duration kBackoffMin = 500ms;
constexpr domain::Duration kBackoffMax = 10s;
// A process that ran this long was at work: its end is no crash loop, and it is started again
// without delay.
constexpr domain::Duration kHealthyAfter = 5s;

}  // namespace

void RestartPolicy::note_running(domain::Duration now) {
  if (is_young(now)) return;
  ends_in_a_row_ = 0;
  backoff_ = {};
}

void RestartPolicy::note_end(domain::Duration now) {
  note_running(now);
  if (is_young(now)) {
    back_off(now);
  } else {
    restart_at_ = now;
  }
  ++ends_in_a_row_;
}

bool RestartPolicy::is_young(domain::Duration now) const {
  return now - started_at_ <= kHealthyAfter;
}

void RestartPolicy::back_off(domain::Duration now) {
  backoff_ = std::clamp(backoff_ * 2, kBackoffMin, kBackoffMax);
  restart_at_ = now + backoff_;
}

}  // namespace polybot::launcher
