// `order-manager archive --before DATE JOURNAL`: moves the records of before that day to a
// compressed file beside the journal, where every reader goes on finding them.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// Throws runtime::CannotStart or JournalError with one line of reason: a malformed date, a journal
// in use, nothing to move, a journal that does not verify.
int archive(const std::vector<std::string>& arguments);

}  // namespace polybot::order_manager
