#include "services/order-manager/core/report.hpp"

#include <array>
#include <set>

#include "services/order-manager/core/risk_engine.hpp"

namespace polybot::order_manager {

using domain::Money;
using domain::OrderStatus;
using domain::StrategyName;

namespace {

constexpr std::array<std::string_view, 2> kSides = {"buy", "sell"};

struct Lines {
  std::string text;
  template <class... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
    text.push_back('\n');
  }
  void append(std::string_view part) { text.append(part); }
  void append(std::uint64_t part) { text.append(std::to_string(part)); }
  template <class Tag, int Digits>
  void append(domain::Decimal<Tag, Digits> part) {
    text.append(part.to_string());
  }
};

std::uint64_t live(const Ledger& ledger, const StrategyName& strategy, std::size_t side) {
  std::uint64_t count = 0;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.order.strategy == strategy && static_cast<std::size_t>(order.order.side) == side &&
        !order.ended()) {
      ++count;
    }
  }
  return count;
}

void add_positions(const Ledger& ledger, const StrategyName& strategy, Lines& lines) {
  const auto positions = ledger.portfolio().positions().find(strategy);
  if (positions == ledger.portfolio().positions().end()) return;
  for (const auto& [id, position] : positions->second) {
    const domain::PositionState state = ledger.portfolio().state(strategy, id);
    const domain::Market* market = ledger.market(id);
    lines.add("position ", strategy.value, " ", market == nullptr ? domain::to_string(id) : market->slug,
              " yes ", state.yes, " no ", state.no, " cost ", state.yes_cost + state.no_cost, " value ",
              ledger.portfolio().value(strategy, id), " realized ", state.realized);
  }
}

void add_counters(const Ledger& ledger, const StrategyName& strategy, const StrategyCounters& counters,
                  Lines& lines) {
  for (std::size_t side = 0; side < kSides.size(); ++side) {
    for (int status = 0; status < domain::kOrderStatuses; ++status) {
      lines.add("orders ", strategy.value, " ", kSides[side], " ",
                domain::to_string(static_cast<OrderStatus>(status)), " ",
                counters.orders[side][static_cast<std::size_t>(status)]);
    }
    lines.add("orders ", strategy.value, " ", kSides[side], " Denied ", counters.orders_denied[side]);
    lines.add("orders ", strategy.value, " ", kSides[side], " live ", live(ledger, strategy, side));
    lines.add("fills ", strategy.value, " ", kSides[side], " maker ", counters.fills[side][0], " taker ",
              counters.fills[side][1]);
    lines.add("volume ", strategy.value, " ", kSides[side], " ", counters.volume[side]);
  }
  lines.add("fees ", strategy.value, " ", counters.fees);
  lines.add("corrected ", strategy.value, " ", counters.orders_corrected, " resurrected ",
            counters.orders_resurrected, " reversed ", counters.fills_reversed);
  for (int reason = 1; reason < domain::kDenyReasons; ++reason) {
    const std::uint64_t count = counters.denials[static_cast<std::size_t>(reason)];
    if (count == 0) continue;
    lines.add("denials ", strategy.value, " ",
              domain::deny_reason_name(static_cast<domain::DenyReason>(reason)), " ", count);
  }
}

}  // namespace

std::string report(const Ledger& ledger) {
  const Portfolio& portfolio = ledger.portfolio();
  Lines lines;
  lines.add("journal ", ledger.journal_id(), " sequence ", ledger.last_seq(), " starts ",
            std::uint64_t{ledger.starts()});
  lines.add("cash ", portfolio.cash(), " free ", RiskEngine::free_collateral(ledger), " unredeemed ",
            portfolio.unredeemed());
  lines.add("drift cash ", ledger.drift().cash, " positions ", ledger.drift().positions);
  std::set<StrategyName> names;
  for (const auto& [strategy, counters] : ledger.counters()) names.insert(strategy);
  for (const auto& [strategy, positions] : portfolio.positions()) names.insert(strategy);
  for (const StrategyName& strategy : names) {
    if (strategy.value.empty()) continue;
    const Results results = portfolio.results(strategy);
    lines.add("pnl ", strategy.value, " total ", results.equity(), " realized ", results.realized,
              " unrealized ", results.unrealized, " daily ", portfolio.daily_pnl(strategy), " drawdown ",
              portfolio.drawdown(strategy));
    add_positions(ledger, strategy, lines);
    const auto counters = ledger.counters().find(strategy);
    if (counters != ledger.counters().end()) add_counters(ledger, strategy, counters->second, lines);
  }
  for (std::size_t kind = 0; kind < domain::kEventKinds; ++kind) {
    if (ledger.event_counts()[kind] == 0) continue;
    lines.add("events ", domain::event_kind_name(kind), " ", ledger.event_counts()[kind]);
  }
  lines.text.append(broken_order_identity(ledger));
  return lines.text;
}

std::string broken_order_identity(const Ledger& ledger) {
  Lines lines;
  for (const auto& [strategy, counters] : ledger.counters()) {
    for (std::size_t side = 0; side < kSides.size(); ++side) {
      const auto of = [&](OrderStatus status) {
        return counters.orders[side][static_cast<std::size_t>(status)];
      };
      const std::uint64_t ended = of(OrderStatus::Filled) + of(OrderStatus::Canceled) +
                                  of(OrderStatus::Rejected) + of(OrderStatus::Expired);
      const std::uint64_t open = live(ledger, strategy, side);
      if (of(OrderStatus::Submitted) == ended + open) continue;
      lines.add("broken ", strategy.value, " ", kSides[side], " submitted ", of(OrderStatus::Submitted),
                " ended ", ended, " live ", open);
    }
  }
  return lines.text;
}

}  // namespace polybot::order_manager
