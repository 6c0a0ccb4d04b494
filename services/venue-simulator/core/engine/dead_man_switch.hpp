// The venue's dead man's switch: a client that has once sent a heartbeat must go on. Each valid one
// names the id of the next. When none came for ten seconds, everything the account has open is
// canceled at the next of the venue's checks, which come every five seconds on its own clock, and
// again at every check until a valid heartbeat comes. So an order that arrives late is canceled
// too.
//
// The chain of ids goes on after a lapse: a client that starts again with an empty id is refused
// and told the expected id.
//
// Pure; part of the exchange's state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "common/domain/venue.hpp"
#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

inline constexpr domain::Duration kHeartbeatCheck = std::chrono::seconds(5);
// The reason in the cancellations that follow a lapse.
inline constexpr std::string_view kHeartbeatReason = "HEARTBEAT_EXPIRED";

class DeadManSwitch {
 public:
  HeartbeatAnswer beat(const Heartbeat& heartbeat, std::uint64_t seed, domain::Timestamp now);
  // The id that the account's next heartbeat must carry; empty before its first.
  [[nodiscard]] std::string expected(AccountId account) const;
  // When the next lapsed account is checked; empty while no account has sent a heartbeat.
  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  // The accounts that have lapsed by this check, whose time must have come.
  [[nodiscard]] std::vector<AccountId> look(domain::Timestamp now);
  // True from the first check that found no heartbeat until the next valid one.
  [[nodiscard]] bool lapsed(AccountId account) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(chains_);
  }

 private:
  struct Chain {
    std::string expected;
    std::uint64_t count = 0;      // of valid heartbeats
    domain::Timestamp look_at{};  // the first check that would find it lapsed, or the next one
    bool lapsed = false;
  };
  std::map<AccountId, Chain> chains_;
};

}  // namespace polybot::venue_simulator
