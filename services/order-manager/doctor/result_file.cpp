#include "services/order-manager/doctor/result_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "services/order-manager/journal/journal_lock.hpp"

namespace polybot::order_manager::doctor {
namespace {

std::error_code last_failure() {
  return {errno, std::generic_category()};
}

std::error_code write_durably(int file, std::string_view text) {
  while (!text.empty()) {
    const ::ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_failure();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0 ? std::error_code() : last_failure();
}

std::string folder_of_result(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Root may ask for the service, whose folder it is.
std::error_code give_to_owner_of(const std::string& folder, int file) {
  struct ::stat owned {};
  if (::geteuid() != 0) return {};
  if (::stat(folder.c_str(), &owned) != 0) return last_failure();
  return ::fchown(file, owned.st_uid, owned.st_gid) == 0 ? std::error_code() : last_failure();
}

}  // namespace

std::string result_file(const std::string& journal) {
  return (std::filesystem::path(real_path(journal)).parent_path() / "doctor.json").string();
}

std::error_code keep_result(const std::string& file, std::string_view json) {
  const std::string draft = file + ".new";
  const std::string folder = folder_of_result(file);
  ::unlink(draft.c_str());  // of a try that was killed
  const int out = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (out < 0) return last_failure();
  std::error_code error = write_durably(out, json);
  if (!error) error = give_to_owner_of(folder, out);
  if (::close(out) != 0 && !error) error = last_failure();
  if (!error && ::rename(draft.c_str(), file.c_str()) != 0) error = last_failure();
  if (error) {
    ::unlink(draft.c_str());  // a full disk needs the room
    return error;
  }
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 || ::fsync(opened) != 0) error = last_failure();
  if (opened >= 0) ::close(opened);
  return error;
}

}  // namespace polybot::order_manager::doctor
