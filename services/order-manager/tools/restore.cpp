#include <fmt/format.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "services/order-manager/core/views/restoration.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/exchange.hpp"
#include "services/order-manager/tools/snapshot_check.hpp"

namespace polybot::order_manager {
namespace {

namespace fs = std::filesystem;
using runtime::CannotStart;

constexpr const char* kJournalVariable = "POLYBOT_JOURNAL__FILE";
constexpr std::string_view kRestoreUsage =
    "usage: order-manager restore BACKUP JOURNAL (the latter may be left out where "
    "POLYBOT_JOURNAL__FILE names it)";

struct Places {
  std::string backup;
  std::string journal;
  [[nodiscard]] fs::path folder() const { return folder_of(journal); }
  [[nodiscard]] std::string name() const { return fs::path(journal).filename().string(); }
};

void check_backup(const Places& places) {
  std::error_code ignored;
  if (fs::is_directory(places.backup))
    throw CannotStart(places.backup + " is a folder; name the backup in it");
  if (fs::equivalent(places.backup, places.journal, ignored))
    throw CannotStart(places.backup + " is the journal itself, not a backup of it");
  if (is_locked(places.backup)) {
    throw CannotStart(places.backup +
                      " is a journal in use, not a backup; order-manager backup makes one of it");
  }
}

// Only a journal is set aside. A file that order-manager has had open has a lock file beside it,
// and was a journal, whatever is left of it.
void check_journal(const Places& places) {
  const std::string& journal = places.journal;
  if (!fs::exists(journal) || interrupted_restores(journal)) return;
  if (fs::is_directory(journal))
    throw CannotStart(fmt::format("{} is a folder; name the journal in it", journal));
  if (fs::exists(lock_file(journal))) return;
  if (fs::exists(lock_file(places.backup))) {
    throw CannotStart(fmt::format(
        "{} has been an order-manager's journal, and {} never was: are the two swapped? The usage "
        "is order-manager restore BACKUP JOURNAL",
        places.backup, journal));
  }
  try {
    static_cast<void>(Journal(journal, JournalAccess::ReadOnly));
  } catch (const JournalError& error) {
    throw CannotStart(fmt::format(
        "{}; nothing is changed: when that is what is left of the journal, move it away first",
        error.what()));
  }
}

Places places_of(const std::vector<std::string>& words) {
  if (words.empty() || words.size() > 2 || words[0].starts_with("--"))
    throw CannotStart(std::string(kRestoreUsage));
  const char* const configured = ::getenv(kJournalVariable);
  if (words.size() == 1 && configured == nullptr) throw CannotStart(std::string(kRestoreUsage));
  const Places places{real_path(words[0]), real_path(words.size() == 2 ? words[1] : configured)};
  // A journal that was not typed may be another one than the user means.
  if (words.size() == 1 && !fs::exists(places.journal) && !interrupted_restores(places.journal)) {
    throw CannotStart(fmt::format("there is no {}, which {} names; name JOURNAL to put one there",
                                  places.journal, kJournalVariable));
  }
  check_backup(places);
  check_journal(places);
  return places;
}

// Only a backup that verifies replaces a journal. Damaged snapshots are left out.
Ledger checked(const Places& places, const Journal& backup) {
  Ledger ledger;
  const SnapshotCheck check = fold_and_check(backup, backup.last_seq(), ledger);
  std::vector<std::string> wrong = faults_of(ledger, check);
  if (ledger.last_seq() == 0) wrong.emplace_back("it has no records");
  if (!wrong.empty()) {
    throw CannotStart(places.backup + " does not verify, nothing is changed: " + wrong.front());
  }
  return ledger;
}

struct Lost {
  std::optional<Ledger> ledger;      // none: there is no journal, or it cannot be read to its end
  std::string why;                   // not, when there is one
  std::vector<std::string> earlier;  // where interrupted restores have set it aside
};

// Both must be of the same account and the same journal, or cash and shares would be those of
// another.
void check_same(const Places& places, const Ledger& backup, const Ledger& lost) {
  constexpr std::string_view kWhenWanted =
      "nothing is changed; when that is wanted, move the latter away first";
  if (backup.account() && lost.account() && backup.account() != lost.account()) {
    throw CannotStart(fmt::format("{} is of account {}, and {} of account {}, {}", places.backup,
                                  to_string(*backup.account()), places.journal,
                                  to_string(*lost.account()), kWhenWanted));
  }
  if (backup.journal_id() != lost.journal_id()) {
    throw CannotStart(fmt::format(
        "{} is a backup of another journal ({:016x}) than {} ({:016x}), {}", places.backup,
        backup.journal_id(), places.journal, lost.journal_id(), kWhenWanted));
  }
}

Lost read_lost(const Places& places, const Ledger& backup) {
  Lost lost;
  if (auto folders = interrupted_restores(places.journal)) {
    // What is there may be a part of either journal.
    lost.why = "a restore was interrupted";
    lost.earlier = std::move(*folders);
    return lost;
  }
  if (!fs::exists(places.journal)) return lost;
  try {
    const Journal journal(places.journal, JournalAccess::ReadOnly);
    Ledger ledger;
    journal.read(1, journal.last_seq(), [&](const domain::Event& event) { ledger.apply(event); });
    lost.ledger = std::move(ledger);
  } catch (const JournalError& error) {
    lost.why = error.what();
  }
  if (lost.ledger) check_same(places, backup, *lost.ledger);
  return lost;
}

std::uint64_t random_timeline() {
  std::uint64_t id = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) != 1)
    throw CannotStart("no random bytes for the name of the new history");
  return id;
}

// When root runs it, as for a package, it must leave files that the service's own user can write.
void give_to_owner(const fs::path& file, const fs::path& like) {
  struct stat owner {};
  if (::geteuid() != 0 || ::stat(like.c_str(), &owner) != 0) return;
  if (::lchown(file.c_str(), owner.st_uid, owner.st_gid) != 0)
    throw JournalError("restore: " + file.string() + " cannot be given to its owner");
}

// The whole restored journal, in a folder of its own; returns its fold.
Ledger stage(const Places& places, const Journal& backup, Ledger ledger,
             const std::vector<domain::Event>& records) {
  const fs::path folder = staging_folder(places.journal);
  fs::remove_all(folder);
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  const std::string file = (folder / places.name()).string();
  backup.backup(file);
  {
    Journal journal(file, JournalAccess::ReadWrite);
    std::string failure = journal.append(records);
    if (failure.empty()) failure = journal.snapshots().remove_all();  // one may be damaged
    if (!failure.empty()) throw JournalError("restore: " + file + ": " + failure);
    for (const domain::Event& record : records) ledger.apply(record);
    write_snapshot(journal, ledger);
  }
  fs::remove(lock_file(file));
  for (const auto& entry : fs::directory_iterator(folder))
    give_to_owner(entry.path(), places.folder());
  return ledger;
}

fs::path new_lost_folder(const Places& places, domain::Timestamp now) {
  std::string date = runtime::to_rfc3339(now).substr(0, 19);
  std::erase_if(date, [](char letter) { return letter == '-' || letter == ':'; });
  const std::string name = (places.folder() / ("lost-" + date + "Z")).string();
  fs::path folder = name;
  for (int n = 2; fs::exists(folder); ++n) folder = name + "-" + std::to_string(n);
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  give_to_owner(folder, places.folder());
  return folder;
}

void tell(const Places& places, const Ledger& restored, const Lost& lost, const fs::path& aside) {
  const Ledger::Restore& gap = restored.restores().back();
  fmt::print("{}: restored up to record {} of {}; it goes on as record {}\n", places.journal,
             gap.backup_seq, runtime::to_rfc3339(gap.backup_at), gap.seq);
  if (lost.ledger) {
    fmt::print("Set aside in {}: records up to {} of {}\n", aside.string(), gap.lost_seq,
               runtime::to_rfc3339(lost.ledger->last_at()));
  } else if (!lost.why.empty() && !aside.empty()) {
    fmt::print("Set aside in {}: what could not be read ({})\n", aside.string(), lost.why);
  } else if (!aside.empty()) {
    fmt::print("There was no {}; what lay beside it is set aside in {}\n", places.journal,
               aside.string());
  } else {
    fmt::print("There was nothing at {}\n", places.journal);
  }
  for (const std::string& folder : lost.earlier)
    fmt::print("The restore that was interrupted may have set aside more of it in {}\n", folder);
  fmt::print(
      "What was traded between is read from the venue at the next start and booked to external; "
      "orders that came and went unfilled are named at each stop.\n");
  const domain::TradingStatus account = restored.own_trading_status(std::nullopt);
  if (account.reason == domain::StateReason::Restored) {
    fmt::print(
        "Trading is halted: it is unknown what had been halted or stopped since the backup. Check "
        "the account, then POST /api/v1/trading/resume.\n");
    return;
  }
  fmt::print("Trading is {} for the whole account", domain::name_of(account.state));
  for (const auto& [strategy, enabled] : restored.enabled()) {
    fmt::print(", {} {}", strategy.value,
               enabled ? domain::name_of(restored.own_trading_state(strategy)) : "stopped");
  }
  fmt::print("{}\n", lost.ledger ? ", as it was" : ", as it was when the backup was made");
}

// If no file has been moved, nothing is left behind either.
[[noreturn]] void give_up(const Exchange& exchange, const std::exception& error) {
  std::error_code ignored;
  fs::remove(exchange.lost, ignored);  // if it is empty
  if (interrupted_restores(exchange.journal)) {
    throw CannotStart(fmt::format(
        "{}; order-manager does not start before restore has run to its end: make room, or mend "
        "what is named, and run it again",
        error.what()));
  }
  fs::remove_all(exchange.staged, ignored);
  throw CannotStart(fmt::format(
      "{}; nothing is changed: make room, or mend what is named, and run it again", error.what()));
}

}  // namespace

int restore(const std::vector<std::string>& arguments) {
  const Places places = places_of(arguments);
  const Journal backup(places.backup, JournalAccess::ReadOnly);
  const JournalLock lock(places.journal);
  give_to_owner(lock_file(places.journal), places.folder());
  const Ledger ledger = checked(places, backup);
  const Lost lost = read_lost(places, ledger);
  const domain::Timestamp now = runtime::Clock().now();
  const std::vector<domain::Event> records =
      restoration_records(ledger, lost.ledger, random_timeline(), now);
  Exchange exchange{places.journal, ledger.journal_id(), staging_folder(places.journal),
                    fs::path()};
  Ledger restored;
  try {
    restored = stage(places, backup, ledger, records);
    if (something_in_the_way(exchange)) exchange.lost = new_lost_folder(places, now);
    carry_out(exchange);
  } catch (const std::exception& error) {
    give_up(exchange, error);
  }
  tell(places, restored, lost, exchange.lost);
  return 0;
}

}  // namespace polybot::order_manager
