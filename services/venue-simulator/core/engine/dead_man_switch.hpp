// The venue's dead man's switch: who has once sent a heartbeat has to go on. Each valid one names
// the id of the next; when none came for ten seconds, everything the account has open is to be
// canceled – at the next of the venue's looks, which come every five seconds on its own clock, and
// again at every look until a valid heartbeat comes: an order that arrives late is canceled, too.
//
// The chain of ids goes on after a lapse: a client that starts anew with an empty id is refused and
// told the id that is expected.
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
  // When the next lapsed account is looked at; empty while nobody has sent a heartbeat.
  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  // Who has lapsed by this look, whose time must have come.
  [[nodiscard]] std::vector<AccountId> look(domain::Timestamp now);
  // True from the first look that found no heartbeat until the next valid one.
  [[nodiscard]] bool lapsed(AccountId account) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(chains_);
  }

 private:
  struct Chain {
    std::string expected;
    std::uint64_t count = 0;      // of valid heartbeats
    domain::Timestamp look_at{};  // the first look that would find it lapsed, or the next one
    bool lapsed = false;
  };
  std::map<AccountId, Chain> chains_;
};

}  // namespace polybot::venue_simulator
