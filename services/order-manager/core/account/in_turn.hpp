// Taking turns where the venue answers for a few at a time only.
#pragma once

#include <algorithm>
#include <set>
#include <vector>

namespace polybot::order_manager {

// The next of `ids` after `last`, in a circle; `last` becomes the last one taken.
template <class Id>
[[nodiscard]] std::vector<Id> take_in_turn(const std::set<Id>& ids, Id& last, std::size_t max) {
  std::vector<Id> taken;
  auto next = ids.upper_bound(last);
  while (taken.size() < std::min(max, ids.size())) {
    if (next == ids.end()) next = ids.begin();
    taken.push_back(*next++);
  }
  if (!taken.empty()) last = taken.back();
  return taken;
}

}  // namespace polybot::order_manager
