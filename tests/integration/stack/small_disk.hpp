// A small file system of its own for a folder, and the means to fill it up. Without root: in user
// and mount namespaces of the process that asks.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace polybot::stack {

inline void write_text(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    (void)!::write(file, text.data(), text.size());
    ::close(file);
  }
}

// Call it in a process that is about to become another program.
inline bool mount_small(const std::filesystem::path& folder, std::size_t bytes) {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", user + " " + user + " 1");
  write_text("/proc/self/gid_map", group + " " + group + " 1");
  const std::string options = "mode=0700,size=" + std::to_string(bytes);
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

inline bool may_mount(const std::filesystem::path& folder) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(mount_small(folder, 1 << 20) ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Writes until the file system is full.
inline void fill(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  for (std::size_t piece = 1 << 16; piece > 0;) {
    const std::string block(piece, 'x');
    if (::write(descriptor, block.data(), block.size()) <= 0) piece /= 2;
  }
  ::close(descriptor);
}

}  // namespace polybot::stack
