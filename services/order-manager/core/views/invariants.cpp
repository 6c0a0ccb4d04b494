#include "services/order-manager/core/views/invariants.hpp"

#include <array>
#include <map>
#include <utility>

namespace polybot::order_manager {

using domain::Money;
using domain::OrderStatus;
using domain::Quantity;
using domain::Side;
using domain::StrategyName;

namespace {

using Broken = std::vector<std::string>;

void check_order_identity(const Ledger& ledger, Broken& broken) {
  std::map<StrategyName, std::array<std::uint64_t, 2>> live;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (!order.ended()) ++live[order.order.strategy][static_cast<std::size_t>(order.order.side)];
  }
  for (const auto& [strategy, counters] : ledger.counters()) {
    for (std::size_t side = 0; side < 2; ++side) {
      const auto of = [&orders = counters.orders[side]](OrderStatus status) {
        return orders[static_cast<std::size_t>(status)];
      };
      const std::uint64_t ended = of(OrderStatus::Filled) + of(OrderStatus::Canceled) +
                                  of(OrderStatus::Rejected) + of(OrderStatus::Expired);
      const std::uint64_t open = live[strategy][side];
      if (of(OrderStatus::Submitted) == ended + open) continue;
      broken.push_back(strategy.value + (side == 0 ? " buy" : " sell") + ": submitted " +
                       std::to_string(of(OrderStatus::Submitted)) + " != ended " +
                       std::to_string(ended) + " + live " + std::to_string(open));
    }
  }
}

void check_orders(const Ledger& ledger, Broken& broken) {
  std::size_t open = 0;
  for (const auto& [id, order] : ledger.orders().all()) {
    Quantity filled;
    Money cash;
    std::uint32_t provisional = 0;
    for (const auto& [trade, fill] : order.fills) {
      if (!fill.booked()) continue;
      filled += fill.fill.quantity;
      cash += fill.fill.cash;
      if (fill.fill.status != domain::FillStatus::Confirmed) ++provisional;
    }
    if (filled != order.filled || cash != order.filled_cash || provisional != order.provisional) {
      broken.push_back("order " + domain::to_string(id) + " is not what its fills come to");
    }
    if (!order.terminal()) ++open;
    if (order.terminal() == ledger.orders().open().contains(id)) {
      broken.push_back("order " + domain::to_string(id) + " is open and ended at once");
    }
  }
  if (open != ledger.orders().open().size())
    broken.push_back("open orders are not those that have not ended");
}

// Markets still in the portfolio whose every order is still remembered.
void check_positions(const Ledger& ledger, Broken& broken) {
  std::map<std::pair<StrategyName, domain::Instrument>, Quantity> net;
  for (const auto& [id, order] : ledger.orders().all()) {
    Quantity& sum = net[{order.order.strategy, order.order.instrument}];
    sum += order.order.side == Side::Buy ? order.filled : -order.filled;
  }
  if (ledger.orders().forgotten_before() != domain::Timestamp{}) return;
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const TokenPosition& token = position.token(outcome);
        const Quantity held = token.holding().quantity - token.opened();
        if (held == net[{strategy, {market, outcome}}]) continue;
        broken.push_back(strategy.value + " holds " + held.to_string() + " of " +
                         domain::to_string(market) + ", its fills come to " +
                         net[{strategy, {market, outcome}}].to_string());
      }
    }
  }
}

// The limits' sums, counted from the beginning.
class Recount {
 public:
  explicit Recount(const Ledger& ledger) : ledger_(ledger) {
    for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
      for (const auto& [market, position] : positions) add_position(strategy, market, position);
    }
    for (const auto& [id, order] : ledger.orders().all()) {
      strategies_[order.order.strategy];  // sums must also be right of those with nothing open
      open_[order.order.instrument.market];
      if (!order.terminal()) add_order(id, order);
    }
  }

  void compare(Broken& broken) const {
    const Commitments& kept = ledger_.commitments();
    if (kept.of(std::nullopt) != account_) {
      broken.push_back("the account's commitments are not what its orders and positions come to");
    }
    for (const auto& [strategy, sums] : strategies_) {
      if (kept.of(strategy) == sums) continue;
      broken.push_back("the commitments of " + strategy.value +
                       " are not what its orders and positions come to");
    }
    for (const auto& [market, open] : open_) {
      if (kept.open_in(market) == open) continue;
      broken.push_back("the open orders in " + domain::to_string(market) +
                       " are not where they stand");
    }
    if (account_.unsettled != ledger_.portfolio().unsettled_proceeds()) {
      broken.push_back("unsettled proceeds are not what the positions come to");
    }
  }

 private:
  void add_position(const StrategyName& strategy, const domain::MarketId& market,
                    const MarketPosition& position) {
    const Money held = ledger_.portfolio().exposure(strategy, market);
    const Money unsettled = position.yes.unsettled_proceeds() + position.no.unsettled_proceeds();
    const domain::Market* known = ledger_.market(market);
    const domain::EventGroupId event = known == nullptr ? domain::EventGroupId{} : known->event;
    for (Commitments::Sums* sums : {&account_, &strategies_[strategy]}) {
      sums->used += held;
      sums->unsettled += unsettled;
      if (!held.is_zero()) sums->events[event] += held;
      if (held.is_zero() && unsettled.is_zero()) continue;
      sums->markets[market].held += held;
      sums->markets[market].unsettled += unsettled;
    }
  }
  void add_order(const domain::ClientOrderId& id, const OrderRecord& record) {
    const domain::Order& order = record.order;
    const Money cash = record.reserved_cash();
    const Quantity promised = record.reserved_quantity();
    for (Commitments::Sums* sums : {&account_, &strategies_[order.strategy]}) {
      ++sums->open_orders;
      sums->used += cash;
      sums->reserved += cash;
      if (!cash.is_zero()) sums->events[order.event] += cash;
      if (cash.is_zero() && promised.is_zero()) continue;
      Commitments::InMarket& market = sums->markets[order.instrument.market];
      market.reserved += cash;
      market.promised[static_cast<std::size_t>(order.instrument.outcome)] += promised;
    }
    Commitments::OpenOrders& open = open_[order.instrument.market];
    open.ids.insert(id);
    // Not domain::book_side and yes_price, by which Commitments counts: this checks them.
    const bool bids =
        (order.side == Side::Buy) == (order.instrument.outcome == domain::Outcome::Yes);
    const domain::Price yes = order.instrument.outcome == domain::Outcome::Yes
                                  ? order.limit
                                  : domain::complement(order.limit);
    ++(bids ? open.bids : open.asks)[yes];
  }

  const Ledger& ledger_;
  Commitments::Sums account_;
  std::map<StrategyName, Commitments::Sums> strategies_;
  std::map<domain::MarketId, Commitments::OpenOrders> open_;
};

}  // namespace

std::vector<std::string> broken_commitments(const Ledger& ledger) {
  Broken broken;
  Recount(ledger).compare(broken);
  return broken;
}

std::vector<std::string> broken_invariants(const Ledger& ledger) {
  Broken broken;
  check_order_identity(ledger, broken);
  check_orders(ledger, broken);
  check_positions(ledger, broken);
  for (std::string& line : broken_commitments(ledger)) broken.push_back(std::move(line));
  const Money gap = ledger.portfolio().unconserved();
  if (!gap.is_zero()) broken.push_back("cash is off by " + gap.to_string());
  return broken;
}

}  // namespace polybot::order_manager
