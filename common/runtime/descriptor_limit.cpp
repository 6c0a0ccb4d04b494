#include "common/runtime/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace polybot::runtime {

void raise_descriptor_limit() {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // without it fewer connections fit; that is counted
}

}  // namespace polybot::runtime
