#include "services/order-manager/journal/journal_owner.hpp"

#include <filesystem>

#include "services/order-manager/journal/journal.hpp"

namespace polybot::order_manager {

std::string of_another(const std::string& journal, const JournalOwner& was,
                       const JournalOwner& is) {
  if (was.mode != is.mode) {
    return "journal: " + journal + " is of the mode " + std::string(name_of(was.mode)) +
           ", and venue.mode is " + std::string(name_of(is.mode)) +
           ": each has a data folder of its own (DATA=folder); name another, or go on in the mode "
           "of the former";
  }
  if (!was.account || !is.account || *was.account == *is.account) return {};
  return "journal: " + journal + " is of account " + to_string(*was.account) +
         ", and venue.private_key_file with venue.wallet of " + to_string(*is.account) +
         ": put those of the former back, or move the journal away to begin another";
}

std::string of_another(const std::string& journal, const JournalOwner& is) {
  std::error_code ignored;
  if (!std::filesystem::exists(journal, ignored)) return {};
  try {
    const auto start = Journal(journal, JournalAccess::ReadOnly).last_start();
    return start ? of_another(journal, {start->account, start->mode}, is) : std::string();
  } catch (const JournalError&) {
    return {};
  }
}

}  // namespace polybot::order_manager
