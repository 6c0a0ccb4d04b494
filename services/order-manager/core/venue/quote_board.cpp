#include "services/order-manager/core/venue/quote_board.hpp"

#include <algorithm>

namespace polybot::order_manager {

void QuoteBoard::update(const domain::QuoteTick& quote, domain::Timestamp now) {
  const auto it = entries_.find(quote.market);
  if (it == entries_.end() && entries_.size() >= kMarketsMax) return;
  Entry& entry = it == entries_.end() ? entries_[quote.market] : it->second;
  entry.quote = quote;
  entry.received_at = now;
  // A quote that waited, or is only repeated, is as old as the gateway says; and no newer than now,
  // because the gateway's clock may be ahead.
  if (!quote.stale) entry.vouched_at = std::min(now, quote.stamped_at);
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
  std::erase_if(entries_,
                [&](const auto& entry) { return now - entry.second.received_at > kForgetAfter; });
}

}  // namespace polybot::order_manager
