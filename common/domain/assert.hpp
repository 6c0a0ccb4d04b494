// POLYBOT_ASSERT: for broken invariants of our own code, never for bad input. On in every build: a
// trading process that contradicts itself stops and starts again from its journal.
#pragma once

namespace polybot::domain {

// Prints one line to standard error, or calls the handler, and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

// Prints the line in another form, e.g. as a log line. For main; null restores the plain print.
using AssertionHandler = void (*)(const char* expression, const char* file, int line);
void set_assertion_handler(AssertionHandler handler);

}  // namespace polybot::domain

#define POLYBOT_ASSERT(expression)                    \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? static_cast<void>(0)                         \
       : ::polybot::domain::assertion_failed(#expression, __FILE__, __LINE__))
