// What the operating system says about this process, read from /proc. A figure that cannot be read is
// absent, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace polybot::metrics {

struct ProcessSample {
  std::optional<std::uint64_t> resident_memory_bytes;
  std::optional<std::uint64_t> open_fds;
  std::optional<double> cpu_seconds;  // user and system mode since the start
};

ProcessSample sample_process();

// Free bytes for an ordinary user on the file system that holds `path`.
std::optional<std::uint64_t> disk_free_bytes(const std::string& path);

}  // namespace polybot::metrics
