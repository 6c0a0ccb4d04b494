// What the bus counts in one process. One Stats object is injected into every publisher, subscriber
// and recovery end of the process, read by its metric snapshots once a second and directly by
// tests. Not synchronised: everything runs on the service's one loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace polybot::bus {

// The part of a topic up to its first dot: "md.17" -> "md", "command" -> "command".
[[nodiscard]] std::string_view channel_of(std::string_view topic);

// Why a received wire message was dropped whole. A metric label, in the words of
// domain/enumeration.hpp.
enum class Refusal : std::uint8_t {
  NoTopic = 0,              // no NUL within the first bytes
  UnknownTopic = 1,         // passes no subscription of ours: not carried by this port
  Undecodable = 2,          // not a Frame
  TopicMismatch = 3,        // the frame names another topic than the wire message
  BadProducer = 4,          // service or replica empty, too long or not printable
  BadSequence = 5,          // zero, overflowing, or a tip that carries messages
  ImplausibleSequence = 6,  // a jump no producer of ours can make
  Oversize = 7,             // above 1 MiB
  TooManyMessages = 8,
  ForeignSender = 9,   // from a service that has no business on this port
  UntrustedPeer = 10,  // no message: a connection without a certificate that belongs there
};
inline constexpr std::size_t kRefusalCount = 11;

// How a recovery request ended at the asking side (`polybot_bus_replays_total{outcome}`).
enum class ReplayOutcome : std::uint8_t { Answered = 0, TimedOut = 1, Refused = 2, Failed = 3 };
inline constexpr std::size_t kReplayOutcomeCount = 4;

// Counters are messages, not frames.
struct ChannelStats {
  std::uint64_t published = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;         // by sequence gap, or dropped from our own full ring
  std::uint64_t duplicated = 0;   // received again and not delivered
  std::uint64_t waiting = 0;      // in our ring now
  std::uint64_t waiting_max = 0;  // since take_waiting_max()

  void add_waiting(std::uint64_t messages);
  void remove_waiting(std::uint64_t messages);
  // The most messages that waited since the last call (`polybot_nng_queue_depth`).
  [[nodiscard]] std::uint64_t take_waiting_max();
};

struct Stats {
  // Ordered, and node-stable: a ChannelStats& stays valid as long as the Stats.
  std::map<std::string, ChannelStats, std::less<>> channels;
  std::array<std::uint64_t, kRefusalCount> refused{};
  std::array<std::uint64_t, kReplayOutcomeCount> replays{};
  std::uint64_t recovery_requests_served = 0;
  std::uint64_t recovery_requests_refused = 0;
  std::uint64_t listeners_renewed = 0;   // had gone deaf: connection_guard.hpp
  std::uint64_t handshakes_expired = 0;  // peers without a certificate in time: silent_peers.hpp

  // The counters of `topic`'s channel, created at zero when new.
  ChannelStats& channel(std::string_view topic);
  void count(Refusal reason) { ++refused[static_cast<std::size_t>(reason)]; }
  void count(ReplayOutcome outcome) { ++replays[static_cast<std::size_t>(outcome)]; }
  [[nodiscard]] std::uint64_t refused_for(Refusal reason) const {
    return refused[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t replays_with(ReplayOutcome outcome) const {
    return replays[static_cast<std::size_t>(outcome)];
  }
};

}  // namespace polybot::bus
