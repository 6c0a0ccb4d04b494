// For a scope in which a broken invariant is not our fault but that of what is being read.
#pragma once

#include "common/domain/assert.hpp"

namespace polybot::domain {

class AssertionGuard {
 public:
  // `handler` may throw instead of returning: the process goes on, and whatever contradicts itself
  // is to be given up.
  explicit AssertionGuard(AssertionHandler handler);
  ~AssertionGuard();  // puts the former handler back
  AssertionGuard(const AssertionGuard&) = delete;
  AssertionGuard& operator=(const AssertionGuard&) = delete;

 private:
  AssertionHandler former_;
};

}  // namespace polybot::domain
