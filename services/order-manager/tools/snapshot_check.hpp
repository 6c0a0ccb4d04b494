// The whole fold beside the one that begins at a snapshot: they must not differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/journal/journal.hpp"

namespace polybot::order_manager {

struct SnapshotCheck {
  std::uint64_t equal = 0;           // snapshots that agree with the fold from the first record
  std::vector<std::string> unused;   // of another format or journal: a start passes them over
  std::vector<std::string> damaged;  // a start passes them over too, but what else is damaged?
  std::vector<std::string> wrong;    // a start would use them, and be wrong
};

// Folds the journal from its first record to record `at` into `ledger`, and, beside it, every
// snapshot on the way with the records after it. Throws JournalError.
[[nodiscard]] SnapshotCheck fold_and_check(const Journal& journal, std::uint64_t at,
                                           Ledger& ledger);

// What is wrong with a folded journal: the accounting identities, then snapshots that a start would
// use.
[[nodiscard]] std::vector<std::string> faults_of(const Ledger& ledger, const SnapshotCheck& check);

// For people; empty when there are no snapshots.
[[nodiscard]] std::string text_of(const SnapshotCheck& check);

}  // namespace polybot::order_manager
