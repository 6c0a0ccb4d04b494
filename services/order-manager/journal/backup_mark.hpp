// When a backup of a journal was last completed: the time of an empty file beside it, which
// `backup` touches once the copy is whole and has been read, also while the journal's owner runs.
// Anybody who copies the journal in another way touches the file as well.
#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "common/domain/time.hpp"

namespace polybot::order_manager {

// When one backup has been made and nothing is configured: a night that was missed, and some hours.
inline constexpr domain::Duration kBackupAgeUsual = std::chrono::hours(36);

// "journal.db-backed-up", beside the file that a symbolic link leads to.
[[nodiscard]] std::string backup_mark(const std::string& journal);
// Sets the time of the mark to now.
[[nodiscard]] std::error_code note_backup(const std::string& journal);
// Empty when there is no mark, or none that can be looked at.
[[nodiscard]] std::optional<domain::Timestamp> last_backup(const std::string& journal);

// When a backup is due. `age_max` is how old the last one may become, zero when that is not
// configured: then nothing is due before a first backup shows that somebody makes them. With it the
// first one is due so long after the journal was begun.
[[nodiscard]] std::optional<domain::Timestamp> backup_due(std::optional<domain::Timestamp> last,
                                                          domain::Timestamp begun,
                                                          domain::Duration age_max);

}  // namespace polybot::order_manager
