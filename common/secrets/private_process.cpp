#include "common/secrets/private_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace polybot::secrets {

void forbid_memory_access() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "this process cannot hide its memory (PR_SET_DUMPABLE)");
  }
  const ::rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "this process cannot forbid its core dumps (RLIMIT_CORE)");
  }
}

}  // namespace polybot::secrets
