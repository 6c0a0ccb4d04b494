// POLYBOT_ASSERT: for broken invariants of our own code, never for bad input. On in every build:
// a trading process that contradicts itself stops and starts anew from its journal.
#pragma once

namespace polybot::domain {

// Prints one line to standard error and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace polybot::domain

#define POLYBOT_ASSERT(expression) \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? static_cast<void>(0) \
       : ::polybot::domain::assertion_failed(#expression, __FILE__, __LINE__))
