#include "services/order-manager/journal/backup_mark.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "services/order-manager/journal/journal_lock.hpp"

namespace polybot::order_manager {

std::string backup_mark(const std::string& journal) {
  return real_path(journal) + "-backed-up";
}

std::error_code note_backup(const std::string& journal) {
  const auto last_error = [] { return std::error_code(errno, std::generic_category()); };
  const int mark = ::open(backup_mark(journal).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (mark < 0) return last_error();
  std::error_code error = ::futimens(mark, nullptr) == 0 ? std::error_code() : last_error();
  // The journal's owner makes the next one, also after root has made this one.
  struct stat owned {};
  if (!error && ::geteuid() == 0 && ::stat(real_path(journal).c_str(), &owned) == 0 &&
      ::fchown(mark, owned.st_uid, owned.st_gid) != 0) {
    error = last_error();
  }
  ::close(mark);
  return error;
}

std::optional<domain::Timestamp> last_backup(const std::string& journal) {
  struct stat mark {};
  if (::stat(backup_mark(journal).c_str(), &mark) != 0) return std::nullopt;
  return domain::Timestamp(std::chrono::seconds(mark.st_mtim.tv_sec) +
                           std::chrono::nanoseconds(mark.st_mtim.tv_nsec));
}

std::optional<domain::Timestamp> backup_due(std::optional<domain::Timestamp> last,
                                            domain::Timestamp begun, domain::Duration age_max) {
  const bool configured = age_max > domain::Duration::zero();
  if (!last && !configured) return std::nullopt;
  return last.value_or(begun) + (configured ? age_max : kBackupAgeUsual);
}

}  // namespace polybot::order_manager
