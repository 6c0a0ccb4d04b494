// When the state of each shard is told, and what is said at once of all that was told before.
//
// Every change is told when it happens. A reader also has to know that what it holds still stands,
// and has to get back what it lost. For the first each shard is vouched for once a second, which is
// one short message however many books rest. For the second the shards are told completely in turn,
// at a pace that does not grow with the number of markets, and a shard that a reader asks for is
// told within a second. Pure; `now` is monotonic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/domain/market_data.hpp"

namespace polybot::gateway {

// Deals the shards out over a period: each comes due once in every period, in order.
class ShardPacer {
 public:
  explicit ShardPacer(domain::Duration period) : period_(period) {}

  // From the next shard on.
  void set_period(domain::Duration period) { period_ = period; }
  // The shards that have become due since the last call; after a pause longer than a period each of
  // them once. The first call starts the clock and returns nothing.
  [[nodiscard]] std::vector<domain::Shard> due(domain::Duration now);

 private:
  domain::Duration period_;
  domain::Duration next_at_{-1};
  std::uint8_t next_ = 0;
};

class TellingPlan {
 public:
  static constexpr std::size_t kMarketsPerSecond = 500;
  static constexpr domain::Duration kVouchEvery = std::chrono::seconds(1);
  static constexpr domain::Duration kCompleteMin = std::chrono::seconds(1);
  static constexpr domain::Duration kCompleteMax = std::chrono::seconds(30);

  // How many markets there are to tell.
  void set_markets(std::size_t count);
  // A reader lacks something of it.
  void ask(domain::Shard shard) { asked_ |= std::uint64_t{1} << shard.value; }

  struct Due {
    std::vector<domain::Shard> complete;
    std::vector<domain::Shard> vouch;
  };
  [[nodiscard]] Due due(domain::Duration now);

 private:
  ShardPacer complete_{kCompleteMin};
  ShardPacer vouch_{kVouchEvery};
  std::uint64_t asked_ = 0;
  std::array<domain::Duration, domain::kShards> told_at_{};  // completely
};

// A book that the gateway trusts. It is not settled while changes are held back that it has already
// applied (BookBuilder): then nobody else has it.
struct TrustedBook {
  domain::MarketId market;
  domain::Timestamp as_of{};  // when it was last known to be current
  bool settled = true;
};

// What to say of them, in order. Books that were confirmed at different times are vouched for by
// several messages, of which each excepts those that are older: the last one that names a book in
// no exception tells its time, at most kVouchGrain too early.
inline constexpr domain::Duration kVouchGrain = std::chrono::milliseconds(200);
[[nodiscard]] std::vector<domain::ShardVouched> vouch_for(std::vector<TrustedBook> books);

}  // namespace polybot::gateway
