#include "deploy/launcher/scale.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "deploy/launcher/options.hpp"

namespace polybot::launcher {
namespace {

std::filesystem::path file_in(const std::filesystem::path& data) {
  return data / "control" / "runners";
}

// Why we may not open the lock: it belongs to another user's stack, or it is faulty.
std::string why_closed(const std::filesystem::path& lock, int error) {
  struct stat status {};
  if (::stat(lock.c_str(), &status) != 0 || status.st_uid == ::geteuid())
    return lock.string() + " cannot be opened: " + std::strerror(error);
  const passwd* const user = ::getpwuid(status.st_uid);
  return "the stack in " + lock.parent_path().string() + " is the one of " +
         (user == nullptr ? "user " + std::to_string(status.st_uid) : std::string(user->pw_name)) +
         "; only that user (or root) can change the number of its runners";
}

}  // namespace

// Asks without taking the lock: a stack that starts at this moment must not find it taken.
void demand_running_stack(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0 && (errno == EACCES || errno == EPERM))
    throw BadOption(why_closed(file, errno));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool locked =
      descriptor >= 0 && ::fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  if (descriptor >= 0) ::close(descriptor);
  if (!locked) {
    throw BadOption("no stack runs in " + data.string() +
                    "; name the folder of one that runs with DATA=folder");
  }
}

// Renamed into place, so that half a number is never read.
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
