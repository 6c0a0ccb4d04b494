// One writer per journal: a lock file beside the database, held for as long as this lives. The
// kernel lets go of it when its process ends, however it ends. Also where a restore that was cut
// short is noticed: half of it is in place.
#pragma once

#include <filesystem>
#include <string>

namespace polybot::order_manager {

class JournalLock {
 public:
  // Makes the folder when it is missing. Throws JournalError when another process still has the
  // lock after two seconds: one that was killed may need a moment to end.
  explicit JournalLock(const std::string& journal);
  ~JournalLock();
  JournalLock(const JournalLock&) = delete;
  JournalLock& operator=(const JournalLock&) = delete;

 private:
  int descriptor_ = -1;
};

// Whether another process has that lock. Makes nothing, also where there is no journal.
[[nodiscard]] bool is_locked(const std::string& journal);
// The file that a symbolic link leads to, also when that is not there: the lock, the write-ahead
// log and the archives lie beside it. Any other path as it is.
[[nodiscard]] std::string real_path(const std::string& journal);

[[nodiscard]] std::string lock_file(const std::string& journal);
// A file beside the journal while a restored one is being moved into its place, and the folder in
// which that is made before. A folder without the file is what a killed restore has left.
[[nodiscard]] std::filesystem::path restoring_mark(const std::string& journal);
[[nodiscard]] std::filesystem::path staging_folder(const std::string& journal);

}  // namespace polybot::order_manager
