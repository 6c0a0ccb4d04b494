// For a scope in which a broken invariant is the fault of what is being read, not ours.
#pragma once

#include "common/domain/assert.hpp"

namespace polybot::domain {

class AssertionGuard {
 public:
  // `handler` may throw instead of returning. Then the process goes on, and the caller gives up the
  // object that contradicts itself.
  explicit AssertionGuard(AssertionHandler handler);
  ~AssertionGuard();  // puts the former handler back
  AssertionGuard(const AssertionGuard&) = delete;
  AssertionGuard& operator=(const AssertionGuard&) = delete;

 private:
  AssertionHandler former_;
};

}  // namespace polybot::domain
