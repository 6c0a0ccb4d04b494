#include "common/runtime/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

namespace polybot::runtime {
namespace {

// The number of bytes read, or -1; a pipe may give them in pieces.
::ssize_t read_up_to(int file, std::span<std::uint8_t> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const ::ssize_t got = ::read(file, into.data() + size, into.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return static_cast<::ssize_t>(size);
}

constexpr auto kPipeFileSystem = 0x50495045;  // PIPEFS_MAGIC of linux/magic.h

// Why an open file can hold no secret; null when it can. A named pipe would be waited for without
// end, and the pipe of a shell's `<(command)` has its writer.
const char* unfit(int file) {
  struct ::stat status {};
  struct ::statfs system {};
  if (::fstat(file, &status) != 0 || ::fstatfs(file, &system) != 0) return std::strerror(errno);
  if (S_ISREG(status.st_mode)) return nullptr;
  if (S_ISDIR(status.st_mode)) return "it is a folder";
  if (!S_ISFIFO(status.st_mode)) return "it is no regular file";
  return system.f_type == kPipeFileSystem ? nullptr : "it is a named pipe";
}

}  // namespace

boost::system::result<Secret, SecretFileError> read_secret_file(const std::string& path) {
  const auto unreadable = [&](int why) {
    return SecretFileError{why == ENOENT, "cannot read " + path + ": " + std::strerror(why)};
  };
  // Without O_NONBLOCK the opening alone waits for the writer of a named pipe.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file < 0) return unreadable(errno);
  if (const char* const why = unfit(file)) {
    ::close(file);
    return SecretFileError{false, "cannot read " + path + ": " + why};
  }
  ::fcntl(file, F_SETFL, 0);  // the command that writes a pipe may take its time
  secrets::LockedMemory memory(kSecretBytesMax + 1);
  const ::ssize_t got = read_up_to(file, memory.bytes());
  const int why = errno;
  ::close(file);
  if (got < 0) return unreadable(why);
  const auto size = static_cast<std::size_t>(got);
  if (size > kSecretBytesMax) return SecretFileError{false, path + " is too large for a secret"};
  std::string_view text = memory.text().substr(0, size);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return SecretFileError{false, path + " is empty"};
  memory.shrink(text.size());
  return Secret(std::move(memory));
}

std::string exposure_of(const std::string& path) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  struct ::stat status {};
  const bool of_systemd =
      folder != nullptr && *folder != '\0' && path.starts_with(std::string(folder) + "/");
  if (of_systemd) return {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  // A file may be handed to a service by the service's own group.
  const bool own_group = status.st_gid == ::getegid();
  const ::mode_t others = S_IRWXO | S_IWGRP | (own_group ? 0U : S_IRGRP);
  if ((status.st_mode & others) == 0) return {};
  return path + " is open to other users of this host: make it the service's own, then chmod 600 " +
         path;
}

std::string credential_file(const std::string& name) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return {};
  const std::filesystem::path file = std::filesystem::path(folder) / name;
  std::error_code error;
  return std::filesystem::exists(file, error) ? file.string() : std::string();
}

}  // namespace polybot::runtime
