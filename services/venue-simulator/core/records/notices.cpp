#include "services/venue-simulator/core/records/notices.hpp"

#include <algorithm>

namespace polybot::venue_simulator {

void Notices::add(AccountId account, Notice notice) {
  notice.id = ++count_;
  std::deque<Notice>& kept = notices_[account];
  kept.push_back(notice);
  if (kept.size() > kNoticesMax) kept.pop_front();
}

// An immediate order that was filled in part ends with one cancellation: it tells of both.
void Notices::add(const OrderOutput& event) {
  if (event.kind == OrderEventKind::Placement) return;
  const domain::VenueOrderUpdate& update = event.update;
  Notice notice{.kind = NoticeKind::OrderFilled,
                .at = update.at,
                .market = update.market,
                .order = update.order,
                .token = update.token,
                .side = update.side,
                .price = update.price,
                .original = update.original_quantity,
                .matched = update.matched_quantity};
  const bool immediate = event.time_in_force == domain::TimeInForce::Fak ||
                         event.time_in_force == domain::TimeInForce::Fok;
  const bool canceled = event.kind == OrderEventKind::Cancellation;
  if (!canceled || (immediate && update.matched_quantity.is_positive())) add(event.account, notice);
  notice.kind = NoticeKind::OrderCanceled;
  if (canceled) add(event.account, notice);
}

void Notices::add(const MarketResolved& event, const MatchingEngine& engine) {
  const auto market = engine.find_market(event.market);
  if (!market) return;
  for (std::uint32_t i = 0; i < engine.accounts().size(); ++i) {
    const Account& account = engine.accounts()[AccountId{i}];
    if (account.house || !account.holdings.contains(*market)) continue;
    add(AccountId{i}, {.kind = NoticeKind::MarketResolved, .at = event.at, .market = event.market});
  }
}

void Notices::drop(AccountId account, const std::vector<std::uint64_t>& ids) {
  const auto found = notices_.find(account);
  if (found == notices_.end()) return;
  std::erase_if(found->second, [&](const Notice& notice) {
    return std::find(ids.begin(), ids.end(), notice.id) != ids.end();
  });
}

const std::deque<Notice>& Notices::of(AccountId account) const {
  static const std::deque<Notice> kNone;
  const auto found = notices_.find(account);
  return found == notices_.end() ? kNone : found->second;
}

}  // namespace polybot::venue_simulator
