// Marks and days: what cannot be recomputed later and is therefore recorded.
#include <algorithm>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

void OrderManager::State::open_day_if_due() {
  const domain::UtcDate today = domain::utc_date(now);
  const auto day = ledger.portfolio().day();
  if (day && *day >= today) return;
  // Opened on a clock that is a day ahead, it would end today's loss limit and stand in for
  // tomorrow's.
  if (day && !clock_within(settings.clock_skew_max)) return;
  record({}, {}, domain::DayOpened{today, ledger.portfolio().equities()});
}

// The mid of a fresh quote that is not too wide, else the last trade kept within the quote, else
// nothing: the last good mark stands.
std::optional<Price> OrderManager::State::mark_now(const domain::MarketId& market) const {
  const domain::QuoteTick* quote = quotes.fresh(market, now);
  if (quote == nullptr) return std::nullopt;
  if (quote->bid && quote->ask &&
      quote->ask->price - quote->bid->price <= settings.mark_spread_max) {
    return quotes.mid(market, now);
  }
  if (!quote->last) return std::nullopt;
  Price mark = *quote->last;
  if (quote->ask) mark = std::min(mark, quote->ask->price);
  if (quote->bid) mark = std::max(mark, quote->bid->price);
  return mark;
}

void OrderManager::State::take_marks_if_due() {
  if (now < next_marks_at) return;
  next_marks_at = now + settings.marks_every;
  take_marks();
}

void OrderManager::State::take_marks() {
  std::set<domain::MarketId> held;
  std::uint64_t last_change = 0;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      last_change = std::max(last_change, position.last_fill_seq);
      if (!position.flat() && !ledger.portfolio().resolutions().contains(market))
        held.insert(market);
    }
  }
  domain::MarksTaken taken;
  for (const domain::MarketId& market : held) {
    const auto mark = mark_now(market);
    if (mark && mark != ledger.portfolio().mark(market)) taken.marks.push_back({market, *mark});
  }
  // Results may have changed without a mark that moved: a fill since the last time.
  if (taken.marks.empty() && last_change <= marked_seq) return;
  record({}, {}, std::move(taken));
  marked_seq = ledger.last_seq();
}

}  // namespace polybot::order_manager
