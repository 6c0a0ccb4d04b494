#include "deploy/launcher/socket_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view kShortFolderPrefix = "polybot-";

bool fits(const fs::path& folder, std::size_t socket_name_bytes) {
  return folder.native().size() + 1 + socket_name_bytes <= kSocketPathBytesMax;
}

// A link that an earlier start made, to polybot-<user>-<device>-<inode>. A link to any other place
// was made on purpose by a person.
bool is_our_link(const fs::path& path) {
  if (!fs::is_symlink(path)) return false;
  const std::string name = fs::read_symlink(path).filename();
  return name.starts_with(kShortFolderPrefix) &&
         name.find_first_not_of("0123456789abcdef-", kShortFolderPrefix.size()) ==
             std::string::npos;
}

void make_own_folder(const fs::path& folder) {
  if (is_our_link(folder)) fs::remove(folder);  // of a DATA that was moved to a shorter path
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
}

void make_link(const fs::path& link, const fs::path& target) {
  if (is_our_link(link)) {
    fs::remove(link);
  } else if (fs::exists(fs::symlink_status(link))) {  // of a DATA that had a shorter path
    const bool elsewhere = fs::is_symlink(link);
    if (!elsewhere) remove_sockets(link);
    std::error_code error;
    if (elsewhere || !fs::remove(link, error) || error) {
      throw BadOption("the path of DATA is too long for sockets, and " + link.string() +
                      " is in the way of a link to " + target.string() +
                      ": move away what it holds");
    }
  }
  fs::create_symlink(target, link);
}

}  // namespace

fs::path choose_socket_folder(const fs::path& data, std::size_t socket_name_bytes,
                              const SocketSurroundings& surroundings) {
  const fs::path usual = data / "bus";
  if (fits(usual, socket_name_bytes)) return usual;
  const std::string identity = fmt::format("{:x}-{:x}", surroundings.device, surroundings.inode);
  if (surroundings.runtime_folder) {
    const fs::path folder =
        *surroundings.runtime_folder / (std::string(kShortFolderPrefix) + identity);
    if (fits(folder, socket_name_bytes)) return folder;
  }
  return fs::path("/tmp") /
         (std::string(kShortFolderPrefix) + std::to_string(surroundings.user) + "-" + identity);
}

std::optional<fs::path> private_runtime_folder(const Environment& environment) {
  const auto found = environment.find("XDG_RUNTIME_DIR");
  if (found == environment.end() || !found->second.starts_with('/')) return std::nullopt;
  struct stat status {};
  if (::stat(found->second.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 077U) != 0) {
    return std::nullopt;
  }
  return fs::path(found->second).lexically_normal();
}

SocketFolder::SocketFolder(const fs::path& data, std::size_t socket_name_bytes,
                           const Environment& environment)
    : link_(data / "bus") {
  struct stat status {};
  if (::stat(data.c_str(), &status) != 0) {
    throw BadOption("cannot look at " + data.string() + ": " + std::strerror(errno));
  }
  path_ = choose_socket_folder(data, socket_name_bytes,
                               {.device = status.st_dev,
                                .inode = status.st_ino,
                                .runtime_folder = private_runtime_folder(environment),
                                .user = ::geteuid()});
  if (path_ == link_) {
    make_own_folder(link_);
    return;
  }
  claim();
  try {
    make_link(link_, path_);
  } catch (...) {
    ::rmdir(path_.c_str());  // takes only an empty one
    ::close(lock_);
    throw;
  }
}

void SocketFolder::claim() {
  const auto fail = [&](const std::string& fault) {
    if (lock_ >= 0) ::close(lock_);
    throw BadOption("the path of DATA is too long for sockets, and " + path_.string() +
                    ", where they would go instead, " + fault +
                    "; move it away, or give a DATA with a shorter path");
  };
  // mkdir gets the final mode, so there is no moment in which others could enter.
  const bool made = ::mkdir(path_.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) fail(std::string("cannot be made: ") + std::strerror(errno));
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock_ < 0) fail("is no folder of this user");
  struct stat status {};
  if (::fstat(lock_, &status) != 0)
    fail(std::string("cannot be looked at: ") + std::strerror(errno));
  if (status.st_uid != ::geteuid()) fail("belongs to another user");
  if ((status.st_mode & 077U) != 0) fail("can be entered by others");
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) fail("is in use by another stack");
}

SocketFolder::~SocketFolder() {
  if (lock_ < 0) return;
  std::error_code ignored;  // what is left is used again at the next start
  remove_sockets(path_);
  if (fs::remove(path_, ignored)) fs::remove(link_, ignored);
  ::close(lock_);
}

void remove_sockets(const fs::path& folder) {
  std::error_code error;
  for (const auto& left : fs::directory_iterator(folder, error)) {
    if (left.symlink_status(error).type() == fs::file_type::socket) fs::remove(left.path(), error);
  }
}

}  // namespace polybot::launcher
