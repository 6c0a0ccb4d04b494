// The markets a runner knows: definitions, events, and one book per market with the time until
// which it is vouched for. A book is *usable* when its market accepts orders, the gateway vouches
// for it, no message of its stream is missing, it is younger than the limit and it is sound (not
// crossed); no strategy decides on any other. Pure: fed by the runner, read by strategies.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "common/domain/market_data.hpp"
#include "common/domain/order_book.hpp"
#include "services/strategy-runner/core/due_queue.hpp"

namespace polybot::strategy_runner {

// Markets that no message named for this long are forgotten: five-minute markets come and go all
// day.
inline constexpr domain::Duration kMarketForgottenAfter = std::chrono::minutes(5);
// How far the gateway's clock may be ahead of ours.
inline constexpr domain::Duration kClockSkewMax = std::chrono::seconds(1);
// Beyond this many markets new ones are ignored and so never traded; the venue lists a few
// thousand.
inline constexpr std::size_t kMarketsMax = 20'000;

struct KeptBook {
  domain::OrderBook book;
  bool stale = true;          // until its first snapshot, after a gap, and when the gateway says so
  domain::Timestamp as_of{};  // the gateway's stamp: when it last vouched for this state
};

class MarketTable {
 public:
  explicit MarketTable(domain::Duration book_age_max) : book_age_max_(book_age_max) {}

  enum class Definition : std::uint8_t { Unchanged, Changed, NoRoom };
  // The definition as state, repeated by the gateway.
  Definition define(const domain::Market& market, domain::Timestamp now);
  enum class Loaded : std::uint8_t { UnknownMarket, Unchanged, Changed };
  // The whole book; one stamped before a trusted book is ignored. One that equals what is held
  // only vouches for it again.
  Loaded load(const domain::BookSnapshot& snapshot);
  // Changes since the previous message. False, and ignored, while the book is stale: they do not
  // join up.
  bool apply(const domain::BookDelta& delta);
  // The books of the shard that are trusted were current then, but for the exceptions. Each is
  // reported, with whether it has become usable.
  enum class Vouched : std::uint8_t { AsBefore, UsableNow };
  using OnVouched = std::function<void(const domain::Market&, Vouched)>;
  void vouch(domain::Shard shard, const domain::ShardVouched& vouched, domain::Timestamp now,
             const OnVouched& report);
  void mark_stale(const domain::MarketId& market);
  void mark_stale(domain::Shard shard);
  // The markets that are known no longer.
  std::vector<domain::Market> forget_silent(domain::Timestamp now);
  // The markets whose books have become too old since the last call, in id order.
  std::vector<domain::MarketId> take_aged(domain::Timestamp now);
  // Forgets definitions and books: no strategy of this process holds the shard any more.
  void forget(domain::Shard shard);

  [[nodiscard]] const domain::Market* find(const domain::MarketId& market) const;
  // Known markets of an event in id order; empty when unknown.
  [[nodiscard]] std::span<const domain::MarketId> markets_of(
      const domain::EventGroupId& event) const;
  // Known markets of a shard in id order.
  [[nodiscard]] std::span<const domain::MarketId> markets_in(domain::Shard shard) const;
  [[nodiscard]] domain::Shard shard_of(const domain::MarketId& market) const;
  // Null unless the book is usable at `now`.
  [[nodiscard]] const KeptBook* usable_book(const domain::MarketId& market,
                                            domain::Timestamp now) const;
  // Null when there is none; says nothing about trust.
  [[nodiscard]] const KeptBook* any_book(const domain::MarketId& market) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // New markets are ignored until others are forgotten.
  [[nodiscard]] bool full() const { return entries_.size() >= kMarketsMax; }

 private:
  struct Entry {
    domain::Market market;
    domain::Shard shard;
    KeptBook book;
    domain::Timestamp heard_at{};
  };
  void await_age(const Entry& entry);
  [[nodiscard]] bool usable(const Entry& entry, domain::Timestamp now) const;
  void link(const Entry& entry);
  void unlink(const Entry& entry);

  domain::Duration book_age_max_;
  std::unordered_map<domain::MarketId, Entry> entries_;
  // Ordered, because strategies walk them and outputs must not depend on hashing.
  std::map<domain::EventGroupId, std::vector<domain::MarketId>> events_;
  std::map<domain::Shard, std::vector<domain::MarketId>> shards_;
  // When each trusted book may be too old at the earliest.
  DueQueue<domain::MarketId> ages_;
};

}  // namespace polybot::strategy_runner
