#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/snapshot_check.hpp"

namespace polybot::order_manager {
namespace {

using runtime::CannotStart;

constexpr std::string_view kUsage = "usage: order-manager archive --before YYYY-MM-DD JOURNAL";

// Midnight (UTC) of "2026-11-22"; empty for anything else.
std::optional<domain::Timestamp> parse_date(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int read = 0;
  const std::string copy(text);
  if (text.size() != 10 ||
      std::sscanf(copy.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &read) != 3 || read != 10) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return domain::Timestamp(std::chrono::sys_days(date).time_since_epoch());
}

struct Arguments {
  std::string date;
  domain::Timestamp before{};
  std::string file;
};

Arguments parse(const std::vector<std::string>& words) {
  Arguments parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--before" && i + 1 < words.size()) {
      parsed.date = words[++i];
    } else if (parsed.file.empty() && !words[i].starts_with("--")) {
      parsed.file = words[i];
    } else {
      throw CannotStart(fmt::format("unexpected '{}'; {}", words[i], kUsage));
    }
  }
  if (parsed.file.empty() || parsed.date.empty()) {
    throw CannotStart(fmt::format("which journal, and before which day? {}", kUsage));
  }
  const auto before = parse_date(parsed.date);
  if (!before) {
    throw CannotStart(fmt::format("--before needs a day like 2026-01-31, not '{}'", parsed.date));
  }
  parsed.before = *before;
  return parsed;
}

// Why no record is moved. That is no failure, because a script may archive every night.
std::string nothing_to_move(const Journal& journal, const Arguments& arguments) {
  if (journal.first_kept() > journal.last_seq()) {
    return fmt::format("nothing to move: every record of {} is archived already", arguments.file);
  }
  std::string oldest;
  journal.read(journal.first_kept(), journal.first_kept(),
               [&](const domain::Event& event) { oldest = runtime::to_rfc3339(event.at); });
  return fmt::format("nothing to move: the oldest record in {} is {} of {}", arguments.file,
                     journal.first_kept(), oldest);
}

// The compaction writes what stays into a temporary file first, and the usual folder for those may
// be small: in a container it is a little memory. SQLite reads the setting once, at its first use;
// a folder that the user has named is kept.
void place_temporary_files(const std::filesystem::path& folder) {
  ::setenv("SQLITE_TMPDIR", folder.empty() ? "." : folder.c_str(), 0);
}

// Only a journal that verifies is moved, because the old records are seldom read afterwards.
Ledger verified_fold(const Journal& journal) {
  Ledger ledger;
  const SnapshotCheck check = fold_and_check(journal, journal.last_seq(), ledger);
  std::vector<std::string> wrong = faults_of(ledger, check);
  wrong.insert(wrong.end(), check.damaged.begin(), check.damaged.end());
  if (!wrong.empty()) {
    throw CannotStart("the journal does not verify, nothing is moved: " + wrong.front());
  }
  return ledger;
}

std::string megabytes(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

int archive(const std::vector<std::string>& words) {
  const Arguments arguments = parse(words);
  const auto folder = std::filesystem::path(arguments.file).parent_path();
  place_temporary_files(folder);
  // The journal is opened before any file is made beside it: it may be missing, or no journal.
  static_cast<void>(Journal(arguments.file, JournalAccess::ReadOnly));
  Journal journal(arguments.file, JournalAccess::ReadWrite);
  const std::uint64_t cut = journal.last_before(arguments.before);
  if (cut < journal.first_kept()) {
    fmt::print("{}\n", nothing_to_move(journal, arguments));
    return 0;
  }
  const Ledger ledger = verified_fold(journal);
  // From here on no start needs the records that are about to leave.
  write_snapshot(journal, ledger);
  // One file, and one more for each restored backup within the range.
  while (journal.first_kept() <= cut) {
    const ArchiveLabel label = journal.archive_up_to(cut);
    fmt::print("{}: records {} to {}, {}\n", label.file, label.first, label.last,
               megabytes(std::filesystem::file_size(folder / label.file)));
  }
  try {
    journal.compact();
  } catch (const JournalError& error) {
    // Nothing is lost: the room is used again by later records.
    std::fprintf(stderr, "archive: the journal keeps its size: %s\n", error.what());
  }
  const std::string staying =
      journal.first_kept() > journal.last_seq()
          ? "no record stays"
          : fmt::format("records {} to {} stay", journal.first_kept(), journal.last_seq());
  fmt::print("{}: {}, {}\n", arguments.file, staying,
             megabytes(std::filesystem::file_size(arguments.file)));
  return 0;
}

}  // namespace polybot::order_manager
