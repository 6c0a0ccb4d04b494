// Our side of the venue's dead man's switch: which id the next heartbeat carries and when it is
// due, and whether the venue still believes us alive. Pure; the shell sends.
//
//   chain.id() -> request -> chain.on_answer(answer, sent_at) -> wait so long -> chain.id() -> …
//
// It begins with an empty id and lives as long as the process. A venue that knows the account
// refuses the first heartbeat of a new process, and says which id it expects.
#pragma once

#include <optional>
#include <string>

#include "common/domain/venue.hpp"

namespace polybot::order_manager {

struct HeartbeatAnswer {
  enum class Result : std::uint8_t {
    Accepted,
    WrongId,  // nothing was taken
    Failed,   // no readable answer: it may have been taken
  };
  Result result = Result::Failed;
  std::string id;  // to be sent next; not when Failed
};

class HeartbeatChain {
 public:
  // Sends one each `interval`, which must leave time for a retry within the venue's patience.
  explicit HeartbeatChain(domain::Duration interval) : interval_(interval) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  // How long to wait before the next one. Times are of one monotonic clock; `sent_at` is before the
  // first byte left, so that we never believe longer than the venue does.
  [[nodiscard]] domain::Duration on_answer(const HeartbeatAnswer& answer, domain::Duration sent_at);
  // The venue has taken a heartbeat so recently that it does not cancel.
  [[nodiscard]] bool held(domain::Duration now) const {
    return accepted_at_ && now - *accepted_at_ < domain::kHeartbeatPatience;
  }

 private:
  domain::Duration interval_;
  std::string id_;
  bool corrected_ = false;  // by the answer before
  std::optional<domain::Duration> accepted_at_;
};

}  // namespace polybot::order_manager
