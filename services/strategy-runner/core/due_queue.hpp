// What is to be looked at again, and when: one time for each key, the earliest that was asked for.
// Waiting costs nothing, however many wait. Pure: its owner says what time it is.
#pragma once

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/domain/time.hpp"

namespace polybot::strategy_runner {

template <class Key>
class DueQueue {
 public:
  void ask(const Key& key, domain::Timestamp at) {
    const auto [known, added] = times_.try_emplace(key, at);
    if (!added) {
      if (known->second <= at) return;
      order_.erase({known->second, key});
      known->second = at;
    }
    order_.emplace(at, key);
  }

  // The keys that are due, in their own order. They do not wait any more.
  std::vector<Key> take(domain::Timestamp now) {
    std::vector<Key> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      times_.erase(due.back());
      order_.erase(order_.begin());
    }
    std::sort(due.begin(), due.end());
    return due;
  }

 private:
  std::unordered_map<Key, domain::Timestamp> times_;
  std::set<std::pair<domain::Timestamp, Key>> order_;
};

}  // namespace polybot::strategy_runner
