#include "common/runtime/process_stats.hpp"

#include <dirent.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>

#include "common/runtime/clock.hpp"

namespace polybot::runtime {
namespace {

std::uint64_t resident_memory_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_fds() {
  struct Closer {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, Closer> dir(::opendir("/proc/self/fd"));
  if (!dir) return 0;
  std::uint64_t count = 0;
  while (const dirent* const entry = ::readdir(dir.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the descriptor of the listing itself
}

}  // namespace

ProcessStats process_stats() {
  const std::chrono::duration<double> cpu = Clock{}.cpu();
  return {resident_memory_bytes(), open_fds(), cpu.count()};
}

std::optional<DiskSpace> disk_space(const std::string& path) {
  struct statvfs stats {};
  if (::statvfs(path.c_str(), &stats) != 0) return std::nullopt;
  return DiskSpace{.free_bytes = static_cast<std::uint64_t>(stats.f_bavail) * stats.f_frsize,
                   .size_bytes = static_cast<std::uint64_t>(stats.f_blocks) * stats.f_frsize};
}

}  // namespace polybot::runtime
