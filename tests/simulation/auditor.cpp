#include "tests/simulation/auditor.hpp"

#include <algorithm>

#include "common/domain/fees.hpp"
#include "services/order-manager/core/views/invariants.hpp"
#include "tests/simulation/tell.hpp"

namespace polybot::simulation {

namespace om = order_manager;
using domain::ClientOrderId;
using domain::FillStatus;
using domain::Money;
using domain::Order;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using domain::Rounding;
using domain::Side;
using domain::StrategyName;
using domain::TradingState;

namespace {

// A way out must exist even on a clock that is too far off for anything else.
constexpr Duration kExitSkewMax = seconds(30);

std::string name(const ClientOrderId& id) {
  return "order " + domain::to_string(id);
}

// In YES terms.
bool bids(const Order& order) {
  return (order.side == Side::Buy) == (order.instrument.outcome == Outcome::Yes);
}
Price yes_limit(const Order& order) {
  return order.instrument.outcome == Outcome::Yes ? order.limit : domain::complement(order.limit);
}

// The venue takes the cash of an immediate buy as its signed amount.
bool spends_cash(const Order& order) {
  return order.side == Side::Buy && domain::immediate(order.time_in_force) &&
         order.fields.maker_amount.is_positive();
}

bool would_trade(const Order& a, const Order& b) {
  if (a.instrument.market != b.instrument.market || bids(a) == bids(b)) return false;
  const Order& bid = bids(a) ? a : b;
  const Order& ask = bids(a) ? b : a;
  return yes_limit(bid) >= yes_limit(ask);
}

}  // namespace

// ---- one record

struct Auditor::Judge {
  Auditor& auditor;
  const domain::Event& event;
  std::optional<domain::OrderStatus> status;
  Duration ahead;

  void concluded(const ClientOrderId& id) const {
    Audited& audited = auditor.known(id);
    audited.open = !domain::is_terminal(status.value());
    if (audited.open) {
      auditor.open_.insert(id);
    } else {
      auditor.open_.erase(id);
    }
  }
  void operator()(const domain::SignalAccepted& body) const {
    auditor.accepted(event, body, ahead);
  }
  void operator()(const domain::SignalDenied& body) const {
    auditor.answered(event, body.signal);
    count_penniless(body.reason);
  }
  void operator()(const domain::OrderSubmitted& body) const {
    auditor.submitted(event, body.order, ahead);
  }
  void operator()(const domain::OrderAmbiguous& body) const {
    auditor.known(body.order).last_byte_at = body.last_byte_at - ahead;
    ++auditor.stage_.totals["orders ambiguous"];
    concluded(body.order);
  }
  void operator()(const domain::OrderAccepted& body) const { concluded(body.order); }
  void operator()(const domain::OrderRejected& body) const {
    Audited& audited = auditor.known(body.order);
    if (body.reason == domain::RejectReason::NotFoundAtVenue) {
      require(audited.last_byte_at &&
                  event.at >= *audited.last_byte_at + auditor.plan_.manager.ambiguous_hold,
              name(body.order) + " is written off before the hold is over");
      audited.written_off_at = event.at;
      ++auditor.stage_.totals["orders written off"];
    }
    concluded(body.order);
  }
  void operator()(const domain::OrderFilled& body) const {
    auditor.filled(event, body);
    concluded(body.fill.order);
  }
  void operator()(const domain::FillAdvanced& body) const { auditor.advanced(body); }
  void operator()(const domain::FillReversed& body) const {
    auditor.reversed(event, body.fill);
    concluded(body.fill.order);
  }
  void operator()(const domain::CancelRequested& body) const {
    Audited& audited = auditor.known(body.order);
    audited.cancel_requested = true;
    const bool asked_for = body.reason == domain::CancelReason::Operator ||
                           body.reason == domain::CancelReason::Restored;
    require(auditor.ours(audited.order.strategy) || asked_for,
            name(body.order) + " was placed by hand, and is canceled though nobody asked for it");
    concluded(body.order);
  }
  void operator()(const domain::OrderCanceled& body) const { concluded(body.order); }
  void operator()(const domain::OrderCancelRejected& body) const { concluded(body.order); }
  void operator()(const domain::OrderExpired& body) const { concluded(body.order); }
  void operator()(const domain::OrderResurrected& body) const {
    Audited& audited = auditor.known(body.order);
    require(audited.written_off_at.has_value(),
            name(body.order) + " rises without having been written off");
    audited.cancel_requested = false;
    ++auditor.stage_.totals["orders resurrected"];
    concluded(body.order);
  }
  void operator()(const domain::MarketRecorded& body) const {
    auditor.markets_[body.market.id] = body.market;
  }
  void operator()(const domain::MarketResolved&) const { ++auditor.stage_.totals["resolutions"]; }
  void operator()(const domain::ClaimPaid& body) const {
    ++auditor.stage_.totals["claims paid"];
    auditor.cash_ += body.cash;
  }
  void operator()(const domain::CashMoved& body) const { auditor.cash_ += body.amount; }
  void operator()(const domain::HoldingOpened& body) const {
    require(!auditor.ours(event.strategy), "a strategy begins with shares that it never bought");
    const HoldingKey key{event.strategy, body.instrument};
    auditor.openings_[key].push_back({auditor.bookings_[key].size(), body.quantity, body.value});
    auditor.position_seq_[{event.strategy, body.instrument.market}] = event.seq;
    ++auditor.stage_.totals["holdings opened"];
  }
  void operator()(const domain::IncomeBooked& body) const {
    require(!auditor.ours(event.strategy), "a strategy has income that no trade brought");
    auditor.cash_ += body.amount;
    ++auditor.stage_.totals["income booked"];
  }
  void operator()(const domain::JournalOpened& body) const { auditor.cash_ += body.deposit; }
  void operator()(const domain::TradingStateChanged& body) const {
    (body.strategy ? auditor.states_[*body.strategy] : auditor.account_state_) = body.state;
    if (domain::state_origin_name(body.reason) == "risk_limit")
      ++auditor.stage_.totals["loss limits reached"];
  }
  void operator()(const domain::LeaseGranted& body) const {
    auditor.leases_.on_granted(event, body);
  }
  void operator()(const domain::CommandAccepted& body) const { command(body.command); }
  void operator()(const domain::CommandDenied& body) const { command(body.command); }
  void command(const domain::CommandId& id) const {
    require(auditor.commands_.insert(id).second, "a command is answered twice");
  }
  void operator()(const domain::LegsImbalanced&) const {
    ++auditor.stage_.totals["legs imbalanced"];
  }
  void operator()(const domain::LegsLevelled&) const { ++auditor.stage_.totals["legs levelled"]; }
  void operator()(const domain::DayOpened&) const { ++auditor.stage_.totals["days opened"]; }
  void operator()(const domain::OrderDenied& body) const {
    ++auditor.stage_.totals["orders denied"];
    count_penniless(body.reason);
  }
  void count_penniless(domain::DenyReason reason) const {
    if (reason == domain::DenyReason::InsufficientBalance) ++auditor.stage_.totals[kPenniless];
  }
  // These records have no rule.
  void operator()(const domain::MarksTaken&) const {}
  void operator()(const domain::DriftMeasured& body) const { auditor.drift_ = body.cash; }
  void operator()(const domain::AccountReconciled&) const {}
  void operator()(const domain::ManagerStarted&) const {
    auditor.leases_.on_manager_started(event);
  }
  void operator()(const domain::StrategySwitched&) const {}
  void operator()(const domain::FlattenBegun&) const {}
  void operator()(const domain::FlattenEnded&) const {}
  void operator()(const domain::JournalRestored&) const {}
};

void Auditor::on_committed(domain::StreamedEvent record, Duration ahead) {
  record.event.at -= ahead;
  require(record.event.seq == ++seq_,
          "journal record " + std::to_string(record.event.seq) + " out of sequence");
  if (stage_.verbose) stage_.say(tell(record));
  losses_.on(record.event.body);
  std::visit(Judge{*this, record.event, record.status, ahead}, record.event.body);
}

Auditor::Audited& Auditor::known(const ClientOrderId& id) {
  const auto found = orders_.find(id);
  require(found != orders_.end(), name(id) + " was never submitted");
  return found->second;
}

bool Auditor::ours(const StrategyName& strategy) const {
  return std::find(kStrategies.begin(), kStrategies.end(), strategy) != kStrategies.end();
}

TradingState Auditor::state_of(const StrategyName& strategy) const {
  const auto own = states_.find(strategy);
  return own == states_.end() ? account_state_ : std::max(account_state_, own->second);
}

// ---- signals

void Auditor::answered(const domain::Event&, const domain::SignalId& id) {
  require(answered_.insert(id).second, "signal " + domain::to_string(id) + " is answered twice");
}

void Auditor::accepted(const domain::Event& event, const domain::SignalAccepted& body,
                       Duration ahead) {
  answered(event, body.signal);
  ++stage_.totals["signals accepted"];
  const auto found = signals_.find(body.signal);
  require(found != signals_.end(), "an accepted signal that no runner emitted");
  const domain::Signal& signal = found->second;
  // Compared as order-manager does it: it denies runners whose clocks differ from its own.
  require(event.at + ahead < signal.expires_at,
          "signal " + domain::to_string(signal.id) + " is accepted after its end");
  leases_.check_accepted(event, signal);
  const auto fresh = [&](const domain::MarketId& market) {
    const auto changed = position_seq_.find({event.strategy, market});
    require(
        changed == position_seq_.end() || changed->second <= signal.applied_seq,
        "signal " + domain::to_string(signal.id) + " had not seen the last fill and is accepted");
  };
  if (const auto* target = std::get_if<domain::QuoteTarget>(&signal.intent)) {
    if (target->bid || target->ask) fresh(target->market);
    return;
  }
  for (const domain::Leg& leg : std::get<std::vector<domain::Leg>>(signal.intent))
    fresh(leg.instrument.market);
}

// ---- orders

void Auditor::submitted(const domain::Event& event, const Order& order, Duration ahead) {
  require(!orders_.contains(order.id), name(order.id) + " is submitted twice");
  require(by_venue_id_.emplace(order.venue_id, order.id).second,
          name(order.id) + " has the venue id of another order");
  if (!ours(event.strategy)) {
    ++stage_.totals["orders adopted"];
  } else {
    const TradingState state = state_of(event.strategy);
    require(state != TradingState::Halted,
            name(order.id) + " is submitted while trading is halted");
    require(state != TradingState::Reducing || order.side == Side::Sell,
            name(order.id) + " opens while reducing");
    // The measured clock of the venue may be off by a little itself.
    const Duration off_max =
        (order.side == Side::Buy ? plan_.manager.clock_skew_max : kExitSkewMax) + milliseconds(10);
    require(-off_max <= ahead && ahead <= off_max,
            name(order.id) + " is submitted on a clock that is off");
    check_crossing(order);
    if (order.side == Side::Sell) check_sell(order);
    const bool levels = order.purpose == domain::OrderPurpose::Unwind;
    if (order.side == Side::Sell && state == TradingState::Reducing && !levels) check_pairs(order);
  }
  orders_[order.id].order = order;
  open_.insert(order.id);
  if (!ours(event.strategy) || order.side == Side::Sell) return;
  buys_of_turn_.push_back(order.id);
  check_open_orders(order);
  require(!free_collateral().is_negative(),
          name(order.id) + " promises cash that is not there: free collateral " +
              free_collateral().to_string());
}

void Auditor::check_crossing(const Order& order) const {
  for (const ClientOrderId& id : open_) {
    require(!would_trade(order, orders_.at(id).order),
            name(order.id) + " would trade with our own " + name(id));
  }
}

// Only opening orders are limited: there must always be a way out.
void Auditor::check_open_orders(const Order& order) const {
  std::uint32_t own = 0;
  for (const ClientOrderId& id : open_) {
    if (orders_.at(id).order.strategy == order.strategy) ++own;
  }
  for (const om::ConfiguredStrategy& strategy : plan_.manager.strategies) {
    const bool within = strategy.name != order.strategy || own <= strategy.limits.open_orders_max;
    require(within, name(order.id) + " is one open order too many for " + order.strategy.value);
  }
  require(open_.size() <= plan_.manager.account_limits.open_orders_max,
          name(order.id) + " is one open order too many for the account");
}

void Auditor::check_sell(const Order& order) const {
  Quantity own = settled(order.strategy, order.instrument);
  Quantity all = settled(std::nullopt, order.instrument);
  for (const ClientOrderId& id : open_) {
    const Audited& other = orders_.at(id);
    if (other.order.side != Side::Sell || other.order.instrument != order.instrument) continue;
    const Quantity leaves = std::max(Quantity{}, other.order.quantity - other.filled);
    all -= leaves;
    if (other.order.strategy == order.strategy) own -= leaves;
  }
  require(order.quantity <= own && order.quantity <= all,
          name(order.id) + " sells " + order.quantity.to_string() + ", settled and free are " +
              std::min(own, all).to_string());
}

// Selling half of a pair exposes the other half.
void Auditor::check_pairs(const Order& order) const {
  const domain::Instrument other{order.instrument.market, domain::other(order.instrument.outcome)};
  Quantity free =
      held(order.strategy, order.instrument) - std::max(Quantity{}, held(order.strategy, other));
  for (const ClientOrderId& id : open_) {
    const Audited& open = orders_.at(id);
    const bool same = open.order.side == Side::Sell && open.order.strategy == order.strategy &&
                      open.order.instrument == order.instrument;
    if (same) free -= std::max(Quantity{}, open.order.quantity - open.filled);
  }
  require(order.quantity <= free, name(order.id) + " breaks pairs while reducing: it sells " +
                                      order.quantity.to_string() + ", unpaired are " +
                                      free.to_string());
}

Quantity Auditor::held(const StrategyName& strategy, const domain::Instrument& instrument) const {
  Quantity sum = opened(strategy, instrument);
  const auto fills = bookings_.find({strategy, instrument});
  if (fills == bookings_.end()) return sum;
  for (const domain::FillId& id : fills->second) {
    const Audited& audited = orders_.at(id.order);
    const Fill& fill = audited.fills.at(id.trade);
    if (fill.counts()) sum += audited.order.side == Side::Buy ? fill.quantity : -fill.quantity;
  }
  return sum;
}

void Auditor::on_sent(const Order& order) {
  require(by_venue_id_.contains(order.venue_id),
          name(order.id) + " is sent before it is in the journal");
  require(sent_.insert(order.venue_id).second, name(order.id) + " is sent twice");
}

std::optional<Timestamp> Auditor::written_off_at(const domain::VenueOrderId& order) const {
  const auto id = by_venue_id_.find(order);
  return id == by_venue_id_.end() ? std::nullopt : orders_.at(id->second).written_off_at;
}

std::optional<Timestamp> Auditor::last_byte_of(const domain::VenueOrderId& order) const {
  const auto id = by_venue_id_.find(order);
  return id == by_venue_id_.end() ? std::nullopt : orders_.at(id->second).last_byte_at;
}

// ---- fills

void Auditor::move_cash(const Audited& audited, const Fill& fill, int direction) {
  const bool buy = audited.order.side == Side::Buy;
  const Money flow = buy ? -(fill.cash + fill.fee) : fill.cash - fill.fee;
  cash_ += flow * direction;
  if (!buy && fill.status == FillStatus::Matched) unsettled_proceeds_ += flow * direction;
}

void Auditor::filled(const domain::Event& event, const domain::OrderFilled& body) {
  fills_in_turn_ = true;
  Audited& audited = known(body.fill.order);
  Fill& fill = audited.fills[body.fill.trade];
  require(!fill.booked,
          "trade " + body.fill.trade.value + " is booked twice for " + name(body.fill.order));
  require(!fill.reversed, "trade " + body.fill.trade.value + " is booked though it has failed");
  fill = {body.quantity, body.cash, body.fee, body.status, true, false};
  audited.filled += body.quantity;
  audited.filled_cash += body.cash;
  const Order& order = audited.order;
  require(
      body.quantity.is_positive() && body.side == order.side && body.instrument == order.instrument,
      "a fill that is not of " + name(order.id));
  if (ours(order.strategy)) {
    if (spends_cash(order)) {
      require(audited.filled_cash <= order.fields.maker_amount,
              name(order.id) + " spends more than its cash");
    } else {
      require(audited.filled <= order.quantity, name(order.id) + " is filled beyond its quantity");
    }
    const bool within =
        order.side == Side::Buy
            ? body.cash <= domain::notional(order.limit, body.quantity, Rounding::Up)
            : body.cash >= domain::notional(order.limit, body.quantity, Rounding::Down);
    require(within, name(order.id) + " is filled at a price worse than its limit");
  }
  move_cash(audited, fill, 1);
  bookings_[{order.strategy, order.instrument}].push_back(body.fill);
  position_seq_[{order.strategy, order.instrument.market}] = event.seq;
}

void Auditor::reversed(const domain::Event& event, const domain::FillId& id) {
  fills_in_turn_ = true;
  Audited& audited = known(id.order);
  Fill& fill = audited.fills[id.trade];
  require(!fill.reversed, "trade " + id.trade.value + " fails twice");
  fill.reversed = true;
  if (!fill.booked) return;
  ++stage_.totals["fills reversed"];
  require(fill.status != FillStatus::Confirmed, "a confirmed fill is taken back");
  audited.filled -= fill.quantity;
  audited.filled_cash -= fill.cash;
  move_cash(audited, fill, -1);
  position_seq_[{audited.order.strategy, audited.order.instrument.market}] = event.seq;
}

void Auditor::advanced(const domain::FillAdvanced& step) {
  Audited& audited = known(step.fill.order);
  const auto found = audited.fills.find(step.fill.trade);
  require(
      found != audited.fills.end() && found->second.counts() && step.status > found->second.status,
      "a fill advances that is not there, or backwards");
  move_cash(audited, found->second, -1);
  found->second.status = step.status;
  move_cash(audited, found->second, 1);
}

Quantity Auditor::settled(const std::optional<StrategyName>& strategy,
                          const domain::Instrument& instrument) const {
  Quantity sum = opened(strategy, instrument);
  for (const auto& [key, fills] : bookings_) {
    if (key.second != instrument || (strategy && key.first != *strategy)) continue;
    for (const domain::FillId& id : fills) {
      const Audited& audited = orders_.at(id.order);
      const Fill& fill = audited.fills.at(id.trade);
      if (!fill.counts()) continue;
      if (audited.order.side == Side::Sell) {
        sum -= fill.quantity;
      } else if (fill.status != FillStatus::Matched) {
        sum += fill.quantity;
      }
    }
  }
  return sum;
}

Quantity Auditor::opened(const std::optional<StrategyName>& strategy,
                         const domain::Instrument& instrument) const {
  Quantity sum;
  for (const auto& [key, openings] : openings_) {
    if (key.second != instrument || (strategy && key.first != *strategy)) continue;
    for (const Opening& opening : openings) sum += opening.quantity;
  }
  return sum;
}

// ---- money at risk

// What the open rest of a buy can cost at worst; an order that may or may not exist costs as much.
Money Auditor::reserve(const Audited& audited) const {
  const Order& order = audited.order;
  if (!audited.open || order.side == Side::Sell || audited.filled >= order.quantity) return {};
  const Quantity leaves = order.quantity - audited.filled;
  Money worst = domain::notional(order.limit, leaves, Rounding::Up);
  const auto market = markets_.find(order.instrument.market);
  if (spends_cash(order)) {
    const Money cash = order.fields.maker_amount;
    worst = std::max(cash - audited.filled_cash, Money{});
    if (market == markets_.end()) return worst;
    const Money fee = domain::most_taker_fee(market->second.fee, order.limit, cash);
    return worst +
           Money::from_raw(domain::mul_div(fee.raw(), worst.raw(), cash.raw(), Rounding::Up));
  }
  if (order.post_only || market == markets_.end()) return worst;
  const Money fee =
      domain::taker_fee(market->second.fee, order.limit, order.quantity, Rounding::Up);
  return worst + Money::from_raw(
                     domain::mul_div(fee.raw(), leaves.raw(), order.quantity.raw(), Rounding::Up));
}

Money Auditor::free_collateral() const {
  Money free = cash_ + drift_ - unsettled_proceeds_;
  for (const ClientOrderId& id : open_) free -= reserve(orders_.at(id));
  return free;
}

void Auditor::check_usage(const om::Ledger& ledger, const Order& order,
                          const domain::RiskLimits& limits, bool whole_account) const {
  Money market, event, total;
  const auto add = [&](const domain::MarketId& id, const domain::EventGroupId& of, Money amount) {
    if (id == order.instrument.market) market += amount;
    if (of == order.event) event += amount;
    total += amount;
  };
  for (const auto& [holder, positions] : ledger.portfolio().positions()) {
    if (!whole_account && holder != order.strategy) continue;
    for (const auto& [id, position] : positions) {
      const auto known = markets_.find(id);
      add(id, known == markets_.end() ? domain::EventGroupId{} : known->second.event,
          ledger.portfolio().exposure(holder, id));
    }
  }
  for (const ClientOrderId& id : open_) {
    const Audited& audited = orders_.at(id);
    if (!whole_account && audited.order.strategy != order.strategy) continue;
    add(audited.order.instrument.market, audited.order.event, reserve(audited));
  }
  const std::string whose =
      name(order.id) + (whole_account ? " of the account" : " of " + order.strategy.value);
  require(market <= limits.position_max,
          whose + " exceeds the position limit: " + market.to_string());
  require(event <= limits.event_exposure_max,
          whose + " exceeds the event limit: " + event.to_string());
  require(total <= limits.exposure_max,
          whose + " exceeds the exposure limit: " + total.to_string());
}

void Auditor::check_limits(const om::Ledger& ledger, const Order& order) const {
  for (const om::ConfiguredStrategy& strategy : plan_.manager.strategies) {
    if (strategy.name == order.strategy) check_usage(ledger, order, strategy.limits, false);
  }
  check_usage(ledger, order, plan_.manager.account_limits, true);
}

// When trading is halted, every order is on its way out.
void Auditor::check_halted() const {
  for (const ClientOrderId& id : open_) {
    const Audited& audited = orders_.at(id);
    if (!ours(audited.order.strategy) || state_of(audited.order.strategy) != TradingState::Halted)
      continue;
    require(audited.cancel_requested, name(id) + " rests though trading is halted");
  }
}

void Auditor::on_turn(const om::Ledger& ledger, std::size_t inputs) {
  // Of a turn with several inputs only the end is visible here: a later fill may have changed the
  // basis of the decision.
  if (inputs == 1 && !fills_in_turn_) {
    for (const ClientOrderId& id : buys_of_turn_) check_limits(ledger, orders_.at(id).order);
  }
  losses_.check(ledger, !buys_of_turn_.empty(), stage_.now());
  buys_of_turn_.clear();
  fills_in_turn_ = false;
  check_halted();
}

std::set<om::ShardKey> Auditor::resting() const {
  std::set<om::ShardKey> shards;
  for (const ClientOrderId& id : open_) {
    const Audited& audited = orders_.at(id);
    const Order& order = audited.order;
    const bool rests = order.purpose == domain::OrderPurpose::Quote && order.side == Side::Buy;
    if (rests && ours(order.strategy) && !audited.cancel_requested)
      shards.insert({order.strategy, domain::shard_of(order.event)});
  }
  return shards;
}

// ---- the whole

// Failed trades count as never made: the other fills are folded in the order of their booking.
domain::Holding Auditor::replayed(const HoldingKey& key, std::set<Money>& past) const {
  domain::Holding holding;
  const auto fills = bookings_.find(key);
  const auto openings = openings_.find(key);
  const std::size_t booked = fills == bookings_.end() ? 0 : fills->second.size();
  for (std::size_t i = 0; i <= booked; ++i) {
    if (openings != openings_.end()) {
      for (const Opening& opening : openings->second) {
        if (opening.after != i) continue;
        domain::apply_fill(holding, Side::Buy, opening.quantity, opening.value, Money{});
        if (holding.quantity.is_zero()) past.insert(holding.realized);
      }
    }
    if (i == booked) break;
    const domain::FillId& id = fills->second[i];
    const Audited& audited = orders_.at(id.order);
    const Fill& fill = audited.fills.at(id.trade);
    if (!fill.counts()) continue;
    domain::apply_fill(holding, audited.order.side, fill.quantity, fill.cash, fill.fee);
    if (holding.quantity.is_zero()) past.insert(holding.realized);
  }
  return holding;
}

void Auditor::check_positions(const om::Ledger& ledger) const {
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [market, position] : positions) {
      if (ledger.portfolio().resolutions().contains(market)) continue;
      for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
        std::set<Money> past;  // realized when nothing was held
        const domain::Holding expected = replayed({strategy, {market, outcome}}, past);
        const domain::Holding& held = position.token(outcome).holding();
        // The account of a closed market is closed when nothing is held; a later fill opens a new
        // one, which begins at nothing.
        const auto market_known = markets_.find(market);
        const bool closed = market_known != markets_.end() &&
                            market_known->second.status != domain::MarketStatus::Active;
        domain::Holding reopened = expected;
        reopened.realized = held.realized;
        const bool opened_anew =
            closed && held == reopened && past.contains(expected.realized - held.realized);
        require(held == expected || opened_anew,
                strategy.value + " holds " + held.quantity.to_string() + " at cost " +
                    held.cost.to_string() + ", realized " + held.realized.to_string() +
                    "; its fills come to " + expected.quantity.to_string() + " at cost " +
                    expected.cost.to_string() + ", realized " + expected.realized.to_string());
      }
    }
  }
}

void Auditor::check_ledger(const om::Ledger& ledger) const {
  const auto broken = om::broken_invariants(ledger);
  require(broken.empty(), broken.empty() ? "" : broken.front());
  require(ledger.portfolio().cash() == cash_, "the ledger's cash is " +
                                                  ledger.portfolio().cash().to_string() +
                                                  ", its records come to " + cash_.to_string());
  require(ledger.orders().open() == open_,
          "the ledger's open orders are not those its records leave open");
  for (const ClientOrderId& id : open_) {
    const om::OrderRecord& record = *ledger.orders().find(id);
    const Audited& audited = orders_.at(id);
    require(record.reserved_cash() == reserve(audited),
            name(id) + " reserves " + record.reserved_cash().to_string() + ", at worst it costs " +
                reserve(audited).to_string());
    const bool sells = audited.order.side == Side::Sell && audited.filled < audited.order.quantity;
    require(record.reserved_quantity() ==
                (sells ? audited.order.quantity - audited.filled : Quantity{}),
            name(id) + " does not reserve the shares it may sell");
  }
  check_positions(ledger);
}

}  // namespace polybot::simulation
