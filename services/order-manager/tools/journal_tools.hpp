// The offline words of order-manager: `verify` and `backup`. They read a journal, also one whose
// owner is running, and never write to it.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// verify [--at N] [--json] [--orders] FILE: folds the journal and prints positions, P&L and
// counters as of record N (default: the last). Exit code 0; 1 when the journal cannot be read, its
// fold breaks the accounting identity, or a snapshot up to there is damaged or not that fold.
int verify(const std::vector<std::string>& arguments);

// backup [--force] FILE TARGET: a consistent copy; with --force it replaces an older one, once it
// is whole.
int backup(const std::vector<std::string>& arguments);

}  // namespace polybot::order_manager
