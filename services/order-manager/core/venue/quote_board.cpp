#include "services/order-manager/core/venue/quote_board.hpp"

#include <algorithm>

namespace polybot::order_manager {

void QuoteBoard::update(domain::Shard shard, const domain::QuoteTick& quote,
                        domain::Timestamp now) {
  const auto it = entries_.find(quote.market);
  if (it == entries_.end() && entries_.size() >= kMarketsMax) return;
  const bool is_new = it == entries_.end();
  Entry& entry = is_new ? entries_[quote.market] : it->second;
  if (!is_new && entry.shard != shard) members_.at(entry.shard.value).erase(quote.market);
  if (is_new || entry.shard != shard) members_.at(shard.value).insert(quote.market);
  entry.shard = shard;
  entry.quote = quote;
  entry.missed = false;
  entry.received_at = now;
  // A quote that waited, or is only repeated, is as old as the gateway says; and no newer than now,
  // because the gateway's clock may be ahead.
  if (!quote.stale) entry.vouched_at = std::min(now, quote.stamped_at);
}

void QuoteBoard::vouch(domain::Shard shard, const domain::ShardVouched& vouched,
                       domain::Timestamp now) {
  for (const domain::MarketId& market : members_.at(shard.value)) {
    Entry& entry = entries_.at(market);
    if (entry.quote.stale || entry.missed) continue;
    if (std::ranges::find(vouched.except, market) != vouched.except.end()) continue;
    entry.vouched_at = std::max(entry.vouched_at, std::min(now, vouched.as_of));
  }
}

void QuoteBoard::miss(domain::Shard shard) {
  for (const domain::MarketId& market : members_.at(shard.value)) entries_.at(market).missed = true;
}

const domain::QuoteTick* QuoteBoard::fresh(const domain::MarketId& market,
                                           domain::Timestamp now) const {
  const auto it = entries_.find(market);
  if (it == entries_.end() || it->second.quote.stale) return nullptr;
  return now - it->second.vouched_at <= age_max_ ? &it->second.quote : nullptr;
}

domain::Duration QuoteBoard::stale_for(const domain::MarketId& market, domain::Timestamp since,
                                       domain::Timestamp now) const {
  if (fresh(market, now) != nullptr) return {};
  const auto it = entries_.find(market);
  const domain::Timestamp vouched =
      it == entries_.end() ? since : std::max(since, it->second.vouched_at);
  return now - vouched;
}

std::optional<domain::Price> QuoteBoard::mid(const domain::MarketId& market,
                                             domain::Timestamp now) const {
  const domain::QuoteTick* quote = fresh(market, now);
  if (quote == nullptr || !quote->bid || !quote->ask) return std::nullopt;
  return domain::Price::from_raw((quote->bid->price.raw() + quote->ask->price.raw()) / 2);
}

std::optional<domain::Price> QuoteBoard::mark(const domain::MarketId& market,
                                              domain::Price spread_max,
                                              domain::Timestamp now) const {
  const domain::QuoteTick* quote = fresh(market, now);
  if (quote == nullptr) return std::nullopt;
  if (quote->bid && quote->ask && quote->ask->price - quote->bid->price <= spread_max)
    return mid(market, now);
  if (!quote->last) return std::nullopt;
  domain::Price mark = *quote->last;
  if (quote->ask) mark = std::min(mark, quote->ask->price);
  if (quote->bid) mark = std::max(mark, quote->bid->price);
  return mark;
}

std::optional<domain::Level> QuoteBoard::best_bid(const domain::Instrument& instrument,
                                                  domain::Timestamp now) const {
  const domain::QuoteTick* quote = fresh(instrument.market, now);
  if (quote == nullptr) return std::nullopt;
  if (instrument.outcome == domain::Outcome::Yes) return quote->bid;
  if (!quote->ask) return std::nullopt;
  return domain::Level{domain::complement(quote->ask->price), quote->ask->quantity};
}

void QuoteBoard::forget_old(domain::Timestamp now) {
  std::erase_if(entries_, [&](const auto& one) {
    const Entry& entry = one.second;
    if (now - entry.received_at <= kForgetAfter) return false;
    members_.at(entry.shard.value).erase(one.first);
    return true;
  });
}

}  // namespace polybot::order_manager
