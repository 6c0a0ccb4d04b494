#include "services/order-manager/core/views/stream_snapshot.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {
namespace {

// Ended orders in a snapshot: what an API can usefully list.
constexpr std::size_t kEndedOrdersShown = 5'000;

domain::PositionState held_in(const domain::MarketId& market, const MarketPosition& position) {
  const domain::Holding& yes = position.yes.holding();
  const domain::Holding& no = position.no.holding();
  return {.market = market,
          .yes = yes.quantity,
          .no = no.quantity,
          .yes_cost = yes.cost,
          .no_cost = no.cost,
          .realized = yes.realized + no.realized};
}

// A position of a resolved market counts no more; while it is not paid it is a claim. A claim is
// told as it came about: as the position and then its resolution.
void append_positions(std::vector<domain::StreamedEvent>& entries,
                      const domain::StreamedEvent& blank, const Ledger& ledger) {
  const domain::StrategyName& strategy = blank.event.strategy;
  const auto positions = ledger.portfolio().positions().find(strategy);
  if (positions == ledger.portfolio().positions().end()) return;
  for (const auto& [market, position] : positions->second) {
    domain::StreamedEvent entry = blank;
    const domain::Market* record = ledger.market(market);
    domain::Market unknown;
    unknown.id = market;
    entry.event.body = domain::MarketRecorded{record == nullptr ? unknown : *record};
    entry.position = ledger.portfolio().state(strategy, market);
    if (ledger.portfolio().claim(market).is_zero()) {
      entries.push_back(std::move(entry));
      continue;
    }
    domain::StreamedEvent resolved = entry;
    const Resolution& resolution = ledger.portfolio().resolutions().at(market);
    resolved.event.at = resolution.at;
    resolved.event.body = domain::MarketResolved{market, resolution.payout};
    entry.position = held_in(market, position);
    entries.push_back(std::move(entry));
    entries.push_back(std::move(resolved));
  }
}

void append_order(std::vector<domain::StreamedEvent>& entries, const domain::StreamedEvent& blank,
                  const OrderRecord& record) {
  domain::StreamedEvent entry = blank;
  entry.event.at = record.order.submitted_at;
  entry.event.trace = record.order.trace;
  entry.event.body = domain::OrderSubmitted{record.order};
  entry.status = record.status;
  entries.push_back(entry);
  for (const auto& [trade, fill] : record.fills) {
    if (!fill.booked()) continue;
    entry.event.at = fill.fill.matched_at;
    entry.event.body = fill.fill;
    entries.push_back(entry);
  }
}

void append_orders(std::vector<domain::StreamedEvent>& entries, const domain::StreamedEvent& blank,
                   const Ledger& ledger) {
  std::vector<const OrderRecord*> ended;
  for (const auto& [id, record] : ledger.orders().all()) {
    if (record.order.strategy != blank.event.strategy) continue;
    if (record.terminal()) {
      ended.push_back(&record);
    } else {
      append_order(entries, blank, record);
    }
  }
  const auto newest = [](const OrderRecord* a, const OrderRecord* b) {
    return a->changed_at > b->changed_at;
  };
  std::stable_sort(ended.begin(), ended.end(), newest);
  if (ended.size() > kEndedOrdersShown) ended.resize(kEndedOrdersShown);
  for (const OrderRecord* record : ended) append_order(entries, blank, *record);
}

void append_unlevel_legs(std::vector<domain::StreamedEvent>& entries,
                         const domain::StreamedEvent& blank, const Ledger& ledger) {
  for (const auto& [signal, group] : ledger.legs().all()) {
    if (!group.unlevel || group.strategy != blank.event.strategy) continue;
    domain::LegsImbalanced imbalanced{.signal = signal, .event = group.event, .legs = {}};
    for (const LegQuantity& leg : ledger.leg_quantities(group)) {
      imbalanced.legs.push_back({leg.instrument, leg.quantity});
    }
    domain::StreamedEvent entry = blank;
    entry.event.body = std::move(imbalanced);
    entries.push_back(std::move(entry));
  }
}

void append_trading_states(std::vector<domain::StreamedEvent>& entries,
                           const domain::StreamedEvent& blank, const Ledger& ledger) {
  for (const domain::TradingStateChanged& state : ledger.own_trading_states()) {
    domain::StreamedEvent entry = blank;
    entry.event.body = state;
    entries.push_back(std::move(entry));
  }
}

// Claims begin on the strategies' streams and end on the account's. The sum of a forgotten market
// is unknown; it is only known that it owes nothing.
void append_payments(std::vector<domain::StreamedEvent>& entries,
                     const domain::StreamedEvent& blank, const Ledger& ledger) {
  for (const auto& [market, resolution] : ledger.portfolio().resolutions()) {
    if (!ledger.portfolio().claim(market).is_zero()) continue;
    domain::StreamedEvent entry = blank;
    entry.event.body = domain::ClaimPaid{market, resolution.paid};
    entries.push_back(std::move(entry));
  }
}

}  // namespace

std::vector<domain::StreamedEvent> snapshot_of(const Ledger& ledger,
                                               const domain::StrategyName& strategy) {
  domain::StreamedEvent blank;
  blank.event.seq = ledger.last_seq();
  blank.event.at = ledger.last_at();
  blank.event.strategy = strategy;
  std::vector<domain::StreamedEvent> entries;
  if (strategy.value.empty()) {
    append_trading_states(entries, blank, ledger);
    append_payments(entries, blank, ledger);
    return entries;
  }
  append_positions(entries, blank, ledger);
  append_orders(entries, blank, ledger);
  append_unlevel_legs(entries, blank, ledger);
  return entries;
}

}  // namespace polybot::order_manager
