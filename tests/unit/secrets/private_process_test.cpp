#include "common/secrets/private_process.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace polybot::secrets {
namespace {

TEST(PrivateProcess, CannotBeDumpedOrTraced) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    const bool before = ::prctl(PR_GET_DUMPABLE) == 1;
    forbid_memory_access();
    ::rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    const bool after = ::prctl(PR_GET_DUMPABLE) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
    ::_exit(before && after ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace polybot::secrets
