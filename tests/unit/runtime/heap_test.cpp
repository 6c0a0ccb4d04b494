// Memory of a busy moment goes back to the system afterwards, though small objects made in between
// stay.
#include "common/runtime/heap.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace polybot::runtime {
namespace {

#ifndef __SANITIZE_ADDRESS__

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Heap, GivesBackWhatLiesBetweenObjectsThatStay) {
  constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  constexpr std::size_t kBlocks = 512;
  std::vector<std::string> blocks;
  std::vector<std::string> staying;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks.emplace_back(kBlockBytes, 'b');
    staying.emplace_back(100, 's');
  }
  blocks.clear();
  const std::size_t before = resident_bytes();
  trim_heap();
  EXPECT_LT(resident_bytes() + kBlocks * kBlockBytes / 2, before);
}

#endif

}  // namespace
}  // namespace polybot::runtime
