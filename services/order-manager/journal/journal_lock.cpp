#include "services/order-manager/journal/journal_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "services/order-manager/journal/journal_error.hpp"

namespace polybot::order_manager {
namespace {

// A killed process keeps its files until the last of its threads has ended.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kRetryAfter{10};

bool take(int descriptor) {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    if (std::chrono::steady_clock::now() >= give_up_at) return false;
    std::this_thread::sleep_for(kRetryAfter);
  }
  return true;
}

}  // namespace

JournalLock::JournalLock(const std::string& journal) {
  const auto folder = std::filesystem::path(journal).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error)
    throw JournalError("journal: cannot make folder " + folder.string() + ": " + error.message());
  const std::string lock_path = lock_file(journal);
  descriptor_ = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    throw JournalError("journal: cannot open " + lock_path + ": " + std::strerror(errno));
  }
  if (!take(descriptor_)) {
    ::close(descriptor_);
    throw JournalError("journal: " + journal + " is in use by another process (" + lock_path +
                       " is locked): stop it first, there is one order-manager per journal");
  }
}

JournalLock::~JournalLock() {
  ::close(descriptor_);
}

bool is_locked(const std::string& journal) {
  const int descriptor = ::open(lock_file(journal).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

std::string real_path(const std::string& journal) {
  constexpr int kLinksMax = 40;  // as the kernel follows; a ring of them is left to it to refuse
  std::filesystem::path path = journal;
  std::error_code ignored;
  for (int links = 0; links < kLinksMax && std::filesystem::is_symlink(path, ignored); ++links)
    path = path.parent_path() / std::filesystem::read_symlink(path, ignored);
  return path.string();
}

std::string lock_file(const std::string& journal) {
  return journal + ".lock";
}

std::filesystem::path restoring_mark(const std::string& journal) {
  return journal + ".restoring";
}

std::filesystem::path staging_folder(const std::string& journal) {
  return journal + ".restoring.part";
}

}  // namespace polybot::order_manager
