// The newest quote of each market and whether it may be trusted: its age is counted from the
// gateway's stamp, up to which the gateway knew it to be current, not from its arrival. The gateway
// tells a quote when it changes, vouches for those of a shard every second, and repeats them all
// from time to time, or soon when messages are missing. Volatile.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "common/domain/market_data.hpp"

namespace polybot::order_manager {

class QuoteBoard {
 public:
  static constexpr std::size_t kMarketsMax = 20'000;
  static constexpr domain::Duration kForgetAfter = std::chrono::minutes(5);

  explicit QuoteBoard(domain::Duration age_max) : age_max_(age_max) {}

  void update(domain::Shard shard, const domain::QuoteTick& quote, domain::Timestamp now);
  void vouch(domain::Shard shard, const domain::ShardVouched& vouched, domain::Timestamp now);
  // The quotes of the shard are vouched for no more, each until it is told again.
  void miss(domain::Shard shard);
  // Empty unless the gateway vouches for it and it is not too old.
  [[nodiscard]] const domain::QuoteTick* fresh(const domain::MarketId& market,
                                               domain::Timestamp now) const;
  // For how long the quote has not been fresh; zero while it is, `now - since` when it was never
  // heard.
  [[nodiscard]] domain::Duration stale_for(const domain::MarketId& market, domain::Timestamp since,
                                           domain::Timestamp now) const;
  // (bid + ask) / 2 of a fresh two-sided quote, rounded down to 1e-4.
  [[nodiscard]] std::optional<domain::Price> mid(const domain::MarketId& market,
                                                 domain::Timestamp now) const;
  // The mid where the spread is no wider than that, else the last trade moved into the quote, else
  // empty: the last good mark stands.
  [[nodiscard]] std::optional<domain::Price> mark(const domain::MarketId& market,
                                                  domain::Price spread_max,
                                                  domain::Timestamp now) const;
  // Best price to sell an outcome at, with the quantity there, in terms of the outcome.
  [[nodiscard]] std::optional<domain::Level> best_bid(const domain::Instrument& instrument,
                                                      domain::Timestamp now) const;
  void forget_old(domain::Timestamp now);

 private:
  struct Entry {
    domain::Shard shard;
    domain::QuoteTick quote;
    bool missed = false;  // the gateway may have told another one since
    domain::Timestamp received_at{};
    domain::Timestamp vouched_at{};  // of the last that was not stale
  };

  domain::Duration age_max_;
  // Neither is iterated for output.
  std::unordered_map<domain::MarketId, Entry> entries_;
  std::array<std::unordered_set<domain::MarketId>, domain::kShards> members_;
};

}  // namespace polybot::order_manager
