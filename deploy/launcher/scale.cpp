#include "deploy/launcher/scale.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "deploy/launcher/options.hpp"

namespace polybot::launcher {
namespace {

std::filesystem::path file_in(const std::filesystem::path& data) {
  return data / "control" / "runners";
}

}  // namespace

// Asks without taking the lock: a stack that starts at this moment must not find it taken.
bool is_stack_running(const std::filesystem::path& data) {
  const int descriptor = ::open((data / "lock").c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool locked = ::fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(descriptor);
  return locked;
}

// Renamed into place, so that nobody reads half a number.
void write_wanted_runners(const std::filesystem::path& data, std::size_t runners) {
  const std::filesystem::path file = file_in(data);
  const std::filesystem::path draft = file.string() + "." + std::to_string(::getpid());
  std::ofstream out(draft);
  out << runners << '\n';
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(draft, file, error);
  if (!out || error) {
    std::filesystem::remove(draft, error);
    throw BadOption("cannot write " + file.string());
  }
}

std::optional<std::size_t> read_wanted_runners(const std::filesystem::path& data) {
  std::ifstream in(file_in(data));
  std::string text;
  if (!(in >> text)) return std::nullopt;
  try {
    return parse_runners(text);
  } catch (const BadOption&) {
    return std::nullopt;
  }
}

void remove_wanted_runners(const std::filesystem::path& data) {
  std::error_code error;
  std::filesystem::remove(file_in(data), error);
}

}  // namespace polybot::launcher
