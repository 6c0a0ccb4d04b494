#include "services/order-manager/core/ledger/ledger.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::DenyReason;
using domain::MarketId;
using domain::Money;
using domain::TradingState;

// ---- apply: one function per kind of record ----------------------------------------------------

struct Ledger::Applier {
  Ledger& ledger;
  const domain::Event& event;
  domain::StreamedEvent& streamed;

  void position(const MarketId& market) const {
    streamed.position = ledger.portfolio_.state(event.strategy, market);
  }
  // After anything that may end an order or make a fill final.
  void after_order(const domain::ClientOrderId& id, const OrderChange& change) const {
    const OrderRecord& record = *ledger.orders_.find(id);
    ledger.count_change(record, change);
    ledger.commitments_.order_changed(record);
    streamed.status = record.status;
    const MarketId market = record.order.instrument.market;
    ledger.legs_.forget_if_final(id, ledger.orders_);
    ledger.forget_market_if_done(market);
    for (const MarketId& unnamed : ledger.orders_.take_unnamed()) {
      ledger.forget_market_if_done(unnamed);
    }
  }

  void operator()(const domain::SignalAccepted& body) const {
    ledger.signals_.insert(body.signal, event.at);
    ++ledger.count(event.strategy).signals[static_cast<std::size_t>(SignalOutcome::Accepted)];
  }
  void operator()(const domain::SignalDenied& body) const {
    ledger.signals_.insert(body.signal, event.at);
    StrategyCounters& counters = ledger.count(event.strategy);
    SignalOutcome outcome = SignalOutcome::Denied;
    if (body.reason == DenyReason::SignalExpired) outcome = SignalOutcome::Expired;
    if (body.reason == DenyReason::LeaseFenced) outcome = SignalOutcome::Fenced;
    if (body.reason == DenyReason::StalePosition) outcome = SignalOutcome::Stale;
    ++counters.signals[static_cast<std::size_t>(outcome)];
    // Counted in orders, as orders_denied is: the reasons add up to it.
    counters.denials[static_cast<std::size_t>(body.reason)] += body.buys + body.sells;
    counters.orders_denied[0] += body.buys;
    counters.orders_denied[1] += body.sells;
    if (body.reason == DenyReason::LeaseFenced) ++counters.leases_fenced;
  }
  void operator()(const domain::OrderDenied& body) const {
    StrategyCounters& counters = ledger.count(event.strategy);
    ++counters.denials[static_cast<std::size_t>(body.reason)];
    ++counters.orders_denied[static_cast<std::size_t>(body.side)];
  }
  void operator()(const domain::OrderSubmitted& body) const {
    const OrderChange change =
        ledger.orders_.submitted(body.order, ledger.fee_worst(body.order), event.at);
    ledger.legs_.submitted(body.order);
    const OrderRecord& record = *ledger.orders_.find(body.order.id);
    ledger.count_change(record, change);
    ledger.commitments_.order_changed(record);
    streamed.status = record.status;
  }
  void operator()(const domain::OrderAmbiguous& body) const {
    after_order(body.order, ledger.orders_.ambiguous(body, event.at));
  }
  void operator()(const domain::OrderAccepted& body) const {
    after_order(body.order, ledger.orders_.accepted(body.order, event.at));
  }
  void operator()(const domain::OrderRejected& body) const {
    after_order(body.order, ledger.orders_.rejected(body, event.at));
  }
  void operator()(const domain::OrderFilled& body) const {
    StrategyCounters& counters = ledger.count(event.strategy);
    ++counters.fills[static_cast<std::size_t>(body.side)][static_cast<std::size_t>(body.liquidity)];
    const OrderChange change = ledger.orders_.filled(body, event.seq, event.at);
    ledger.portfolio_.filled(event.strategy, body, event.seq);
    ledger.position_changed(event.strategy, body.instrument.market);
    if (body.status == domain::FillStatus::Confirmed) count_confirmed(counters, body);
    position(body.instrument.market);
    after_order(body.fill.order, change);
  }
  void operator()(const domain::FillAdvanced& body) const {
    ledger.orders_.fill_advanced(body, event.at);
    const domain::OrderFilled fill = ledger.orders_.find_fill(body.fill)->fill;
    ledger.portfolio_.advanced(event.strategy, fill, body.status);
    ledger.position_changed(event.strategy, fill.instrument.market);
    if (body.status == domain::FillStatus::Confirmed) {
      count_confirmed(ledger.count(event.strategy), fill);
    }
    after_order(body.fill.order, {});
  }
  void operator()(const domain::FillReversed& body) const {
    const Orders::Reversal reversal = ledger.orders_.fill_reversed(body, event.at);
    if (reversal.was_booked) {
      const domain::OrderFilled fill = ledger.orders_.find_fill(body.fill)->fill;
      ++ledger.count(event.strategy).fills_reversed;
      ledger.portfolio_.reversed(event.strategy, fill, event.seq);
      ledger.position_changed(event.strategy, fill.instrument.market);
      position(fill.instrument.market);
    }
    after_order(body.fill.order, reversal.change);
  }
  void operator()(const domain::CancelRequested& body) const {
    after_order(body.order, ledger.orders_.cancel_requested(body, event.at));
  }
  void operator()(const domain::OrderCanceled& body) const {
    after_order(body.order, ledger.orders_.canceled(body, event.at));
  }
  void operator()(const domain::OrderCancelRejected& body) const {
    after_order(body.order, ledger.orders_.cancel_rejected(body.order, event.at));
  }
  void operator()(const domain::OrderExpired& body) const {
    after_order(body.order, ledger.orders_.expired(body.order, event.at));
  }
  void operator()(const domain::OrderResurrected& body) const {
    ++ledger.count(event.strategy).orders_resurrected;
    after_order(body.order, ledger.orders_.resurrected(body.order, event.at));
  }
  void operator()(const domain::LegsImbalanced& body) const {
    ledger.legs_.imbalanced(body, event.at);
  }
  void operator()(const domain::LegsLevelled& body) const {
    const auto group = ledger.legs_.all().find(body.signal);
    if (group == ledger.legs_.all().end()) return;
    const auto held = ledger.leg_quantities(group->second);
    ledger.legs_.levelled(body, LegGroups::spread(held), ledger.orders_);
  }

  void operator()(const domain::MarketRecorded& body) const {
    ledger.markets_[body.market.id] = body.market;
    ledger.instruments_[body.market.yes_token] = {body.market.id, domain::Outcome::Yes};
    ledger.instruments_[body.market.no_token] = {body.market.id, domain::Outcome::No};
    ledger.market_changed(body.market.id);
    ledger.forget_market_if_done(body.market.id);
  }
  void operator()(const domain::MarketResolved& body) const {
    ledger.portfolio_.resolved(body, event.at);
    ledger.market_changed(body.market);
    position(body.market);
    // There is one record per holder, so everything is kept until the last of them.
    const auto last = ledger.portfolio_.last_holder(body.market);
    if (!last || *last == event.strategy) ledger.forget_market_if_done(body.market);
  }
  void operator()(const domain::ClaimPaid& body) const {
    ledger.portfolio_.claim_paid(body);
    ledger.forget_market_if_done(body.market);
  }
  void operator()(const domain::CashMoved& body) const {
    ledger.portfolio_.cash_moved(body.amount);
    ledger.deposited_ = true;
  }
  void operator()(const domain::HoldingOpened& body) const {
    ledger.portfolio_.opened(event.strategy, body, event.seq);
    ledger.position_changed(event.strategy, body.instrument.market);
    position(body.instrument.market);
  }
  void operator()(const domain::IncomeBooked& body) const {
    ledger.portfolio_.income_booked(event.strategy, body);
  }
  void operator()(const domain::MarksTaken& body) const {
    ledger.portfolio_.marked(body);
    for (const auto& mark : body.marks) ledger.market_changed(mark.market);
  }
  void operator()(const domain::DayOpened& body) const { ledger.portfolio_.day_opened(body); }
  void operator()(const domain::DriftMeasured& body) const {
    ledger.drift_ = body;
    ledger.drift_.first_compared.clear();
    ledger.portfolio_.missing(body.missing);
    ledger.drift_measured_ = true;
    ledger.compared_.insert(body.first_compared.begin(), body.first_compared.end());
  }
  void operator()(const domain::AccountReconciled& body) const {
    ledger.reconciled_until_ = body.until;
  }

  void operator()(const domain::JournalOpened& body) const {
    ledger.journal_id_ = body.journal_id;
    ledger.timeline_ = body.journal_id;
    ledger.opened_at_ = event.at;
    if (body.deposit.is_zero()) return;
    ledger.portfolio_.cash_moved(body.deposit);
    ledger.deposited_ = true;
  }
  void operator()(const domain::ManagerStarted& body) const {
    ledger.starts_ = body.start;
    if (body.account) ledger.account_ = body.account;
    ledger.mode_ = body.mode;
  }
  void operator()(const domain::TradingStateChanged& body) const {
    domain::TradingStatus& status =
        body.strategy ? ledger.strategy_states_[*body.strategy] : ledger.account_state_;
    // A resume of an active state acknowledges losses; it changes nothing.
    const bool same = status.state == body.state && status.since != domain::Timestamp{};
    status = {.state = body.state,
              .reason = body.reason,
              .since = same ? status.since : event.at,
              .stated_reason = body.stated_reason,
              .acknowledged_until = body.acknowledged_until};
    ++ledger.count(body.strategy.value_or(domain::StrategyName{}))
          .state_changes[static_cast<std::size_t>(body.state)]
                        [static_cast<std::size_t>(body.reason)];
    if (body.state == TradingState::Active) ledger.portfolio_.acknowledge_losses(body.strategy);
  }
  void operator()(const domain::StrategySwitched& body) const {
    ledger.enabled_[body.strategy] = body.enabled;
  }
  void operator()(const domain::LeaseGranted&) const {}
  void operator()(const domain::CommandAccepted& body) const {
    ledger.remember_answer(body.command, {event.seq, event.at, domain::CommandDenyReason::None});
  }
  void operator()(const domain::CommandDenied& body) const {
    ledger.remember_answer(body.command, {event.seq, event.at, body.reason});
  }
  void operator()(const domain::FlattenBegun& body) const {
    ledger.flattens_.push_back({.command = body.command,
                                .strategy = body.strategy,
                                .begun_at = event.at,
                                .ended_at = std::nullopt,
                                .left = {}});
  }
  void operator()(const domain::FlattenEnded& body) const {
    const auto ended =
        std::find_if(ledger.flattens_.begin(), ledger.flattens_.end(),
                     [&](const Flatten& flatten) { return flatten.command == body.command; });
    if (ended == ledger.flattens_.end()) return;
    ended->ended_at = event.at;
    ended->left = body.left;
    ledger.last_flatten_ = std::move(*ended);
    ledger.flattens_.erase(ended);
  }
  void operator()(const domain::JournalRestored& body) const {
    ledger.timeline_ = body.timeline;
    ledger.starts_ = body.start;
    ledger.restores_.push_back(
        {event.seq, event.at, body.backup_seq, body.backup_at, body.lost_seq});
    // A reader of the lost history takes a snapshot of this one, because every topic continues
    // here.
    for (auto& [topic, seq] : ledger.topic_seq_) seq = event.seq;
  }

  static void count_confirmed(StrategyCounters& counters, const domain::OrderFilled& fill) {
    counters.fees += fill.fee;
    counters.volume[static_cast<std::size_t>(fill.side)] += fill.cash;
  }
};

domain::StreamedEvent Ledger::apply(domain::Event taken) {
  domain::StreamedEvent streamed;
  streamed.event = std::move(taken);
  const domain::Event& event = streamed.event;
  POLYBOT_ASSERT(domain::follows(event, last_seq_));
  last_seq_ = event.seq;
  last_at_ = event.at;
  ++event_counts_[event.body.index()];
  std::uint64_t& topic = topic_seq_.try_emplace(event.strategy, restored_seq()).first->second;
  streamed.prev = topic;
  topic = event.seq;
  std::visit(Applier{*this, event, streamed}, event.body);
  return streamed;
}

void Ledger::count_change(const OrderRecord& record, const OrderChange& change) {
  StrategyCounters& counters = count(record.order.strategy);
  if (change.entered) {
    ++counters.orders[static_cast<std::size_t>(record.order.side)]
                     [static_cast<std::size_t>(*change.entered)];
    const bool refused = *change.entered == domain::OrderStatus::Rejected;
    if (refused && record.entered_status(domain::OrderStatus::Accepted)) {
      ++counters.orders_refused_late;
    }
    if (refused && record.reject_reason == domain::RejectReason::NotFoundAtVenue) {
      ++counters.orders_written_off;
    }
  }
  if (change.corrected) ++counters.orders_corrected;
}

void Ledger::remember_answer(const domain::CommandId& command, Answer answer) {
  if (answers_.emplace(command, answer).second) answer_order_.push_back(command);
  if (answer_order_.size() <= kCommandAnswersMax) return;
  answers_.erase(answer_order_.front());
  answer_order_.pop_front();
}

void Ledger::forget_market_if_done(const MarketId& market) {
  const auto it = markets_.find(market);
  const bool done =
      it == markets_.end() || over(it->second.status) || portfolio_.resolutions().contains(market);
  if (!done) return;
  if (!commitments_.open_in(market).ids.empty()) return;
  if (portfolio_.forgettable(market)) {
    portfolio_.forget(market);
    market_changed(market);
  } else if (portfolio_.holds(market)) {
    return;
  }
  // A late fill of an ended order needs the market's record for its fee, and for the claim it
  // makes.
  if (it == markets_.end() || orders_.names(market)) return;
  instruments_.erase(it->second.yes_token);
  instruments_.erase(it->second.no_token);
  for (const domain::Outcome outcome : {domain::Outcome::Yes, domain::Outcome::No})
    compared_.erase({market, outcome});
  markets_.erase(it);
}

void Ledger::position_changed(const domain::StrategyName& strategy, const MarketId& id) {
  const domain::Market* known = market(id);
  commitments_.position_changed(
      strategy, id, known == nullptr ? domain::EventGroupId{} : known->event, portfolio_);
}

void Ledger::market_changed(const MarketId& id) {
  for (const auto& [strategy, positions] : portfolio_.positions()) position_changed(strategy, id);
}

Money Ledger::fee_worst(const domain::Order& order) const {
  const domain::Market* known = market(order.instrument.market);
  return known == nullptr ? Money{} : order_manager::fee_worst(order, known->fee);
}

}  // namespace polybot::order_manager
