// The offline commands of order-manager. Each takes its arguments as they were typed and returns
// the exit code; a failure is thrown as runtime::CannotStart or JournalError with one line of
// reason.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// verify [--at N] [--json] [--orders] FILE: folds the journal and prints positions, P&L and
// counters as of record N (default: the last). Reads a journal, also one whose owner is running.
// Exit code 0; 1 when the journal cannot be read, its fold breaks the accounting identity, or a
// snapshot up to there is damaged or not that fold.
int verify(const std::vector<std::string>& arguments);

// backup [--force] FILE TARGET: a consistent copy, also of a journal whose owner is running; with
// --force it replaces an older one, once the copy is complete. Its time is noted beside FILE
// (journal/backup_mark.hpp); when that cannot be, it says so, and the copy is good all the same.
int backup(const std::vector<std::string>& arguments);

// restore BACKUP JOURNAL: puts a backup in the place of a lost journal; JOURNAL may be left out
// where POLYBOT_JOURNAL__FILE names an existing one.
//
// Checks the backup, records the gap (core/restoration.hpp), moves what belongs to the lost history
// into a dated folder beside the journal, and moves the backup with its archives into its place.
// Until the moves begin nothing is changed. When they are interrupted no order-manager starts
// before restore has run again, and trading is halted then, because the lost journal may be in
// parts. The next start does the rest: it reads the account.
//
// Refuses when order-manager runs, the backup is damaged or does not verify, or the two are of
// different journals.
int restore(const std::vector<std::string>& arguments);

// archive --before DATE JOURNAL: moves the records of before that day to a compressed file beside
// the journal, where every reader still finds them. Exit code 0, also when there is nothing to
// move. Refuses a malformed date, a journal in use, a journal that does not verify.
int archive(const std::vector<std::string>& arguments);

// export orders|fills|pnl|states [--csv] JOURNAL: one header line, then a row each, to standard
// output, for spreadsheets and scripts. Reads a journal, also one whose owner is running.
//
//   orders  a row per order, denied ones included: `status` is how it stands, `counted_as` the
//           status it ended in first (`live`: not yet), by which verify, the API and the metrics
//           count, so that the rows add up to their numbers
//   fills   a row per fill, reversed ones included
//   pnl     a row per strategy and mark
//   states  a row per change of a trading state: who did what, and why
int export_csv(const std::vector<std::string>& arguments);

// key new|import|change|show|wallets KEYSTORE: makes a keystore (common/polymarket/keystore.hpp) of
// a new or an existing venue key, changes its passphrase, or prints the account that it is for, or
// the wallets that the venue has for that (common/polymarket/venue_wallet.hpp). Passphrases come
// from files, or from systemd's credential venue-key-passphrase: an argument and a variable can be
// seen by others. A keystore is written whole or not at all, for its owner alone; only `change`
// replaces one.
int key(const std::vector<std::string>& arguments);

// doctor [--config FILE] [--json]: asks the venue whatever tells beforehand that it would refuse an
// order, and prints a line for each check (doctor/report.hpp, also for the JSON). It reads only
// (doctor/examination.hpp says how), and keeps its result beside the journal
// (doctor/result_file.hpp). Exit code 0, 1 when a check has failed or the result cannot be kept, 2
// when it cannot be run (`version` is PolyBot's); then standard error has a line for each reason,
// and nothing is thrown.
int doctor_command(const std::vector<std::string>& arguments, const std::string& version);

// livetest [--config FILE] [--market SLUG|CONDITION_ID] [--fill USD] [--json]: places and cancels
// the smallest order, and may fill one (livetest/live_test.hpp); prints as doctor does. Where
// venue.mode is live it wants what a start wants (live_lock.hpp). It may run beside order-manager,
// to which the order is one by hand. Exit codes as doctor's.
int livetest_command(const std::vector<std::string>& arguments, const std::string& version);

}  // namespace polybot::order_manager
