#include "tests/simulation/verdict.hpp"

#include <algorithm>
#include <map>

namespace polybot::simulation {

namespace om = order_manager;
namespace sim = venue_simulator;
using domain::Money;
using domain::OrderStatus;
using domain::Quantity;

namespace {

using Texts = std::vector<std::string>;
constexpr std::size_t kAll = static_cast<std::size_t>(-1);

// Fills of our orders by the venue's account: (order, trade) -> party.
struct TrueFill {
  Quantity quantity;
  Money cash;
  Money fee;
  bool confirmed = false;
  bool before_us = false;
};
using TrueFills = std::map<std::pair<domain::VenueOrderId, domain::TradeId>, TrueFill>;

TrueFills true_fills(const Venue& venue, Texts& texts) {
  TrueFills fills;
  for (const sim::TradeTruth& trade : venue.exchange().engine().trades(0, kAll)) {
    if (trade.status == domain::VenueTradeStatus::Failed) continue;
    const bool confirmed = trade.status == domain::VenueTradeStatus::Confirmed;
    if (!confirmed) texts.push_back("trade " + trade.id.value + " is not final at the venue");
    const auto add = [&](const sim::TradeTruth::Party& party, Money fee) {
      if (party.account != venue.account()) return;
      TrueFill& fill = fills[{party.order, trade.id}];
      fill.quantity += party.quantity;
      fill.cash += party.cash;
      fill.fee += fee;
      fill.confirmed = confirmed;
      fill.before_us = venue.before_us(trade);
    };
    add(trade.taker, trade.fee);
    for (const auto& maker : trade.makers) add(maker, {});
  }
  return fills;
}

void compare_fills(const om::Ledger& ledger, const Venue& venue, Texts& texts) {
  TrueFills missing = true_fills(venue, texts);
  for (const auto& [id, order] : ledger.orders().all()) {
    for (const auto& [trade, fill] : order.fills) {
      if (!fill.booked()) continue;
      const std::string which =
          "the fill of order " + domain::to_string(id) + " in trade " + trade.value;
      const auto truth = missing.find({order.order.venue_id, trade});
      if (truth == missing.end()) {
        texts.push_back(which + " never was");
        continue;
      }
      if (fill.fill.quantity != truth->second.quantity || fill.fill.cash != truth->second.cash ||
          fill.fill.fee != truth->second.fee) {
        texts.push_back(which + " is booked as " + fill.fill.quantity.to_string() + " for " +
                        fill.fill.cash.to_string() + " with fee " + fill.fill.fee.to_string() +
                        ", the venue has " + truth->second.quantity.to_string() + " for " +
                        truth->second.cash.to_string() + " with fee " +
                        truth->second.fee.to_string());
      }
      if (fill.fill.status != domain::FillStatus::Confirmed)
        texts.push_back(which + " is still provisional");
      missing.erase(truth);
    }
  }
  for (const auto& [key, fill] : missing) {
    if (fill.before_us) continue;
    texts.push_back("the fill of " + fill.quantity.to_string() + " shares of venue order " +
                    domain::to_string(key.first) + " in trade " + key.second.value +
                    " is not booked");
  }
}

void compare_holdings(const om::Ledger& ledger, const Venue& venue, Texts& texts) {
  const auto& account = venue.exchange().engine().accounts()[venue.account()];
  if (account.cash != ledger.portfolio().cash()) {
    texts.push_back("cash is " + account.cash.to_string() + " at the venue and " +
                    ledger.portfolio().cash().to_string() + " by the book");
  }
  if (!account.reserved.is_zero() || !account.locked.is_zero())
    texts.push_back("the venue still holds cash back");
  if (!ledger.portfolio().unredeemed().is_zero()) texts.push_back("claims are not paid yet");
  std::map<domain::Instrument, Quantity> held;
  for (const auto& [number, holdings] : account.holdings) {
    const sim::Listing* listing = venue.exchange().engine().listing(number);
    if (listing == nullptr) continue;
    held[{listing->market.id, domain::Outcome::Yes}] = holdings.yes.held;
    held[{listing->market.id, domain::Outcome::No}] = holdings.no.held;
  }
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      if (ledger.portfolio().resolutions().contains(market)) continue;
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No})
        held.try_emplace({market, outcome});
    }
  }
  for (const auto& [instrument, quantity] : held) {
    // Where order-manager never looked, what the account had before is nobody's business.
    const bool unknown = ledger.market(instrument.market) == nullptr;
    if (unknown && quantity == venue.held_before(instrument)) continue;
    const Quantity booked = ledger.portfolio().resolutions().contains(instrument.market)
                                ? Quantity{}
                                : ledger.portfolio().account_quantity(instrument);
    if (quantity != booked) {
      texts.push_back("holding of market " + domain::to_string(instrument.market) + " is " +
                      quantity.to_string() + " at the venue and " + booked.to_string() +
                      " by the book");
    }
  }
}

bool agrees(const om::OrderRecord& order, const sim::OrderTruth* truth) {
  using domain::VenueOrderStatus;
  switch (order.status) {
    case OrderStatus::Filled:
      return truth != nullptr && truth->matched >= truth->quantity;
    case OrderStatus::Expired:
      return truth != nullptr && truth->status == VenueOrderStatus::Expired;
    // The venue may have filled an order that we had given up: then the fills are booked, the
    // status stays.
    case OrderStatus::Canceled:
      return truth != nullptr;
    // A written-off order may have come and gone without a trace in open orders and trades.
    case OrderStatus::Rejected:
      return truth == nullptr || (truth->matched.is_zero() &&
                                  (truth->status == VenueOrderStatus::Unmatched ||
                                   order.reject_reason == domain::RejectReason::NotFoundAtVenue));
    case OrderStatus::Submitted:
    case OrderStatus::Ambiguous:
    case OrderStatus::Accepted:
    case OrderStatus::PartiallyFilled:
      return false;
  }
  return false;
}

void compare_orders(const om::Ledger& ledger, const Venue& venue, Texts& texts) {
  if (!venue.exchange().engine().open_orders(venue.account()).empty())
    texts.push_back("orders rest at the venue");
  std::map<domain::VenueOrderId, sim::OrderTruth> truths;
  for (const sim::OrderTruth& truth : venue.exchange().engine().orders(0, kAll)) {
    if (truth.account != venue.account()) continue;
    truths.emplace(truth.id, truth);
    if (ledger.orders().find(truth.id) == nullptr && !venue.by_hand(truth.id)) {
      texts.push_back("the venue has order " + domain::to_string(truth.id) +
                      " that is not in the journal");
    }
  }
  for (const auto& [id, order] : ledger.orders().all()) {
    const auto truth = truths.find(order.order.venue_id);
    // Of an order by hand only what happened to be seen is known.
    if (venue.by_hand(order.order.venue_id) && order.terminal()) continue;
    if (agrees(order, truth == truths.end() ? nullptr : &truth->second)) continue;
    texts.push_back("order " + domain::to_string(id) + " is " +
                    std::string(domain::name_of(order.status)) + " by the book, " +
                    (truth == truths.end()
                         ? "unknown at the venue"
                         : "at the venue status " +
                               std::to_string(static_cast<int>(truth->second.status)) + " with " +
                               truth->second.matched.to_string() + " of " +
                               truth->second.quantity.to_string() + " matched"));
  }
}

}  // namespace

void check_openings(const om::Ledger& ledger, const Venue& venue) {
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const Quantity opened = position.token(outcome).opened();
        if (opened.is_zero()) continue;
        const Quantity before = venue.held_before({market, outcome});
        require(opened <= before, "the book begins with " + opened.to_string() + " shares of " +
                                      domain::to_string(market) + ", the account had " +
                                      before.to_string());
      }
    }
  }
}

std::vector<std::string> differences(const om::Ledger& ledger, const Venue& venue) {
  Texts texts;
  compare_orders(ledger, venue, texts);
  compare_fills(ledger, venue, texts);
  compare_holdings(ledger, venue, texts);
  if (!ledger.drift().cash.is_zero() || !ledger.drift().positions.is_zero()) {
    texts.push_back("the last drift measured is " + ledger.drift().cash.to_string() + " cash and " +
                    ledger.drift().positions.to_string() + " in positions");
  }
  return texts;
}

void check_venue(const Venue& venue, const Auditor& auditor) {
  require(venue.exchange().engine().conservation().holds(), "the venue makes or loses money");
  const auto excused = [&](const domain::VenueOrderId& order) {
    return venue.by_hand(order) || auditor.written_off(order);
  };
  for (const sim::TradeTruth& trade : venue.exchange().engine().trades(0, kAll)) {
    if (trade.taker.account != venue.account() || excused(trade.taker.order)) continue;
    for (const auto& maker : trade.makers) {
      require(maker.account != venue.account() || excused(maker.order),
              "trade " + trade.id.value + " has us on both sides");
    }
  }
}

namespace {

bool traded_by(const Venue& venue, const domain::VenueOrderId& order, Timestamp when) {
  for (const sim::TradeTruth& trade : venue.exchange().engine().trades(0, kAll)) {
    if (trade.matched_at > when) continue;
    if (trade.taker.order == order) return true;
    for (const auto& maker : trade.makers) {
      if (maker.order == order) return true;
    }
  }
  return false;
}

}  // namespace

void check_written_off(const Venue& venue, const Auditor& auditor, Duration hold) {
  for (const sim::OrderTruth& truth : venue.exchange().engine().orders(0, kAll)) {
    const auto written_off_at = auditor.written_off_at(truth.id);
    if (!written_off_at) continue;
    // The order came and went before it was written off, by our own DELETE: there was no trace to
    // find.
    const Timestamp over = auditor.last_byte_of(truth.id).value_or(Timestamp{}) + hold;
    // Likewise when it was off the book by then, and only a late fill brought it back after the
    // reading that showed no trade of it.
    const auto withdrawn_at = venue.withdrawn_at(truth.id);
    const bool withdrawn = withdrawn_at && *withdrawn_at <= *written_off_at;
    const bool traded = withdrawn
                            ? traded_by(venue, truth.id, venue.trades_seen_at(*written_off_at))
                            : truth.matched.is_positive();
    const bool left_a_trace = traded || (!withdrawn && truth.finished_at > *written_off_at);
    require(truth.created_at > over || !left_a_trace,
            "venue order " + domain::to_string(truth.id) +
                " was written off though it could have been found");
  }
}

void check_holdings(const strategy_runner::Runner& runner, const order_manager::Ledger& ledger,
                    Timestamp now) {
  for (std::size_t i = 0; i < runner.strategies(); ++i) {
    const domain::StrategyName& name = runner.name(i);
    const auto status = runner.status(i, now);
    const auto newest = ledger.topics().find(name);
    if (!status.stream_known || newest == ledger.topics().end() ||
        status.applied_seq != newest->second)
      continue;
    const strategy_runner::Holdings& holdings = runner.holdings(i);
    for (const domain::ClientOrderId& id : ledger.orders().open()) {
      const om::OrderRecord& record = *ledger.orders().find(id);
      if (record.order.strategy != name) continue;
      const auto orders = holdings.live_orders(record.order.instrument.market);
      require(std::any_of(orders.begin(), orders.end(),
                          [&](const strategy_runner::LiveOrder& order) {
                            return order.id == id && order.leaves() == record.leaves();
                          }),
              "a runner that has heard everything does not know an order of its own");
    }
    const auto held = ledger.portfolio().positions().find(name);
    if (held == ledger.portfolio().positions().end()) continue;
    for (const auto& [market, position] : held->second) {
      const domain::PositionState truth = ledger.portfolio().state(name, market);
      const domain::PositionState believed = holdings.position(market);
      require(believed.yes == truth.yes && believed.no == truth.no,
              "a runner that has heard everything believes in another position");
    }
  }
}

}  // namespace polybot::simulation
