// The most memory that this process had at once, for tests of ceilings.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace polybot::test_support {

// A sanitizer keeps shadows and freed blocks: what it measures is its own.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kMeasuresMemory = false;
#else
inline constexpr bool kMeasuresMemory = true;
#endif

class PeakMemory {
 public:
  // Begins at what the process has now.
  PeakMemory() {
    std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets the peak
    before_kib_ = peak_kib();
  }
  // How much it grew above that.
  [[nodiscard]] std::size_t grown_mib() const { return (peak_kib() - before_kib_) >> 10; }

 private:
  static std::size_t peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      std::size_t kib = 0;
      if (word == "VmHWM:" && status >> kib) return kib;
    }
    return 0;
  }

  std::size_t before_kib_ = 0;
};

}  // namespace polybot::test_support
