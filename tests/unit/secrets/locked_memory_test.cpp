#include "common/secrets/locked_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace polybot::secrets {
namespace {

void fill(LockedMemory& memory) {
  std::fill(memory.bytes().begin(), memory.bytes().end(), 0xA5);
}

// The flags of the mapping at that address, as the kernel names them: "rd wr mr mw me lo dd".
std::string flags_at(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  std::ostringstream wanted;
  wanted << std::hex << reinterpret_cast<std::uintptr_t>(address) << '-';
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    found = found || line.starts_with(wanted.str());
    if (found && line.starts_with("VmFlags:")) return line;
  }
  return "";
}

// AddressSanitizer makes mlock() do nothing, and lets it succeed.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kLocks = false;
#else
constexpr bool kLocks = true;
#endif

TEST(LockedMemory, IsLockedAndLeftOutOfDumpsAndChildren) {
  LockedMemory memory(32);
  ASSERT_EQ(memory.bytes().size(), 32U);
  EXPECT_TRUE(std::all_of(memory.bytes().begin(), memory.bytes().end(),
                          [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_TRUE(memory.is_locked());
  const std::string flags = flags_at(memory.bytes().data());
  if (kLocks) EXPECT_THAT(flags, testing::HasSubstr(" lo"));  // locked
  EXPECT_THAT(flags, testing::HasSubstr(" dd"));              // not dumped
  EXPECT_THAT(flags, testing::HasSubstr(" wf"));              // wiped on fork
  fill(memory);
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(memory.bytes()[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(LockedMemory, LeavesTheSourceOfAMoveEmpty) {
  LockedMemory from(8);
  fill(from);
  const std::uint8_t* const place = from.bytes().data();
  LockedMemory to(4);
  to = std::move(from);
  EXPECT_EQ(to.bytes().data(), place);
  EXPECT_EQ(to.text(), std::string(8, '\xA5'));
  EXPECT_TRUE(from.bytes().empty());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_TRUE(LockedMemory().bytes().empty());
}

TEST(LockedMemory, WipesWhatItIsShrunkBy) {
  LockedMemory memory(64);
  fill(memory);
  const std::uint8_t* const bytes = memory.bytes().data();
  memory.shrink(5);
  EXPECT_EQ(memory.bytes().size(), 5U);
  EXPECT_EQ(bytes[4], 0xA5);
  EXPECT_TRUE(std::all_of(bytes + 5, bytes + 64, [](std::uint8_t byte) { return byte == 0; }));
  memory.shrink(9);  // never grows
  EXPECT_EQ(memory.bytes().size(), 5U);
}

// In a child: the limit would hold for the tests behind this one.
TEST(LockedMemory, SaysWhenItMayNotLock) {
  if (!kLocks) GTEST_SKIP() << "nothing is locked here";
  const ::pid_t child = ::fork();
  if (child == 0) {
    const ::rlimit none{0, 0};
    ::setrlimit(RLIMIT_MEMLOCK, &none);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);  // root may lock as it likes
    LockedMemory memory(32);
    fill(memory);
    ::_exit(memory.is_locked() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace polybot::secrets
