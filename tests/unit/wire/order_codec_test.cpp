// Every kind of event through the journal's bytes and back, and what damaged bytes do.
#include "common/wire/order_codec.hpp"

#include <gtest/gtest.h>

#include "polybot/v1/order.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using namespace domain;  // NOLINT: a test vocabulary
using test::at;
using test::id_of;
using test::price;
using test::quantity;

Money money(std::int64_t raw) {
  return Money::from_raw(raw);
}

const SignalId kSignal{UINT64_MAX, 7};
const ClientOrderId kOrder{kSignal, 14};
const FillId kFill{{"a-trade"}, kOrder};
const Instrument kInstrument{id_of<MarketId>(1), Outcome::No};

Order sample_order() {
  Order order;
  order.id = kOrder;
  order.venue_id = id_of<VenueOrderId>(9);
  order.strategy = {"spread_farm"};
  order.event = id_of<EventGroupId>(2);
  order.instrument = kInstrument;
  order.side = Side::Sell;
  order.limit = price(4'500);
  order.quantity = quantity(20'000'000);
  order.time_in_force = TimeInForce::Fok;
  order.post_only = true;
  order.purpose = OrderPurpose::Flatten;
  order.fields = {.salt = (std::uint64_t{1} << 53) - 1,
                  .timestamp_ms = 1'795'000'000'123,
                  .maker_amount = money(20'000'000),
                  .taker_amount = money(9'000'000),
                  .token = id_of<TokenId>(3),
                  .exchange = ExchangeVersion::V2NegRisk,
                  .expiration_s = 1'795'000'600};
  order.decided_at = at(10);
  order.submitted_at = at(11);
  order.trace = {42};
  return order;
}

// One body of each kind, in the order of EventBody.
std::vector<EventBody> sample_bodies() {
  return {SignalAccepted{kSignal, SignalAction::Exit},
          SignalDenied{kSignal, DenyReason::NotReady, 3, 2},
          OrderDenied{kOrder, kInstrument, Side::Sell, DenyReason::WouldSelfTrade},
          OrderSubmitted{sample_order()},
          OrderAmbiguous{kOrder, AmbiguityCause::Restarted, at(12)},
          OrderAccepted{kOrder},
          OrderRejected{kOrder, RejectReason::NotFoundAtVenue, "not enough balance / allowance"},
          OrderFilled{.fill = kFill,
                      .instrument = kInstrument,
                      .side = Side::Sell,
                      .quantity = quantity(1),
                      .cash = money(2),
                      .fee = money(3),
                      .liquidity = LiquiditySide::Taker,
                      .status = FillStatus::Confirmed,
                      .matched_at = at(13)},
          FillAdvanced{kFill, FillStatus::Mined},
          FillReversed{kFill},
          CancelRequested{kOrder, CancelReason::Ambiguous},
          OrderCanceled{kOrder, CancelReason::Resurrected},
          OrderCancelRejected{kOrder, "already matched"},
          OrderExpired{kOrder},
          OrderResurrected{kOrder},
          LegsImbalanced{kSignal,
                         id_of<EventGroupId>(2),
                         {{kInstrument, quantity(5)}, {kInstrument, quantity(0)}}},
          LegsLevelled{kSignal, id_of<EventGroupId>(2)},
          MarketRecorded{test::sample_market()},
          MarketResolved{id_of<MarketId>(1), {price(10'000), price(0)}},
          ClaimPaid{id_of<MarketId>(1), money(-5)},
          CashMoved{money(-1'000'000), money(5)},
          MarksTaken{{{id_of<MarketId>(1), price(1)}, {id_of<MarketId>(4), price(9'999)}}},
          DayOpened{{20'779}, {{{"external"}, money(-7)}, {{"arbitrage"}, money(8)}}},
          DriftMeasured{money(-3), money(4), {{id_of<MarketId>(3), Outcome::No}}, money(2)},
          JournalOpened{UINT64_MAX, 1, money(10'000'000'000)},
          ManagerStarted{3, AccountId{"0x" + std::string(40, 'a'), 137}, TradingMode::Live},
          TradingStateChanged{StrategyName{"momentum"}, TradingState::Reducing,
                              StateReason::DrawdownExceeded},
          StrategySwitched{{"momentum"}, true},
          LeaseGranted{{"momentum"}, {"runner-1"}, UINT64_MAX, {3, 4}, ~std::uint64_t{0}},
          CommandAccepted{{1, 2}, "alice"},
          CommandDenied{{1, 2}, CommandDenyReason::JournalUnavailable, "default"},
          FlattenBegun{{1, 2}, StrategyName{"momentum"}},
          FlattenEnded{{1, 2}, {{{"momentum"}, kInstrument, quantity(7), LeftReason::NotHeld}}},
          AccountReconciled{at(5)},
          JournalRestored{UINT64_MAX, 76, at(6), 0, 1'000'000},
          HoldingOpened{{id_of<MarketId>(3), Outcome::No}, quantity(25), money(7)},
          IncomeBooked{IncomeKind::Reward, {20'000}, money(5)}};
}

Event sample_event(EventBody body) {
  return {.seq = 77, .at = at(14), .strategy = {"external"}, .trace = {5}, .body = std::move(body)};
}

TEST(OrderCodec, HasASampleOfEveryKindOfEvent) {
  const auto bodies = sample_bodies();
  ASSERT_EQ(bodies.size(), kEventKinds);
  for (std::size_t i = 0; i < bodies.size(); ++i)
    EXPECT_EQ(bodies[i].index(), i) << event_kind_name(i);
}

TEST(OrderCodec, CarriesEveryKindOfEvent) {
  for (const EventBody& body : sample_bodies()) {
    const Event event = sample_event(body);
    Event received;
    ASSERT_EQ(decode_event(encode_event(event), received), DecodeError::None)
        << event_kind_name(body.index());
    EXPECT_EQ(received, event) << event_kind_name(body.index());
  }
}

TEST(OrderCodec, CarriesEventsOfTheAccountAndOptionsThatAreNotThere) {
  Event event =
      sample_event(TradingStateChanged{std::nullopt, TradingState::Halted, StateReason::Requested});
  event.strategy = {};
  Event received;
  ASSERT_EQ(decode_event(encode_event(event), received), DecodeError::None);
  EXPECT_EQ(received, event);
  event.body = TradingStateChanged{std::nullopt, TradingState::Halted, StateReason::Requested,
                                   "Wartung, Ölwechsel", at(9)};
  ASSERT_EQ(decode_event(encode_event(event), received), DecodeError::None);
  EXPECT_EQ(received, event);
  event.body = FlattenBegun{{1, 2}, std::nullopt};
  ASSERT_EQ(decode_event(encode_event(event), received), DecodeError::None);
  EXPECT_EQ(received, event);
}

// A record from before there were reasons has a cause: a limit's, or none for an operator.
TEST(OrderCodec, ReadsTheReasonOfAnOldRecordFromItsCause) {
  const auto reason_of = [](std::uint32_t cause_n) {
    v1::Event message;
    message.set_seq(1);
    message.mutable_trading_state_changed()->set_state(v1::TRADING_STATE_REDUCING);
    message.mutable_trading_state_changed()->set_cause_n(cause_n);
    Event event;
    EXPECT_EQ(decode_event(message.SerializeAsString(), event), DecodeError::None);
    return std::get<TradingStateChanged>(event.body).reason;
  };
  const auto number = [](DenyReason cause) { return static_cast<std::uint32_t>(cause) + 1; };
  EXPECT_EQ(reason_of(number(DenyReason::None)), StateReason::Requested);
  EXPECT_EQ(reason_of(number(DenyReason::DailyLossExceeded)), StateReason::DailyLossExceeded);
  EXPECT_EQ(reason_of(number(DenyReason::DrawdownExceeded)), StateReason::DrawdownExceeded);
}

TEST(OrderCodec, TakesAStartOfAnOldRecordForOneOfSim) {
  v1::Event message;
  message.set_seq(1);
  message.mutable_manager_started()->set_start(3);
  Event event;
  ASSERT_EQ(decode_event(message.SerializeAsString(), event), DecodeError::None);
  EXPECT_EQ(std::get<ManagerStarted>(event.body).mode, TradingMode::Sim);
  message.mutable_manager_started()->set_mode_n(99);
  EXPECT_EQ(decode_event(message.SerializeAsString(), event), DecodeError::BadEnum);
}

TEST(OrderCodec, CarriesWhatTheStreamAddsToAnEvent) {
  StreamedEvent streamed{.event = sample_event(OrderAccepted{kOrder}), .prev = 76};
  StreamedEvent received;
  ASSERT_EQ(decode_streamed(encode_streamed(streamed), received), DecodeError::None);
  EXPECT_EQ(received, streamed);
  streamed.status = OrderStatus::Submitted;
  streamed.position =
      PositionState{id_of<MarketId>(1), quantity(1), quantity(-2), money(3), money(-4), money(-5)};
  ASSERT_EQ(decode_streamed(encode_streamed(streamed), received), DecodeError::None);
  EXPECT_EQ(received, streamed);
}

TEST(OrderCodec, SurvivesCutAndFlippedBytesOfEveryKind) {
  for (const EventBody& body : sample_bodies()) {
    test::abuse(encode_event(sample_event(body)), [](std::string_view bytes) {
      Event out;
      return decode_event(bytes, out);
    });
  }
}

TEST(OrderCodec, RefusesAnEventWithoutABody) {
  Event out;
  EXPECT_EQ(decode_event("", out), DecodeError::Missing);
  StreamedEvent streamed;
  EXPECT_EQ(decode_streamed("", streamed), DecodeError::Missing);
}

TEST(OrderCodec, RefusesWhatNoVenueAndNoCoreCanMean) {
  const auto refused = [](EventBody body) {
    Event out;
    return decode_event(encode_event(sample_event(std::move(body))), out);
  };
  EXPECT_NE(refused(FillAdvanced{{{""}, kOrder}, FillStatus::Mined}), DecodeError::None);
  EXPECT_NE(
      refused(FillAdvanced{{{std::string(kTradeIdBytesMax + 1, 'x')}, kOrder}, FillStatus::Mined}),
      DecodeError::None);
  EXPECT_NE(refused(OrderRejected{kOrder, RejectReason::Other,
                                  std::string(kRejectTextBytesMax + 1, 'x')}),
            DecodeError::None);
  EXPECT_NE(refused(OrderRejected{kOrder, RejectReason::Other, "\xff"}), DecodeError::None);
  EXPECT_NE(refused(MarketResolved{id_of<MarketId>(1), {price(10'001), price(0)}}),
            DecodeError::None);
  EXPECT_NE(refused(OrderDenied{kOrder, kInstrument, static_cast<Side>(7), DenyReason::None}),
            DecodeError::None);
  EXPECT_NE(refused(OrderDenied{kOrder, kInstrument, Side::Buy, static_cast<DenyReason>(200)}),
            DecodeError::None);
  Order order = sample_order();
  order.fields.salt = std::uint64_t{1} << 53;
  EXPECT_NE(refused(OrderSubmitted{order}), DecodeError::None);
}

}  // namespace
}  // namespace polybot::wire
