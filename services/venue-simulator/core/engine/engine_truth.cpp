// What the matching engine reports: private events, open orders, trades, the truth for a
// verification.
#include <algorithm>

#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

using domain::Outcome;
using domain::VenueOrderStatus;

void MatchingEngine::report_order(const Order& order, OrderEventKind kind, VenueOrderStatus status,
                                  std::string reason, Turn& turn) const {
  if (order.house) return;
  const OrderTruth& truth = order.truth;
  OrderOutput output;
  output.account = truth.account;
  output.kind = kind;
  output.time_in_force = truth.time_in_force;
  output.expiration_s = truth.expiration_s;
  output.created_at = truth.created_at;
  output.update = {.order = truth.id,
                   .market = truth.market_id,
                   .token = truth.token,
                   .side = truth.side,
                   .status = status,
                   .price = truth.price,
                   .original_quantity = truth.quantity,
                   .matched_quantity = truth.matched,
                   .reason = std::move(reason),
                   .at = turn.now};
  turn.out.account.emplace_back(std::move(output));
}

void MatchingEngine::report_trade(const TradeTruth& trade, Turn& turn) const {
  std::set<AccountId> told;
  const auto tell = [&](AccountId account) {
    if (accounts_[account].house || !told.insert(account).second) return;
    turn.out.account.emplace_back(TradeOutput{account, trade.number, view(trade, account)});
  };
  tell(trade.taker.account);
  for (const TradeTruth::Party& maker : trade.makers) tell(maker.account);
}

domain::VenueTrade MatchingEngine::view(const TradeTruth& trade, AccountId account) const {
  const Listing* known = listing(trade.market);
  const auto token = [known](Outcome outcome) {
    return known == nullptr ? domain::TokenId{} : domain::token_of(known->market, outcome);
  };
  domain::VenueTrade seen;
  seen.id = trade.id;
  seen.status = trade.status;
  seen.taker_order = trade.taker.order;
  seen.market = trade.market_id;
  seen.token = token(trade.taker.outcome);
  seen.side = trade.taker.side;
  seen.quantity = trade.taker.quantity;
  seen.price = trade.taker.price;
  seen.we_are_taker = trade.taker.account == account;
  seen.matched_at = trade.matched_at;
  seen.updated_at = trade.updated_at;
  for (const TradeTruth::Party& maker : trade.makers) {
    seen.makers.push_back({.order = maker.order,
                           .token = token(maker.outcome),
                           .side = maker.side,
                           .quantity = maker.quantity,
                           .price = maker.price,
                           .ours = maker.account == account});
  }
  return seen;
}

std::vector<OrderTruth> MatchingEngine::open_orders(AccountId account) const {
  std::vector<OrderTruth> open;
  for (const auto& [id, number] : living_ids_) {
    const Order& order = orders_.at(number);
    if (order.truth.account == account && order.state != OrderState::LateFill) {
      open.push_back(order.truth);
    }
  }
  std::sort(open.begin(), open.end(),
            [](const OrderTruth& a, const OrderTruth& b) { return a.number < b.number; });
  return open;
}

std::optional<OrderTruth> MatchingEngine::open_order(const domain::VenueOrderId& id) const {
  const auto found = living_ids_.find(id);
  if (found == living_ids_.end()) return std::nullopt;
  const Order& order = orders_.at(found->second);
  if (order.state == OrderState::LateFill) return std::nullopt;
  return order.truth;
}

std::vector<OrderTruth> MatchingEngine::orders(std::uint64_t after_number,
                                               std::size_t limit) const {
  std::vector<OrderTruth> page;
  for (const auto& [id, number] : living_ids_) {
    if (number > after_number) page.push_back(orders_.at(number).truth);
  }
  auto finished = finished_.upper_bound(after_number);
  for (std::size_t i = 0; i < limit && finished != finished_.end(); ++i, ++finished) {
    page.push_back(finished->second);
  }
  std::sort(page.begin(), page.end(),
            [](const OrderTruth& a, const OrderTruth& b) { return a.number < b.number; });
  if (page.size() > limit) page.resize(limit);
  return page;
}

const TradeTruth* MatchingEngine::trade(std::uint64_t number) const {
  const auto found = trades_.find(number);
  return found == trades_.end() ? nullptr : &found->second;
}

std::vector<TradeTruth> MatchingEngine::trades(std::uint64_t after_number,
                                               std::size_t limit) const {
  std::vector<TradeTruth> page;
  if (limit == 0) return page;
  read_trades(after_number, [&](const TradeTruth& trade) {
    page.push_back(trade);
    return page.size() < limit;
  });
  return page;
}

void MatchingEngine::read_trades(std::uint64_t after_number,
                                 const std::function<bool(const TradeTruth&)>& use) const {
  for (auto it = trades_.upper_bound(after_number); it != trades_.end(); ++it) {
    if (!use(it->second)) return;
  }
}

}  // namespace polybot::venue_simulator
