// What the operating system says about this process, for the process metric families.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace polybot::runtime {

struct ProcessStats {
  std::uint64_t resident_memory_bytes = 0;
  std::uint64_t open_fds = 0;
  double cpu_seconds = 0;  // user and system, since the start
};

[[nodiscard]] ProcessStats process_stats();

// Of one file system.
struct DiskSpace {
  std::uint64_t free_bytes = 0;  // what an unprivileged process may still use
  std::uint64_t size_bytes = 0;
};
// The file system of `path`; empty if it cannot be told.
[[nodiscard]] std::optional<DiskSpace> disk_space(const std::string& path);

}  // namespace polybot::runtime
