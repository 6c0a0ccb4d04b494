// What time does to trades and markets: settlement, closing, resolution, payout, forgetting.
#include <algorithm>
#include <utility>

#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::Money;
using domain::Price;
using domain::Side;
using domain::Timestamp;
using domain::VenueOrderStatus;
using domain::VenueTradeStatus;

namespace {

constexpr domain::Duration kRedeemRetry = std::chrono::seconds(1);
constexpr domain::Duration kTradesOn = std::chrono::seconds(1);  // past the end, at a time
constexpr domain::Duration kRetryAfterMin = std::chrono::seconds(1);
constexpr domain::Duration kRetryAfterMax = std::chrono::seconds(4);
constexpr domain::Duration kStuckLook = std::chrono::milliseconds(500);  // whether it still is

}  // namespace

void MatchingEngine::advance_trade(std::uint64_t number, Turn& turn) {
  TradeTruth& trade = trades_.at(number);
  const FaultSettings* stuck = turn.faults.active(Fault::TradeStuck, turn.now, trade.market_id);
  if (trade.status == VenueTradeStatus::Matched && stuck != nullptr &&
      random_.chance(stuck->probability_ppm)) {
    set_timer(turn.now + kStuckLook, TimerKind::AdvanceTrade, number);
    return;
  }
  trade.updated_at = turn.now;
  switch (trade.status) {
    case VenueTradeStatus::Matched:
      fail_or_mine(trade, turn);
      break;
    case VenueTradeStatus::Retrying: {
      accounts_.unlock(trade.market, fill_side(trade.taker, trade.fee));
      for (const auto& maker : trade.makers) accounts_.unlock(trade.market, fill_side(maker, {}));
      trade.status = VenueTradeStatus::Failed;
      for_each_fill(trade, [](Totals& totals, const TradeTruth::Party&, Money) {
        --totals.fills;
        ++totals.fills_failed;
      });
      --markets_.at(trade.market).unsettled;
      --unsettled_;
      break;
    }
    case VenueTradeStatus::Mined:
      trade.status = VenueTradeStatus::Confirmed;
      for_each_fill(trade, [](Totals& totals, const TradeTruth::Party& party, Money fee) {
        ++totals.fills_confirmed;
        (party.side == Side::Buy ? totals.bought : totals.sold) += party.cash;
        totals.fees += fee;
      });
      earn_rebates(trade, turn.now);
      break;
    case VenueTradeStatus::Confirmed:
    case VenueTradeStatus::Failed:
      return;
  }
  report_trade(trade, turn);
}

void MatchingEngine::for_each_fill(const TradeTruth& trade, CountFill count) {
  const auto of = [&](const TradeTruth::Party& party, Money fee) {
    if (!accounts_[party.account].house) count(totals_[party.account], party, fee);
  };
  of(trade.taker, trade.fee);
  for (const TradeTruth::Party& maker : trade.makers) of(maker, {});
}

void MatchingEngine::earn_rebates(const TradeTruth& trade, Timestamp now) {
  for (const TradeTruth::Party& maker : trade.makers) {
    if (accounts_[maker.account].house) continue;
    const Money part = Money::from_raw(domain::mul_div(
        trade.fee.raw(), maker.quantity.raw(), trade.taker.quantity.raw(), domain::Rounding::Down));
    rebates_.earn(maker.account, trade.market_id, part, now);
  }
}

void MatchingEngine::count_finished(const OrderTruth& order) {
  Totals& totals = totals_[order.account];
  switch (order.status) {
    case VenueOrderStatus::Matched:
      ++totals.orders_matched;
      break;
    case VenueOrderStatus::Expired:
      ++totals.orders_expired;
      break;
    case VenueOrderStatus::Live:
    case VenueOrderStatus::Delayed:
    case VenueOrderStatus::Unmatched:
    case VenueOrderStatus::Canceled:
    case VenueOrderStatus::Invalid:
      ++totals.orders_canceled;
      break;
  }
}

MatchingEngine::Totals MatchingEngine::totals(AccountId account) const {
  const auto found = totals_.find(account);
  return found == totals_.end() ? Totals{} : found->second;
}

void MatchingEngine::fail_or_mine(TradeTruth& trade, Turn& turn) {
  if (trade.fails) {
    trade.status = VenueTradeStatus::Retrying;
    set_timer(turn.now + random_.between(kRetryAfterMin, kRetryAfterMax), TimerKind::AdvanceTrade,
              trade.number);
    return;
  }
  accounts_.settle(trade.market, fill_side(trade.taker, trade.fee));
  for (const auto& maker : trade.makers) accounts_.settle(trade.market, fill_side(maker, {}));
  trade.status = VenueTradeStatus::Mined;
  --markets_.at(trade.market).unsettled;
  --unsettled_;
  set_timer(
      turn.now + random_.between(settings_.confirmed_after_min, settings_.confirmed_after_max),
      TimerKind::AdvanceTrade, trade.number);
}

// ---- time ---------------------------------------------------------------------------------------

void MatchingEngine::set_timer(Timestamp due, TimerKind kind, std::uint64_t subject) {
  timers_.push_back({due, ++timer_count_, kind, subject});
  std::push_heap(timers_.begin(), timers_.end());
}

std::optional<Timestamp> MatchingEngine::next_due() const {
  return timers_.empty() ? std::nullopt : std::optional(timers_.front().due);
}

void MatchingEngine::run_due(Timestamp now, FaultBoard& faults, Outputs& out) {
  std::pop_heap(timers_.begin(), timers_.end());
  const Timer timer = timers_.back();
  timers_.pop_back();
  POLYBOT_ASSERT(timer.due <= now);
  Turn turn{now, faults, out};
  const MarketNo market{static_cast<std::uint32_t>(timer.subject)};
  switch (timer.kind) {
    case TimerKind::ExpireOrder: {
      const auto found = orders_.find(timer.subject);
      if (found == orders_.end() || found->second.state != OrderState::Resting) break;
      remove_from_book(found->second);
      finish(timer.subject, VenueOrderStatus::Expired, {}, turn);
      break;
    }
    case TimerKind::MatchDelayed:
      match_delayed(timer.subject, turn);
      break;
    case TimerKind::AdvanceTrade:
      advance_trade(timer.subject, turn);
      break;
    case TimerKind::CloseMarket:
      if (trades_on(market, turn)) {
        set_timer(now + kTradesOn, TimerKind::CloseMarket, market.value);
      } else {
        close_market(market, turn);
      }
      break;
    case TimerKind::ResolveMarket:
      if (markets_.at(market).listing.market.status != domain::MarketStatus::Closed) {
        set_timer(now + 2 * kTradesOn, TimerKind::ResolveMarket, market.value);
      } else {
        resolve_market(market, turn);
      }
      break;
    case TimerKind::RedeemMarket:
      redeem_market(market, turn);
      break;
    case TimerKind::FillLate:
      fill_late(timer.subject, turn);
      break;
    case TimerKind::SubmitLate:
      submit_late(timer.subject, turn);
      break;
    case TimerKind::Tidy:
      tidy(now);
      set_timer(now + kTidyEvery, TimerKind::Tidy, 0);
      break;
  }
}

bool MatchingEngine::trades_on(MarketNo market, const Turn& turn) const {
  const domain::MarketId& id = markets_.at(market).listing.market.id;
  return turn.faults.active(Fault::PastEnd, turn.now, id) != nullptr;
}

void MatchingEngine::close_market(MarketNo market, Turn& turn) {
  MarketState& state = markets_.at(market);
  state.listing.market.status = domain::MarketStatus::Closed;
  std::vector<std::uint64_t> numbers;
  for (const Ladder* ladder : {&state.bids, &state.asks}) {
    for (const auto& [price, level] : *ladder) {
      numbers.insert(numbers.end(), level.queue.begin(), level.queue.end());
    }
  }
  for (const std::uint64_t number : held_) {
    if (orders_.at(number).truth.market == market) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  state.bids.clear();
  state.asks.clear();
  for (const std::uint64_t number : numbers) {
    const Order& order = orders_.at(number);
    const bool told = order.state == OrderState::LateFill;  // its cancellation was reported before
    if (told) {
      release(orders_.at(number));
      held_.erase(number);
      living_ids_.erase(order.truth.id);
      finished_ids_[order.truth.id] = number;
      finished_[number] = order.truth;
      finished_[number].finished_at = turn.now;
      count_finished(order.truth);
      orders_.erase(number);
    } else {
      finish(number, VenueOrderStatus::Canceled, std::string(kMarketClosedReason), turn);
    }
  }
  turn.out.market.emplace_back(MarketClosed{state.listing.market.id, turn.now});
}

void MatchingEngine::follow_record(const domain::Market& recorded, Timestamp now,
                                   FaultBoard& faults, Outputs& out) {
  using domain::MarketStatus;
  const auto number = find_market(recorded.id);
  const auto found = number ? markets_.find(*number) : markets_.end();
  if (found == markets_.end()) return;  // paid out
  domain::Market& ours = found->second.listing.market;
  if (ours.status == MarketStatus::Resolved) return;
  if (ours.tick != recorded.tick)
    out.market.emplace_back(TickSizeChanged{ours.id, ours.tick, recorded.tick, now});
  ours.tick = recorded.tick;
  ours.min_size = recorded.min_size;
  ours.fee = recorded.fee;
  ours.taker_delay = recorded.taker_delay;
  ours.ends_at = recorded.ends_at;
  ours.augmented = recorded.augmented;
  ours.placeholder = recorded.placeholder;
  ours.event_market_count = recorded.event_market_count;
  if (domain::accepts_orders(recorded.status)) {
    ours.status = ours.placeholder ? MarketStatus::Paused : MarketStatus::Active;
    return;
  }
  if (recorded.status == MarketStatus::Paused) {
    ours.status = MarketStatus::Paused;
    return;
  }
  Turn turn{now, faults, out};
  if (ours.status != MarketStatus::Closed) close_market(*number, turn);
  if (recorded.status != MarketStatus::Resolved) return;
  set_payout(*number, recorded.payout);
  resolve_market(*number, turn);
}

void MatchingEngine::resolve_market(MarketNo market, Turn& turn) {
  MarketState& state = markets_.at(market);
  constexpr Price kHalf = Price::from_raw(5'000);
  domain::Market& definition = state.listing.market;
  definition.payout = state.payout.value_or(domain::Payout{kHalf, kHalf});
  definition.status = domain::MarketStatus::Resolved;
  state.listing.resolved_at = turn.now;
  turn.out.market.emplace_back(MarketResolved{definition.id, definition.payout, turn.now});
  set_timer(turn.now + random_.between(settings_.redeem_after_min, settings_.redeem_after_max),
            TimerKind::RedeemMarket, market.value);
}

void MatchingEngine::redeem_market(MarketNo market, Turn& turn) {
  const auto found = markets_.find(market);
  if (found->second.unsettled > 0) {
    set_timer(turn.now + kRedeemRetry, TimerKind::RedeemMarket, market.value);
    return;
  }
  accounts_.redeem(market, found->second.listing.market.payout);
  resolved_.emplace(market, std::move(found->second.listing));
  markets_.erase(found);
  forget_markets();
}

void MatchingEngine::forget_markets() {
  while (resolved_.size() > settings_.resolved_markets_kept) {
    const domain::Market& oldest = resolved_.begin()->second.market;
    market_ids_.erase(oldest.id);
    tokens_.erase(oldest.yes_token);
    tokens_.erase(oldest.no_token);
    resolved_.erase(resolved_.begin());
  }
}

void MatchingEngine::tidy(Timestamp now) {
  for (const auto& [account, amount] : rebates_.take_due(now))
    accounts_.pay_rebate(account, amount);
  const Timestamp before = now - settings_.retention;
  const std::size_t known = forgotten_ids_.size();
  for (auto it = finished_.begin(); it != finished_.end();) {
    if (it->second.finished_at >= before) {
      ++it;
      continue;
    }
    if (is_open(it->second.market)) forgotten_ids_.push_back(short_id(it->second.id));
    finished_ids_.erase(it->second.id);
    ++forgotten_.orders;
    archived_.orders.push_back(it->second);
    it = finished_.erase(it);
  }
  const auto middle = forgotten_ids_.begin() + static_cast<std::ptrdiff_t>(known);
  std::sort(middle, forgotten_ids_.end());
  std::inplace_merge(forgotten_ids_.begin(), middle, forgotten_ids_.end());
  for (auto it = trades_.begin(); it != trades_.end();) {
    const TradeTruth& trade = it->second;
    const bool final =
        trade.status == VenueTradeStatus::Failed || trade.status == VenueTradeStatus::Confirmed;
    if (!final || trade.updated_at >= before) {
      ++it;
      continue;
    }
    ++forgotten_.trades;
    archived_.trades.push_back(trade);
    it = trades_.erase(it);
  }
}

MatchingEngine::Archived MatchingEngine::take_archived() {
  return std::exchange(archived_, {});
}

}  // namespace polybot::venue_simulator
