// What keeps a journal from being opened or read.
#pragma once

#include <stdexcept>

namespace polybot::order_manager {

// Names the file and the fault in one line.
class JournalError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace polybot::order_manager
