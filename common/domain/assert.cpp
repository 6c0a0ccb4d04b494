#include "common/domain/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "common/domain/assertion_guard.hpp"

namespace polybot::domain {
namespace {

std::atomic<AssertionHandler> installed_handler{nullptr};

}  // namespace

void set_assertion_handler(AssertionHandler handler) {
  installed_handler.store(handler);
}

AssertionGuard::AssertionGuard(AssertionHandler handler)
    : former_(installed_handler.exchange(handler)) {}

AssertionGuard::~AssertionGuard() {
  installed_handler.store(former_);
}

void assertion_failed(const char* expression, const char* file, int line) {
  // The handler is taken once: an invariant that breaks inside it must not call it again.
  if (const AssertionHandler handler = installed_handler.exchange(nullptr)) {
    handler(expression, file, line);
  } else {
    std::fprintf(stderr, "polybot: broken invariant: %s (%s:%d)\n", expression, file, line);
  }
  std::abort();
}

}  // namespace polybot::domain
