#include "services/order-manager/core/decide/marks.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace polybot::order_manager {

void Marks::open_day_if_due(Turn& turn, const Readiness& readiness) const {
  const domain::UtcDate today = domain::utc_date(turn.now - settings_.day_start);
  const auto day = turn.ledger.portfolio().day();
  if (day && *day >= today) return;
  // A day opened on a clock that is a day ahead would end today's loss limit and replace
  // tomorrow's.
  if (day && !readiness.clock_within(settings_.clock_skew_max)) return;
  turn.record(domain::DayOpened{today, turn.ledger.portfolio().equities()});
}

void Marks::take_if_due(Turn& turn) {
  if (turn.now < next_at_) return;
  next_at_ = turn.now + settings_.marks_every;
  take(turn);
}

void Marks::take(Turn& turn) {
  const Portfolio& portfolio = turn.ledger.portfolio();
  std::set<domain::MarketId> held;
  std::uint64_t last_change = 0;
  for (const auto& [strategy, positions] : portfolio.positions()) {
    for (const auto& [market, position] : positions) {
      last_change = std::max(last_change, position.last_fill_seq);
      if (!position.flat() && !portfolio.resolutions().contains(market)) held.insert(market);
    }
  }
  domain::MarksTaken taken;
  for (const domain::MarketId& market : held) {
    const auto mark = quotes_.mark(market, settings_.mark_spread_max, turn.now);
    if (mark && mark != portfolio.mark(market)) taken.marks.push_back({market, *mark});
  }
  // Results may have changed without a mark that moved, by a fill since the last time.
  if (taken.marks.empty() && last_change <= taken_seq_) return;
  turn.record(std::move(taken));
  taken_seq_ = turn.ledger.last_seq();
}

}  // namespace polybot::order_manager
