#include "common/domain/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace polybot::domain {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "polybot: broken invariant: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace polybot::domain
