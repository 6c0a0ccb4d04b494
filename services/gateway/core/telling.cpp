#include "services/gateway/core/telling.hpp"

#include <algorithm>
#include <utility>

namespace polybot::gateway {

using domain::Duration;
using domain::Shard;

namespace {

// A reader that has just begun asks for all shards at once.
constexpr std::size_t kAskedAtOnceMax = 2;

}  // namespace

std::vector<Shard> ShardPacer::due(Duration now) {
  const Duration step = period_ / domain::kShards;
  if (next_at_ < Duration::zero()) {
    next_at_ = now + step;
    return {};
  }
  std::vector<Shard> shards;
  for (; next_at_ <= now && shards.size() < domain::kShards; next_at_ += step) {
    shards.push_back({next_});
    next_ = static_cast<std::uint8_t>((next_ + 1) % domain::kShards);
  }
  // Late by more than a period: missed rounds are not made up for.
  if (next_at_ <= now) next_at_ = now + step;
  return shards;
}

void TellingPlan::set_markets(std::size_t count) {
  const Duration wanted = std::chrono::seconds(1) * static_cast<std::int64_t>(count) /
                          static_cast<std::int64_t>(kMarketsPerSecond);
  complete_.set_period(std::clamp<Duration>(wanted, kCompleteMin, kCompleteMax));
}

TellingPlan::Due TellingPlan::due(Duration now) {
  Due due{.complete = complete_.due(now), .vouch = vouch_.due(now)};
  const auto tell = [&](Shard shard) {
    asked_ &= ~(std::uint64_t{1} << shard.value);
    told_at_.at(shard.value) = now;
  };
  for (const Shard shard : due.complete) tell(shard);
  std::size_t answered = 0;
  for (std::uint8_t i = 0; i < domain::kShards && answered < kAskedAtOnceMax; ++i) {
    const bool asked = (asked_ >> i & 1) != 0;
    if (!asked || now - told_at_.at(i) < kCompleteMin) continue;
    due.complete.push_back({i});
    tell({i});
    ++answered;
  }
  return due;
}

std::vector<domain::ShardVouched> vouch_for(std::vector<TrustedBook> books) {
  std::sort(books.begin(), books.end(), [](const TrustedBook& a, const TrustedBook& b) {
    return std::pair(a.as_of, a.market) < std::pair(b.as_of, b.market);
  });
  std::vector<domain::MarketId> except;
  for (const TrustedBook& book : books) {
    if (!book.settled) except.push_back(book.market);
  }
  std::erase_if(books, [](const TrustedBook& book) { return !book.settled; });
  std::vector<domain::ShardVouched> said;
  for (const TrustedBook& book : books) {
    if (said.empty() || book.as_of - said.back().as_of > kVouchGrain)
      said.push_back({.as_of = book.as_of, .except = except});
    except.push_back(book.market);  // of what is said of younger ones
  }
  return said;
}

}  // namespace polybot::gateway
