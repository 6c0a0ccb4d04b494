#include "services/strategy-runner/core/scan_marks.hpp"

#include <algorithm>

namespace polybot::strategy_runner {

bool ScanMarks::queue(const Subject& subject, Heard heard, domain::Timestamp now) {
  Mark& mark = marks_[subject];
  if (mark.queued) return false;
  if (heard == Heard::Unchanged && now < mark.settled_until) return false;
  mark.queued = true;
  return true;
}

void ScanMarks::done(const Subject& subject) {
  marks_.erase(subject);
}

void ScanMarks::settle(const Subject& subject, domain::Timestamp until) {
  marks_[subject].settled_until = until;
}

void ScanMarks::look_again(const Subject& subject, domain::Timestamp at) {
  const auto mark = marks_.find(subject);
  if (mark != marks_.end()) mark->second.settled_until = std::min(mark->second.settled_until, at);
}

void ScanMarks::unsettle(const Subject& subject) {
  const auto mark = marks_.find(subject);
  if (mark == marks_.end()) return;
  if (!mark->second.queued) {
    marks_.erase(mark);
  } else {
    mark->second.settled_until = {};
  }
}

void ScanMarks::unsettle_all() {
  for (auto& [subject, mark] : marks_) mark.settled_until = {};
}

}  // namespace polybot::strategy_runner
