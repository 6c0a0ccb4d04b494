#include "common/runtime/secret_file.hpp"

#include <fcntl.h>
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

}  // namespace

boost::system::result<Secret, SecretFileError> read_secret_file(const std::string& path) {
  const auto unreadable = [&](int why) {
    return SecretFileError{why == ENOENT, "cannot read " + path + ": " + std::strerror(why)};
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return unreadable(errno);
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

std::string credential_file(const std::string& name) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return {};
  const std::filesystem::path file = std::filesystem::path(folder) / name;
  std::error_code error;
  return std::filesystem::exists(file, error) ? file.string() : std::string();
}

}  // namespace polybot::runtime
