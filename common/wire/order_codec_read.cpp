#include "common/wire/order_codec.hpp"
#include "common/wire/order_codec_bodies.hpp"

namespace polybot::wire {
namespace {

constexpr std::uint64_t kSaltMax = (std::uint64_t{1} << 53) - 1;
constexpr std::uint32_t kCountMax = 1'000'000;

domain::FillId read(Reading& reading, const v1::FillId& message) {
  domain::FillId id;
  id.trade = {reading.text(message.trade(), domain::kTradeIdBytesMax)};
  reading.require(!id.trade.value.empty(), DecodeError::BadId);
  id.order = reading.client_order_id(message.order());
  return id;
}

domain::SignedFields read_fields(Reading& reading, const v1::SignedFields& message) {
  reading.require(message.salt() <= kSaltMax, DecodeError::OutOfRange);
  return {.salt = message.salt(),
          .timestamp_ms = message.timestamp_ms(),
          .maker_amount = domain::Money::from_raw(reading.quantity(message.maker_amount()).raw()),
          .taker_amount = domain::Money::from_raw(reading.quantity(message.taker_amount()).raw()),
          .token = reading.id32<domain::TokenId>(message.token()),
          .exchange = reading.enumerated<domain::ExchangeVersion>(message.exchange()),
          .expiration_s = reading.at_most(message.expiration_s(), UINT32_MAX)};
}

domain::OrderFilled read(Reading& reading, const v1::OrderFilled& message) {
  return {.fill = read(reading, message.fill()),
          .instrument = reading.instrument(message.instrument()),
          .side = reading.enumerated<domain::Side>(message.side()),
          .quantity = reading.quantity(message.quantity()),
          .cash = domain::Money::from_raw(message.cash()),
          .fee = domain::Money::from_raw(message.fee()),
          .liquidity = reading.enumerated<domain::LiquiditySide>(message.liquidity_n()),
          .status = reading.enumerated<domain::FillStatus>(message.status_n()),
          .matched_at = reading.at(message.matched_at_ns())};
}

domain::ManagerStarted read(Reading& reading, const v1::ManagerStarted& message) {
  domain::ManagerStarted body{.start = message.start()};
  if (message.has_account()) {
    body.account = {.address = reading.text(message.account().address(), domain::kAddressBytesMax),
                    .chain_id = message.account().chain_id(),
                    .signature_type = static_cast<std::uint8_t>(
                        reading.at_most(message.account().signature_type(), UINT8_MAX)),
                    .owner = reading.text(message.account().owner(), domain::kAddressBytesMax)};
  }
  if (message.mode_n() != 0) body.mode = reading.enumerated<domain::TradingMode>(message.mode_n());
  return body;
}

domain::LegsImbalanced read(Reading& reading, const v1::LegsImbalanced& message) {
  domain::LegsImbalanced body{.signal = reading.signal_id(message.signal()),
                              .event = reading.id32<domain::EventGroupId>(message.event()),
                              .legs = {}};
  reading.require(message.legs_size() <= kEventRowsMax, DecodeError::OutOfRange);
  for (const auto& leg : message.legs()) {
    if (reading.failed()) break;
    body.legs.push_back(
        {reading.instrument(leg.instrument()), domain::Quantity::from_raw(leg.quantity())});
  }
  return body;
}

domain::MarksTaken read(Reading& reading, const v1::MarksTaken& message) {
  domain::MarksTaken body;
  reading.require(message.marks_size() <= kEventRowsMax, DecodeError::OutOfRange);
  for (const auto& mark : message.marks()) {
    if (reading.failed()) break;
    body.marks.push_back(
        {reading.id32<domain::MarketId>(mark.market()), reading.price(mark.yes())});
  }
  return body;
}

domain::DriftMeasured read(Reading& reading, const v1::DriftMeasured& message) {
  domain::DriftMeasured body{domain::Money::from_raw(message.cash()),
                             domain::Money::from_raw(message.positions())};
  for (const v1::Instrument& instrument : message.first_compared())
    body.first_compared.push_back(reading.instrument(instrument));
  body.missing = domain::Money::from_raw(message.missing());
  return body;
}

domain::IncomeBooked read(Reading& reading, const v1::IncomeBooked& message) {
  reading.require(message.amount() > 0, DecodeError::OutOfRange);
  return {.kind = reading.enumerated<domain::IncomeKind>(message.kind()),
          .date = {message.date_days()},
          .amount = domain::Money::from_raw(message.amount())};
}

// Equities are also kept for reserved names (external), which no configuration accepts: any short
// text is allowed.
domain::DayOpened read(Reading& reading, const v1::DayOpened& message) {
  domain::DayOpened body;
  body.date = {message.date_days()};
  reading.require(message.equities_size() <= kEventRowsMax, DecodeError::OutOfRange);
  for (const auto& row : message.equities()) {
    if (reading.failed()) break;
    body.equity[{reading.text(row.strategy(), kNameBytesMax)}] =
        domain::Money::from_raw(row.equity());
  }
  return body;
}

domain::LeaseGranted read(Reading& reading, const v1::LeaseGranted& message) {
  return {.strategy = reading.strategy(message.strategy()),
          .replica = reading.replica(message.replica()),
          .incarnation = message.incarnation(),
          .epoch = reading.lease_epoch(message.epoch()),
          .shards = message.shards()};
}

// For a record from before there were reasons.
domain::StateReason reason_of(domain::DenyReason cause) {
  if (cause == domain::DenyReason::DailyLossExceeded) return domain::StateReason::DailyLossExceeded;
  return cause == domain::DenyReason::DrawdownExceeded ? domain::StateReason::DrawdownExceeded
                                                       : domain::StateReason::Requested;
}

domain::TradingStateChanged read(Reading& reading, const v1::TradingStateChanged& message) {
  domain::TradingStateChanged body;
  if (message.has_strategy()) body.strategy = reading.strategy(message.strategy());
  body.state = reading.enumerated<domain::TradingState>(message.state());
  body.reason = message.reason_n() == 0
                    ? reason_of(reading.enumerated<domain::DenyReason>(message.cause_n()))
                    : reading.enumerated<domain::StateReason>(message.reason_n());
  body.stated_reason = reading.text(message.stated_reason(), domain::kStatedReasonBytesMax);
  body.acknowledged_until = reading.at(message.acknowledged_until_ns());
  return body;
}

domain::FlattenBegun read(Reading& reading, const v1::FlattenBegun& message) {
  domain::FlattenBegun body{.command = read_command(message.command()), .strategy = std::nullopt};
  if (message.has_strategy()) body.strategy = reading.strategy(message.strategy());
  return body;
}

domain::FlattenEnded read(Reading& reading, const v1::FlattenEnded& message) {
  domain::FlattenEnded body{.command = read_command(message.command()), .left = {}};
  reading.require(static_cast<std::size_t>(message.left_size()) <= domain::kLeftMax,
                  DecodeError::OutOfRange);
  for (const auto& left : message.left()) {
    if (reading.failed()) break;
    body.left.push_back(read_left(reading, left));
  }
  return body;
}

domain::JournalRestored read(Reading& reading, const v1::JournalRestored& message) {
  return {.timeline = message.timeline(),
          .backup_seq = message.backup_seq(),
          .backup_at = reading.at(message.backup_at_ns()),
          .lost_seq = message.lost_seq(),
          .start = message.start()};
}

domain::CancelReason cancel_reason(Reading& reading, const v1::OrderCancel& message) {
  return reading.enumerated<domain::CancelReason>(message.reason_n());
}

domain::EventBody read_order_body(Reading& reading, const v1::Event& message) {
  const auto order = [&](const auto& body) { return reading.client_order_id(body.order()); };
  switch (message.body_case()) {
    case v1::Event::kOrderDenied: {
      const auto& body = message.order_denied();
      return domain::OrderDenied{order(body), reading.instrument(body.instrument()),
                                 reading.enumerated<domain::Side>(body.side()),
                                 reading.enumerated<domain::DenyReason>(body.reason_n())};
    }
    case v1::Event::kOrderSubmitted:
      return domain::OrderSubmitted{read_order(reading, message.order_submitted().order())};
    case v1::Event::kOrderAmbiguous: {
      const auto& body = message.order_ambiguous();
      return domain::OrderAmbiguous{order(body),
                                    reading.enumerated<domain::AmbiguityCause>(body.cause_n()),
                                    reading.at(body.last_byte_at_ns())};
    }
    case v1::Event::kOrderAccepted:
      return domain::OrderAccepted{order(message.order_accepted())};
    case v1::Event::kOrderRejected: {
      const auto& body = message.order_rejected();
      return domain::OrderRejected{order(body),
                                   reading.enumerated<domain::RejectReason>(body.reason_n()),
                                   reading.text(body.text(), domain::kRejectTextBytesMax)};
    }
    case v1::Event::kOrderFilled:
      return read(reading, message.order_filled());
    case v1::Event::kFillAdvanced:
      return domain::FillAdvanced{
          read(reading, message.fill_advanced().fill()),
          reading.enumerated<domain::FillStatus>(message.fill_advanced().status_n())};
    case v1::Event::kFillReversed:
      return domain::FillReversed{read(reading, message.fill_reversed().fill())};
    case v1::Event::kCancelRequested:
      return domain::CancelRequested{order(message.cancel_requested()),
                                     cancel_reason(reading, message.cancel_requested())};
    case v1::Event::kOrderCanceled:
      return domain::OrderCanceled{order(message.order_canceled()),
                                   cancel_reason(reading, message.order_canceled())};
    case v1::Event::kOrderCancelRejected:
      return domain::OrderCancelRejected{
          order(message.order_cancel_rejected()),
          reading.text(message.order_cancel_rejected().text(), domain::kRejectTextBytesMax)};
    case v1::Event::kOrderExpired:
      return domain::OrderExpired{order(message.order_expired())};
    case v1::Event::kOrderResurrected:
      return domain::OrderResurrected{order(message.order_resurrected())};
    default:
      break;
  }
  reading.fail(DecodeError::Missing);
  return {};
}

domain::EventBody read_money_body(Reading& reading, const v1::Event& message) {
  switch (message.body_case()) {
    case v1::Event::kMarketRecorded:
      return domain::MarketRecorded{reading.market(message.market_recorded().market())};
    case v1::Event::kMarketResolved: {
      const auto& body = message.market_resolved();
      return domain::MarketResolved{
          reading.id32<domain::MarketId>(body.market()),
          {reading.price(body.payout_yes()), reading.price(body.payout_no())}};
    }
    case v1::Event::kClaimPaid:
      return domain::ClaimPaid{reading.id32<domain::MarketId>(message.claim_paid().market()),
                               domain::Money::from_raw(message.claim_paid().cash())};
    case v1::Event::kCashMoved:
      return domain::CashMoved{domain::Money::from_raw(message.cash_moved().amount()),
                               domain::Money::from_raw(message.cash_moved().balance())};
    case v1::Event::kHoldingOpened:
      return domain::HoldingOpened{reading.instrument(message.holding_opened().instrument()),
                                   reading.quantity_positive(message.holding_opened().quantity()),
                                   domain::Money::from_raw(message.holding_opened().value())};
    case v1::Event::kIncomeBooked:
      return read(reading, message.income_booked());
    case v1::Event::kMarksTaken:
      return read(reading, message.marks_taken());
    case v1::Event::kDayOpened:
      return read(reading, message.day_opened());
    case v1::Event::kDriftMeasured:
      return read(reading, message.drift_measured());
    case v1::Event::kAccountReconciled:
      return domain::AccountReconciled{reading.at(message.account_reconciled().until_ns())};
    case v1::Event::kJournalOpened: {
      const auto& body = message.journal_opened();
      return domain::JournalOpened{body.journal_id(), body.fold_version(),
                                   domain::Money::from_raw(body.deposit())};
    }
    default:
      return read_order_body(reading, message);
  }
}

}  // namespace

domain::CommandId read_command(const v1::CommandRef& message) {
  return {.high = message.high(), .low = message.low()};
}

domain::FlattenEnded::Left read_left(Reading& reading, const v1::FlattenEnded::Left& message) {
  return {.strategy = {reading.text(message.strategy(), kNameBytesMax)},
          .instrument = reading.instrument(message.instrument()),
          .quantity = domain::Quantity::from_raw(message.quantity()),
          .reason = reading.enumerated<domain::LeftReason>(message.reason_n())};
}

domain::Order read_order(Reading& reading, const v1::Order& message) {
  domain::Order order;
  order.id = reading.client_order_id(message.id());
  order.venue_id = reading.id32<domain::VenueOrderId>(message.venue_id());
  order.strategy = reading.strategy(message.strategy());
  order.event = reading.id32<domain::EventGroupId>(message.event());
  order.instrument = reading.instrument(message.instrument());
  order.side = reading.enumerated<domain::Side>(message.side());
  order.limit = reading.price(message.limit());
  order.quantity = reading.quantity(message.quantity());
  order.time_in_force = reading.enumerated<domain::TimeInForce>(message.time_in_force());
  order.post_only = message.post_only();
  order.purpose = reading.enumerated<domain::OrderPurpose>(message.purpose_n());
  order.fields = read_fields(reading, message.fields());
  order.decided_at = reading.at(message.decided_at_ns());
  order.submitted_at = reading.at(message.submitted_at_ns());
  order.trace = {message.trace()};
  return order;
}

domain::EventBody read_event_body(Reading& reading, const v1::Event& message) {
  switch (message.body_case()) {
    case v1::Event::kSignalAccepted:
      return domain::SignalAccepted{
          reading.signal_id(message.signal_accepted().signal()),
          reading.enumerated<domain::SignalAction>(message.signal_accepted().action())};
    case v1::Event::kSignalDenied: {
      const auto& body = message.signal_denied();
      return domain::SignalDenied{
          reading.signal_id(body.signal()), reading.enumerated<domain::DenyReason>(body.reason_n()),
          reading.at_most(body.buys(), kCountMax), reading.at_most(body.sells(), kCountMax)};
    }
    case v1::Event::kLegsImbalanced:
      return read(reading, message.legs_imbalanced());
    case v1::Event::kLegsLevelled:
      return domain::LegsLevelled{
          reading.signal_id(message.legs_levelled().signal()),
          reading.id32<domain::EventGroupId>(message.legs_levelled().event())};
    case v1::Event::kManagerStarted:
      return read(reading, message.manager_started());
    case v1::Event::kTradingStateChanged:
      return read(reading, message.trading_state_changed());
    case v1::Event::kStrategySwitched:
      return domain::StrategySwitched{reading.strategy(message.strategy_switched().strategy()),
                                      message.strategy_switched().enabled()};
    case v1::Event::kLeaseGranted:
      return read(reading, message.lease_granted());
    case v1::Event::kCommandAccepted:
      return domain::CommandAccepted{read_command(message.command_accepted().command()),
                                     reading.token_name(message.command_accepted().issuer())};
    case v1::Event::kCommandDenied:
      return domain::CommandDenied{
          read_command(message.command_denied().command()),
          reading.enumerated<domain::CommandDenyReason>(message.command_denied().reason_n()),
          reading.token_name(message.command_denied().issuer())};
    case v1::Event::kFlattenBegun:
      return read(reading, message.flatten_begun());
    case v1::Event::kFlattenEnded:
      return read(reading, message.flatten_ended());
    case v1::Event::kJournalRestored:
      return read(reading, message.journal_restored());
    default:
      return read_money_body(reading, message);
  }
}

}  // namespace polybot::wire
