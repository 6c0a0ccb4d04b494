#include "common/wire/order_codec_bodies.hpp"

namespace polybot::wire {
namespace {

// What older receivers take for the reason; none for an operator.
domain::DenyReason cause_of(domain::StateReason reason) {
  const domain::DenyReason cause = domain::deny_reason_of(reason);
  return cause == domain::DenyReason::TradingReducing ? domain::DenyReason::None : cause;
}

void put_fill(const domain::FillId& id, v1::FillId& out) {
  out.set_trade(id.trade.value);
  wire::put(id.order, *out.mutable_order());
}

struct PutBody {
  v1::Event& out;

  void operator()(const domain::SignalAccepted& body) const {
    v1::SignalAccepted& to = *out.mutable_signal_accepted();
    wire::put(body.signal, *to.mutable_signal());
    to.set_action(wire_enum<v1::SignalAction>(body.action));
  }
  void operator()(const domain::SignalDenied& body) const {
    v1::SignalDenied& to = *out.mutable_signal_denied();
    wire::put(body.signal, *to.mutable_signal());
    to.set_reason_n(wire_enum(body.reason));
    to.set_buys(body.buys);
    to.set_sells(body.sells);
  }
  void operator()(const domain::OrderDenied& body) const {
    v1::OrderDenied& to = *out.mutable_order_denied();
    wire::put(body.order, *to.mutable_order());
    wire::put(body.instrument, *to.mutable_instrument());
    to.set_side(wire_enum<v1::Side>(body.side));
    to.set_reason_n(wire_enum(body.reason));
  }
  void operator()(const domain::OrderSubmitted& body) const {
    wire::put(body.order, *out.mutable_order_submitted()->mutable_order());
  }
  void operator()(const domain::OrderAmbiguous& body) const {
    v1::OrderAmbiguous& to = *out.mutable_order_ambiguous();
    wire::put(body.order, *to.mutable_order());
    to.set_cause_n(wire_enum(body.cause));
    to.set_last_byte_at_ns(domain::to_unix_ns(body.last_byte_at));
  }
  void operator()(const domain::OrderAccepted& body) const {
    wire::put(body.order, *out.mutable_order_accepted()->mutable_order());
  }
  void operator()(const domain::OrderRejected& body) const {
    v1::OrderRejected& to = *out.mutable_order_rejected();
    wire::put(body.order, *to.mutable_order());
    to.set_reason_n(wire_enum(body.reason));
    to.set_text(body.text);
  }
  void operator()(const domain::OrderFilled& body) const {
    v1::OrderFilled& to = *out.mutable_order_filled();
    put_fill(body.fill, *to.mutable_fill());
    wire::put(body.instrument, *to.mutable_instrument());
    to.set_side(wire_enum<v1::Side>(body.side));
    to.set_quantity(wire_number(body.quantity));
    to.set_cash(body.cash.raw());
    to.set_fee(body.fee.raw());
    to.set_liquidity_n(wire_enum(body.liquidity));
    to.set_status_n(wire_enum(body.status));
    to.set_matched_at_ns(domain::to_unix_ns(body.matched_at));
  }
  void operator()(const domain::FillAdvanced& body) const {
    v1::FillAdvanced& to = *out.mutable_fill_advanced();
    put_fill(body.fill, *to.mutable_fill());
    to.set_status_n(wire_enum(body.status));
  }
  void operator()(const domain::FillReversed& body) const {
    put_fill(body.fill, *out.mutable_fill_reversed()->mutable_fill());
  }
  void operator()(const domain::CancelRequested& body) const {
    put_cancel(body.order, body.reason, *out.mutable_cancel_requested());
  }
  void operator()(const domain::OrderCanceled& body) const {
    put_cancel(body.order, body.reason, *out.mutable_order_canceled());
  }
  void operator()(const domain::OrderCancelRejected& body) const {
    v1::OrderCancelRejected& to = *out.mutable_order_cancel_rejected();
    wire::put(body.order, *to.mutable_order());
    to.set_text(body.text);
  }
  void operator()(const domain::OrderExpired& body) const {
    wire::put(body.order, *out.mutable_order_expired()->mutable_order());
  }
  void operator()(const domain::OrderResurrected& body) const {
    wire::put(body.order, *out.mutable_order_resurrected()->mutable_order());
  }
  void operator()(const domain::LegsImbalanced& body) const {
    v1::LegsImbalanced& to = *out.mutable_legs_imbalanced();
    wire::put(body.signal, *to.mutable_signal());
    put_id(body.event, to.mutable_event());
    for (const auto& leg : body.legs) {
      v1::LegsImbalanced::Filled& filled = *to.add_legs();
      wire::put(leg.instrument, *filled.mutable_instrument());
      filled.set_quantity(leg.quantity.raw());
    }
  }
  void operator()(const domain::LegsLevelled& body) const {
    v1::LegsLevelled& to = *out.mutable_legs_levelled();
    wire::put(body.signal, *to.mutable_signal());
    put_id(body.event, to.mutable_event());
  }
  void operator()(const domain::MarketRecorded& body) const {
    wire::put(body.market, *out.mutable_market_recorded()->mutable_market());
  }
  void operator()(const domain::MarketResolved& body) const {
    v1::MarketResolved& to = *out.mutable_market_resolved();
    put_id(body.market, to.mutable_market());
    to.set_payout_yes(wire_price(body.payout.yes));
    to.set_payout_no(wire_price(body.payout.no));
  }
  void operator()(const domain::ClaimPaid& body) const {
    v1::ClaimPaid& to = *out.mutable_claim_paid();
    put_id(body.market, to.mutable_market());
    to.set_cash(body.cash.raw());
  }
  void operator()(const domain::CashMoved& body) const {
    out.mutable_cash_moved()->set_amount(body.amount.raw());
    out.mutable_cash_moved()->set_balance(body.balance.raw());
  }
  void operator()(const domain::HoldingOpened& body) const {
    v1::HoldingOpened& to = *out.mutable_holding_opened();
    wire::put(body.instrument, *to.mutable_instrument());
    to.set_quantity(wire_number(body.quantity));
    to.set_value(body.value.raw());
  }
  void operator()(const domain::IncomeBooked& body) const {
    v1::IncomeBooked& to = *out.mutable_income_booked();
    to.set_kind(wire_enum<v1::IncomeKind>(body.kind));
    to.set_date_days(body.date.days);
    to.set_amount(body.amount.raw());
  }
  void operator()(const domain::MarksTaken& body) const {
    v1::MarksTaken& to = *out.mutable_marks_taken();
    for (const auto& mark : body.marks) {
      v1::MarksTaken::Mark& row = *to.add_marks();
      put_id(mark.market, row.mutable_market());
      row.set_yes(wire_price(mark.yes));
    }
  }
  void operator()(const domain::DayOpened& body) const {
    v1::DayOpened& to = *out.mutable_day_opened();
    to.set_date_days(body.date.days);
    for (const auto& [strategy, equity] : body.equity) {
      v1::DayOpened::Equity& row = *to.add_equities();
      row.set_strategy(strategy.value);
      row.set_equity(equity.raw());
    }
  }
  void operator()(const domain::DriftMeasured& body) const {
    v1::DriftMeasured& to = *out.mutable_drift_measured();
    to.set_cash(body.cash.raw());
    to.set_positions(body.positions.raw());
    for (const domain::Instrument& instrument : body.first_compared)
      wire::put(instrument, *to.add_first_compared());
    to.set_missing(body.missing.raw());
  }
  void operator()(const domain::AccountReconciled& body) const {
    out.mutable_account_reconciled()->set_until_ns(domain::to_unix_ns(body.until));
  }
  void operator()(const domain::JournalOpened& body) const {
    v1::JournalOpened& to = *out.mutable_journal_opened();
    to.set_journal_id(body.journal_id);
    to.set_fold_version(body.fold_version);
    to.set_deposit(body.deposit.raw());
  }
  void operator()(const domain::ManagerStarted& body) const {
    v1::ManagerStarted& to = *out.mutable_manager_started();
    to.set_start(body.start);
    to.set_mode_n(wire_enum(body.mode));
    if (!body.account) return;
    to.mutable_account()->set_address(body.account->address);
    to.mutable_account()->set_chain_id(body.account->chain_id);
    to.mutable_account()->set_signature_type(body.account->signature_type);
    to.mutable_account()->set_owner(body.account->owner);
  }
  void operator()(const domain::TradingStateChanged& body) const {
    v1::TradingStateChanged& to = *out.mutable_trading_state_changed();
    if (body.strategy) to.set_strategy(body.strategy->value);
    to.set_state(wire_enum<v1::TradingState>(body.state));
    to.set_cause_n(wire_enum(cause_of(body.reason)));
    to.set_reason_n(wire_enum(body.reason));
    to.set_stated_reason(body.stated_reason);
    to.set_acknowledged_until_ns(domain::to_unix_ns(body.acknowledged_until));
  }
  void operator()(const domain::StrategySwitched& body) const {
    out.mutable_strategy_switched()->set_strategy(body.strategy.value);
    out.mutable_strategy_switched()->set_enabled(body.enabled);
  }
  void operator()(const domain::LeaseGranted& body) const {
    v1::LeaseGranted& to = *out.mutable_lease_granted();
    to.set_strategy(body.strategy.value);
    to.set_replica(body.replica.value);
    to.set_incarnation(body.incarnation);
    wire::put(body.epoch, *to.mutable_epoch());
    to.set_shards(body.shards);
  }
  void operator()(const domain::CommandAccepted& body) const {
    v1::CommandAnswered& to = *out.mutable_command_accepted();
    wire::put(body.command, *to.mutable_command());
    to.set_reason_n(wire_enum(domain::CommandDenyReason::None));
    to.set_issuer(body.issuer);
  }
  void operator()(const domain::CommandDenied& body) const {
    v1::CommandAnswered& to = *out.mutable_command_denied();
    wire::put(body.command, *to.mutable_command());
    to.set_reason_n(wire_enum(body.reason));
    to.set_issuer(body.issuer);
  }
  void operator()(const domain::FlattenBegun& body) const {
    v1::FlattenBegun& to = *out.mutable_flatten_begun();
    wire::put(body.command, *to.mutable_command());
    if (body.strategy) to.set_strategy(body.strategy->value);
  }
  void operator()(const domain::FlattenEnded& body) const {
    v1::FlattenEnded& to = *out.mutable_flatten_ended();
    wire::put(body.command, *to.mutable_command());
    for (const auto& left : body.left) wire::put(left, *to.add_left());
  }
  void operator()(const domain::JournalRestored& body) const {
    v1::JournalRestored& to = *out.mutable_journal_restored();
    to.set_timeline(body.timeline);
    to.set_backup_seq(body.backup_seq);
    to.set_backup_at_ns(domain::to_unix_ns(body.backup_at));
    to.set_lost_seq(body.lost_seq);
    to.set_start(body.start);
  }

 private:
  static void put_cancel(const domain::ClientOrderId& order, domain::CancelReason reason,
                         v1::OrderCancel& to) {
    wire::put(order, *to.mutable_order());
    to.set_reason_n(wire_enum(reason));
  }
};

}  // namespace

void put(const domain::CommandId& id, v1::CommandRef& out) {
  out.set_high(id.high);
  out.set_low(id.low);
}

void put(const domain::FlattenEnded::Left& left, v1::FlattenEnded::Left& out) {
  out.set_strategy(left.strategy.value);
  put(left.instrument, *out.mutable_instrument());
  out.set_quantity(left.quantity.raw());
  out.set_reason_n(wire_enum(left.reason));
}

void put(const domain::Order& order, v1::Order& out) {
  put(order.id, *out.mutable_id());
  put_id(order.venue_id, out.mutable_venue_id());
  out.set_strategy(order.strategy.value);
  put_id(order.event, out.mutable_event());
  put(order.instrument, *out.mutable_instrument());
  out.set_side(wire_enum<v1::Side>(order.side));
  out.set_limit(wire_price(order.limit));
  out.set_quantity(wire_number(order.quantity));
  out.set_time_in_force(wire_enum<v1::TimeInForce>(order.time_in_force));
  out.set_post_only(order.post_only);
  out.set_purpose_n(wire_enum(order.purpose));
  v1::SignedFields& fields = *out.mutable_fields();
  fields.set_salt(order.fields.salt);
  fields.set_timestamp_ms(order.fields.timestamp_ms);
  fields.set_maker_amount(wire_number(order.fields.maker_amount));
  fields.set_taker_amount(wire_number(order.fields.taker_amount));
  put_id(order.fields.token, fields.mutable_token());
  fields.set_exchange(wire_enum<v1::ExchangeVersion>(order.fields.exchange));
  fields.set_expiration_s(static_cast<std::uint64_t>(order.fields.expiration_s));
  out.set_decided_at_ns(domain::to_unix_ns(order.decided_at));
  out.set_submitted_at_ns(domain::to_unix_ns(order.submitted_at));
  out.set_trace(order.trace.value);
}

void put_event_body(const domain::EventBody& body, v1::Event& out) {
  std::visit(PutBody{out}, body);
}

}  // namespace polybot::wire
