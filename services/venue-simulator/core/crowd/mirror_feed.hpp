// What a gateway publishes of a real venue, as inputs of the exchange that mirrors it: markets with
// their rules, ends and results, books, trades; and the halt of each market whose book the gateway
// does not vouch for, or has not vouched for lately.
//
// It takes messages in the order of common/follow. Pure: time is an argument, results are appended
// to `out`. Nothing is remembered over a restart; an exchange that wakes up has all its markets
// halted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include "common/domain/market_data.hpp"
#include "common/domain/order_book.hpp"
#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

class MirrorFeed {
 public:
  // Beyond this many markets new ones are not mirrored.
  static constexpr std::size_t kMarketsMax = 20'000;

  // A book that nobody vouched for within `book_age_max` counts no more.
  explicit MirrorFeed(domain::Duration book_age_max) : book_age_max_(book_age_max) {}

  using Inputs = std::vector<Input>;
  void on(const domain::Market& market, domain::Timestamp now, Inputs& out);
  void on(const domain::BookSnapshot& book, Inputs& out);
  void on(const domain::BookDelta& delta, Inputs& out);
  void on(const domain::TradeTick& trade, Inputs& out);
  void on(const domain::BookStale& stale, Inputs& out);
  void on(domain::Shard shard, const domain::ShardVouched& vouched);
  // Messages of the shard are missing.
  void on_gap(domain::Shard shard, Inputs& out);
  // Halts what is too old; call it before the exchange does anything else at `now`.
  void on_time(domain::Timestamp now, Inputs& out);

  [[nodiscard]] const domain::Market* find(const domain::MarketId& market) const;
  struct Count {
    std::size_t markets = 0;  // that are not over
    std::size_t fresh = 0;    // of these, with a book that is vouched for
    std::size_t paused = 0;   // of these, that take no orders at the venue either
  };
  [[nodiscard]] Count count() const;

 private:
  struct Entry {
    domain::Market market;
    domain::Shard shard;
    domain::OrderBook book;
    bool fresh = false;
    domain::Timestamp as_of{};  // when the gateway last vouched for the book
    domain::Timestamp heard_at{};

    // News of a venue whose clock is behind ours carries an older stamp than what was vouched for
    // before it, and makes nothing older.
    void vouched(domain::Timestamp at) { as_of = std::max(as_of, at); }
  };
  [[nodiscard]] Entry* entry_of(const domain::MarketId& market);

  domain::Duration book_age_max_;
  std::map<domain::MarketId, Entry> entries_;
};

}  // namespace polybot::venue_simulator
