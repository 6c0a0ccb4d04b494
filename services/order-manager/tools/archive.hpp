// `order-manager archive --before DATE JOURNAL`: moves the records of before that day to a
// compressed file beside the journal, where every reader goes on finding them.
#pragma once

#include <string>
#include <vector>

namespace polybot::order_manager {

// 0, also when there is nothing to move. Throws runtime::CannotStart or JournalError with one line
// of reason: a malformed date, a journal in use, a journal that does not verify.
int archive(const std::vector<std::string>& arguments);

}  // namespace polybot::order_manager
