// What is left of a process that lost its account: the file `fenced` beside the journal. While it
// is there order-manager does not start, by hand or by Docker, until a person has found the process
// that holds the account and has removed the file. A backup of the journal does not contain it.
//
// A process that dies between the loss and the file leaves none: then the account's heartbeats
// alone keep the two apart (core/venue/heartbeat_chain.hpp).
#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "common/domain/time.hpp"

namespace polybot::order_manager {

// The real folder of "data/sim/journal/journal.db", and "fenced".
[[nodiscard]] std::string fence_file(const std::string& journal);

struct Fence {
  domain::Timestamp at{};
  std::string account;    // the wallet at the venue
  std::string heartbeat;  // the other process's heartbeat id, as far as known
};
// Written whole or not at all, and durable: a crash leaves none.
[[nodiscard]] std::error_code keep_fence(const std::string& journal, const Fence& fence);

// What a start and doctor say of it.
struct FenceNotice {
  std::string what;  // happened
  std::string next;  // is to be done
};
// Empty: there is no such file. One that cannot be read, or that somebody wrote by hand, counts.
[[nodiscard]] std::optional<FenceNotice> fence_of(const std::string& journal);

}  // namespace polybot::order_manager
