// Whose a journal is: it belongs to one account in one mode. Cash, shares and orders of two would
// be one book of neither.
#pragma once

#include <optional>
#include <string>

#include "common/domain/events.hpp"

namespace polybot::order_manager {

struct JournalOwner {
  std::optional<domain::AccountId> account;  // none: it is not known
  domain::TradingMode mode = domain::TradingMode::Sim;
};

// Why the journal of `was` cannot go on for `is`, with what to do; empty: it can.
[[nodiscard]] std::string of_another(const std::string& journal, const JournalOwner& was,
                                     const JournalOwner& is);

// The same for a journal that is there and need not be folded, from its last start. Empty as well
// when there is no journal, when it cannot be read, and when that start is too far back: a start of
// order-manager folds the journal and tells.
[[nodiscard]] std::string of_another(const std::string& journal, const JournalOwner& is);

}  // namespace polybot::order_manager
