#include "services/gateway/api/api_token.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

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

[[noreturn]] void cannot(const std::filesystem::path& file, const std::string& what) {
  throw runtime::CannotStart("API token " + file.string() + ": " + what);
}

std::string random_hex() {
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

// O_EXCL: of two processes that start together, one makes the file and the other reads it.
void create(const std::filesystem::path& file) {
  std::error_code failed;
  const bool made_folder = std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) cannot(file, "cannot make its folder: " + failed.message());
  if (made_folder)
    std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, failed);
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) return;
    cannot(file, std::string("cannot be created: ") + std::strerror(errno));
  }
  const std::string text = random_hex() + "\n";
  const ::ssize_t written = ::write(descriptor, text.data(), text.size());
  const int error = errno;
  ::close(descriptor);
  if (written != static_cast<::ssize_t>(text.size())) {
    std::filesystem::remove(file, failed);
    cannot(file, std::string("cannot be written: ") + std::strerror(error));
  }
}

}  // namespace

runtime::Secret load_or_create_token(const std::filesystem::path& file) {
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    create(file);
    if (::stat(file.c_str(), &status) != 0) cannot(file, std::strerror(errno));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    cannot(file, "others may read it; make it mode 0600");
  }
  std::ifstream in(file);
  std::string token;
  if (!in || !std::getline(in, token)) cannot(file, "cannot be read");
  if (token.size() < kTokenCharactersMin)
    cannot(file, "is too short; delete it to have a new one made");
  return runtime::Secret(std::move(token));
}

}  // namespace polybot::gateway
