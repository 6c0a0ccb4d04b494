#include <fmt/format.h>

#include <cstdio>
#include <limits>
#include <optional>
#include <string_view>

#include "common/domain/number_text.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "services/order-manager/journal/backup_mark.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/report.hpp"
#include "services/order-manager/tools/snapshot_check.hpp"

namespace polybot::order_manager {
namespace {

using runtime::CannotStart;

constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

struct VerifyArguments {
  std::uint64_t at = kToTheEnd;
  bool json = false;
  OrderList orders = OrderList::Leave;
  std::string file;
};

VerifyArguments parse_verify(const std::vector<std::string>& arguments) {
  VerifyArguments parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--json") {
      parsed.json = true;
    } else if (word == "--orders") {
      parsed.orders = OrderList::Include;
    } else if (word == "--at" && i + 1 < arguments.size()) {
      const std::string& number = arguments[++i];
      const auto at = domain::parse_number<std::uint64_t>(number);
      if (!at) throw CannotStart("--at needs a record number, not '" + number + "'");
      parsed.at = *at;
    } else if (parsed.file.empty() && !word.starts_with("--")) {
      parsed.file = word;
    } else {
      throw CannotStart("unexpected '" + word +
                        "'; usage: order-manager verify [--at N] [--json] [--orders] FILE");
    }
  }
  if (parsed.file.empty())
    throw CannotStart(
        "which journal? usage: order-manager verify [--at N] [--json] [--orders] FILE");
  return parsed;
}

}  // namespace

int verify(const std::vector<std::string>& arguments) {
  const VerifyArguments parsed = parse_verify(arguments);
  const Journal journal(parsed.file, JournalAccess::ReadOnly);
  if (parsed.at != kToTheEnd && parsed.at > journal.last_seq()) {
    throw CannotStart(
        fmt::format("there is no record {}; the last one is {}", parsed.at, journal.last_seq()));
  }
  Ledger ledger;
  const SnapshotCheck snapshots = fold_and_check(journal, parsed.at, ledger);
  fmt::print("{}", parsed.json ? json_report(ledger, parsed.orders) + "\n"
                               : text_report(ledger) + text_of(snapshots));
  const std::vector<std::string> broken = broken_identities(ledger);
  for (const std::string& text : broken)
    std::fprintf(stderr, "verify: the accounting identity is broken: %s\n", text.c_str());
  for (const std::string& text : snapshots.wrong)
    std::fprintf(stderr, "verify: %s\n", text.c_str());
  for (const std::string& text : snapshots.damaged) {
    std::fprintf(stderr, "verify: %s; a start passes it over, but the disk may be failing\n",
                 text.c_str());
  }
  return broken.empty() && snapshots.wrong.empty() && snapshots.damaged.empty() ? 0 : 1;
}

int backup(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  auto existing = Journal::Existing::Keep;
  for (const std::string& word : arguments) {
    if (word == "--force") {
      existing = Journal::Existing::Replace;
    } else {
      files.push_back(word);
    }
  }
  if (files.size() != 2) throw CannotStart("usage: order-manager backup [--force] JOURNAL TARGET");
  const Journal journal(files[0], JournalAccess::ReadOnly);
  journal.backup(files[1], existing);
  fmt::print("{}: up to record {}\n", files[1],
             Journal(files[1], JournalAccess::ReadOnly).last_seq());
  if (const std::error_code error = note_backup(files[0])) {
    std::fprintf(stderr,
                 "backup: the copy is whole, but its time cannot be noted in %s (%s): the alert "
                 "BackupOverdue does not see it\n",
                 backup_mark(files[0]).c_str(), error.message().c_str());
  }
  return 0;
}

}  // namespace polybot::order_manager
