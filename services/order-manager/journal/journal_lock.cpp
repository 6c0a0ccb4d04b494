#include "services/order-manager/journal/journal_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "services/order-manager/journal/journal_error.hpp"

namespace polybot::order_manager {

JournalLock::JournalLock(const std::string& journal) {
  const auto folder = std::filesystem::path(journal).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error)
    throw JournalError("journal: cannot make folder " + folder.string() + ": " + error.message());
  const std::string lock_path = journal + ".lock";
  descriptor_ = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    throw JournalError("journal: cannot open " + lock_path + ": " + std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw JournalError("journal: " + journal + " is in use by another process (" + lock_path +
                       " is locked); one order-manager per journal");
  }
}

JournalLock::~JournalLock() {
  ::close(descriptor_);
}

std::filesystem::path restoring_mark(const std::string& journal) {
  return journal + ".restoring";
}

}  // namespace polybot::order_manager
