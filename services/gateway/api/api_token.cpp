#include "services/gateway/api/api_token.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "common/runtime/config.hpp"

namespace polybot::gateway {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenCharactersMin = 32;
constexpr std::size_t kFileBytesMax = 64 * 1024;

[[noreturn]] void cannot(const std::filesystem::path& file, const std::string& what) {
  throw runtime::CannotStart("API token " + file.string() + ": " + what);
}

void make_folder_of(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return;
  std::error_code failed;
  const bool made_folder = std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) cannot(file, "cannot make its folder: " + failed.message());
  if (made_folder)
    std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, failed);
}

// O_EXCL: of two processes that start together, one makes the file and the other reads it.
void create(const std::filesystem::path& file) {
  std::error_code failed;
  make_folder_of(file);
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) return;
    cannot(file, std::string("cannot be created: ") + std::strerror(errno));
  }
  const std::string text = new_token() + "\n";
  const ::ssize_t written = ::write(descriptor, text.data(), text.size());
  const int error = errno;
  ::close(descriptor);
  if (written != static_cast<::ssize_t>(text.size())) {
    std::filesystem::remove(file, failed);
    cannot(file, std::string("cannot be written: ") + std::strerror(error));
  }
}

}  // namespace

std::string new_token() {
  std::array<unsigned char, kTokenBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw runtime::CannotStart("API token: the system gives no random numbers");
  }
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back(kHex[byte >> 4U]);
    text.push_back(kHex[byte & 15U]);
  }
  return text;
}

std::string read_secret_file(const std::filesystem::path& file) {
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0) cannot(file, std::strerror(errno));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    cannot(file, "others may read it; make it mode 0600");
  }
  std::ifstream in(file, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  if (!in || in.read(text.data(), static_cast<std::streamsize>(text.size())).bad())
    cannot(file, "cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kFileBytesMax) cannot(file, "is too large");
  return text;
}

runtime::Secret read_token(const std::filesystem::path& file) {
  std::string token = read_secret_file(file);
  token.resize(std::min(token.size(), token.find('\n')));
  if (token.size() < kTokenCharactersMin)
    cannot(file, "is too short; delete it to have a new one made");
  return runtime::Secret(std::move(token));
}

runtime::Secret load_or_create_token(const std::filesystem::path& file) {
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0) create(file);
  return read_token(file);
}

void replace_secret_file(const std::filesystem::path& file, std::string_view text) {
  make_folder_of(file);
  const std::string draft = file.string() + ".new";
  ::unlink(draft.c_str());  // of an earlier try
  const int descriptor =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) cannot(file, std::string("cannot be written: ") + std::strerror(errno));
  struct ::stat folder {};
  bool done = ::stat(file.parent_path().empty() ? "." : file.parent_path().c_str(), &folder) == 0;
  // root writes it for the service, which has to read it.
  if (::geteuid() == 0) done = done && ::fchown(descriptor, folder.st_uid, folder.st_gid) == 0;
  done =
      done && ::write(descriptor, text.data(), text.size()) == static_cast<::ssize_t>(text.size());
  done = done && ::fsync(descriptor) == 0;
  done = ::close(descriptor) == 0 && done;
  done = done && ::rename(draft.c_str(), file.c_str()) == 0;
  if (done) return;
  const int error = errno;
  ::unlink(draft.c_str());
  cannot(file, std::string("cannot be written: ") + std::strerror(error));
}

}  // namespace polybot::gateway
