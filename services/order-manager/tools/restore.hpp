// `order-manager restore BACKUP`: puts a backup in the place of a journal that is lost.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// restore BACKUP JOURNAL: the latter may be left out where POLYBOT_JOURNAL__FILE names one that is
// there.
//
// Checks the backup, records the gap (core/restoration.hpp), moves what belongs to the lost history
// into a dated folder beside the journal, and the backup with its archives into its place. Until
// the moves begin nothing is changed; when they are interrupted no order-manager starts before
// restore has run again, and trading is halted then: what the lost journal said may be in parts.
// The rest is done by the next start, which reads the account.
//
// Throws runtime::CannotStart or JournalError with one line of reason: order-manager runs, the
// backup is damaged or does not verify, the two are of different journals.
int restore(const std::vector<std::string>& arguments);

}  // namespace polybot::order_manager
