// Which scans of one strategy on one shard are queued, and which would find nothing new. The unit
// is what the strategy decides about at once: a market, or a whole event.
//
// A scan is *settled* when nothing that it depends on has changed since. What ends that:
//   - a change of a book or of a definition, also when a book begins or ceases to be usable (queued
//     at once);
//   - an order event of any strategy of this process in the market, the state of an order stream
//     that replaced what was known, a market that was forgotten, and a change of what holds for the
//     whole shard: the trading state, and whether the strategy may speak there at all;
//   - the time for which the scan asked, because something of its own held it back then or ends
//     then (Context::look_again); kLookAgainAfter at the latest.
// What is not settled is scanned with the next word on its book, be it unchanged: the gateway
// vouches for each once a second.
#pragma once

#include <unordered_map>

#include "common/domain/instrument.hpp"
#include "common/domain/time.hpp"

namespace polybot::strategy_runner {

// How long a scan is believed. It bounds the harm of a wake-up that is missing, and lets monitoring
// tell a quiet market from a strategy that is cut off.
inline constexpr domain::Duration kLookAgainAfter = std::chrono::minutes(1);

// What one decision of a strategy is about.
enum class Scope : std::uint8_t { Market, Event };

enum class Heard : std::uint8_t { Unchanged, Changed };

class ScanMarks {
 public:
  explicit ScanMarks(Scope scope) : scope_(scope) {}

  // The id of the market or of its event.
  using Subject = domain::Bytes32<struct SubjectTag>;
  [[nodiscard]] Subject subject_of(const domain::Market& market) const {
    return {scope_ == Scope::Event ? market.event.bytes : market.id.bytes};
  }

  // Whether a scan is to be queued now; it then counts as queued.
  bool queue(const Subject& subject, Heard heard, domain::Timestamp now);
  // The queued scan was done.
  void done(const Subject& subject);
  // It found all there was to find, until `until`.
  void settle(const Subject& subject, domain::Timestamp until);
  // A scan is settled no longer than until `at`.
  void look_again(const Subject& subject, domain::Timestamp at);
  void unsettle(const Subject& subject);
  void unsettle_all();

 private:
  struct Mark {
    bool queued = false;
    domain::Timestamp settled_until{};
  };
  Scope scope_;
  std::unordered_map<Subject, Mark> marks_;
};

}  // namespace polybot::strategy_runner
