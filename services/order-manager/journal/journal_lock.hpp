// One writer per journal: a lock file beside the database, held for as long as this lives. The
// kernel lets go of it when its process ends, however it ends. Also where a restore that was cut
// short is noticed: half of it is in place.
#pragma once

#include <filesystem>
#include <string>

namespace polybot::order_manager {

class JournalLock {
 public:
  // Makes the folder when it is missing. Throws JournalError when another process has the lock.
  explicit JournalLock(const std::string& journal);
  ~JournalLock();
  JournalLock(const JournalLock&) = delete;
  JournalLock& operator=(const JournalLock&) = delete;

 private:
  int descriptor_ = -1;
};

// A file beside the journal while a restored one is being moved into its place.
[[nodiscard]] std::filesystem::path restoring_mark(const std::string& journal);

}  // namespace polybot::order_manager
