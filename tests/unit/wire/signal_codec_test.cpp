#include "common/wire/signal_codec.hpp"

#include <gtest/gtest.h>

#include "polybot/v1/command.pb.h"
#include "polybot/v1/signal.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using test::at;
using test::id_of;
using test::price;
using test::quantity;

domain::Signal sample_signal() {
  return {.id = {.incarnation = UINT64_MAX, .counter = 42},
          .strategy = {"arbitrage"},
          .event = id_of<domain::EventGroupId>(1),
          .shard = {63},
          .lease_epoch = {.start = 3, .counter = 4},
          .applied_seq = 1'000'000,
          .action = domain::SignalAction::Exit,
          .intent =
              std::vector<domain::Leg>{
                  {.instrument = {id_of<domain::MarketId>(1), domain::Outcome::No},
                   .side = domain::Side::Sell,
                   .limit = price(1),
                   .quantity = quantity(1)},
                  {.instrument = {id_of<domain::MarketId>(2), domain::Outcome::Yes},
                   .side = domain::Side::Buy,
                   .limit = price(9999),
                   .quantity = quantity(5'000'000)}},
          .oldest_book_at = at(1),
          .tick_at = at(4),
          .decided_at = at(2),
          .expires_at = at(3),
          .trace = {99}};
}

domain::Signal quote_signal(std::optional<domain::Level> bid, std::optional<domain::Level> ask) {
  domain::Signal signal = sample_signal();
  signal.action = domain::SignalAction::Quote;
  signal.intent = domain::QuoteTarget{.market = id_of<domain::MarketId>(5), .bid = bid, .ask = ask};
  return signal;
}

DecodeError decode(std::string_view bytes) {
  domain::Signal out;
  return decode_signal(bytes, out);
}

TEST(SignalCodec, CarriesLegs) {
  domain::Signal received;
  ASSERT_EQ(decode_signal(encode_signal(sample_signal()), received), DecodeError::None);
  EXPECT_EQ(received, sample_signal());
}

TEST(SignalCodec, CarriesAQuoteTargetWithAnySides) {
  const domain::Level level{price(4500), quantity(10)};
  for (const auto& signal : {quote_signal(level, level), quote_signal(level, {}),
                             quote_signal({}, level), quote_signal({}, {})}) {
    domain::Signal received = sample_signal();
    ASSERT_EQ(decode_signal(encode_signal(signal), received), DecodeError::None);
    EXPECT_EQ(received, signal);
  }
}

TEST(SignalCodec, SurvivesAbuse) {
  test::abuse(encode_signal(sample_signal()), decode);
  const domain::Level level{price(4500), quantity(10)};
  test::abuse(encode_signal(quote_signal(level, level)), decode);
}

TEST(SignalCodec, RefusesWhatNoRunnerSends) {
  const auto refusal = [](auto change) {
    v1::Signal message;
    EXPECT_TRUE(message.ParseFromString(encode_signal(sample_signal())));
    change(message);
    return decode(message.SerializeAsString());
  };
  EXPECT_EQ(refusal([](v1::Signal& m) { m.clear_id(); }), DecodeError::Missing);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.clear_intent(); }), DecodeError::Missing);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.mutable_legs()->clear_legs(); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) {
              while (m.legs().legs_size() < 16) *m.mutable_legs()->add_legs() = m.legs().legs(0);
            }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_strategy("two words"); }), DecodeError::BadName);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_strategy(""); }), DecodeError::BadName);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_strategy("a.b"); }), DecodeError::BadName);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_event("x"); }), DecodeError::BadId);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_shard(64); }), DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_action(v1::SIGNAL_ACTION_UNSPECIFIED); }),
            DecodeError::BadEnum);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.mutable_legs()->mutable_legs(0)->set_limit(0); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.mutable_legs()->mutable_legs(0)->set_limit(10'000); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.mutable_legs()->mutable_legs(0)->set_quantity(0); }),
            DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.mutable_legs()->mutable_legs(0)->clear_instrument(); }),
            DecodeError::BadId);
  EXPECT_EQ(refusal([](v1::Signal& m) { m.set_expires_at_ns(-1); }), DecodeError::OutOfRange);
  EXPECT_EQ(refusal([](v1::Signal& m) {
              m.mutable_target()->set_market(std::string(32, 'm'));
              m.mutable_target()->mutable_bid()->set_price(5000);
            }),
            DecodeError::OutOfRange)
      << "a quote for nothing";
}

std::vector<domain::Command> sample_commands() {
  const domain::StrategyName momentum{"momentum"};
  const std::vector<domain::CommandBody> bodies = {
      domain::StartStrategy{momentum},
      domain::StopStrategy{momentum},
      domain::SetTradingState{momentum, domain::TradingState::Reducing},
      domain::SetTradingState{std::nullopt, domain::TradingState::Halted},
      domain::SetTradingState{std::nullopt, domain::TradingState::Halted, "Wartung, Ölwechsel",
                              at(9)},
      domain::CancelOrder{{.signal = {7, 8}, .leg = 9}},
      domain::CancelAllOrders{},
      domain::CancelAllOrders{momentum, id_of<domain::MarketId>(3)},
      domain::FlattenPositions{},
      domain::FlattenPositions{momentum},
  };
  std::vector<domain::Command> commands;
  for (const domain::CommandBody& body : bodies) {
    commands.push_back({.id = {.high = UINT64_MAX, .low = 1},
                        .body = body,
                        .issued_at = at(1),
                        .expires_at = at(2),
                        .trace = {5},
                        .issuer = body.index() % 2 == 0 ? "alice" : ""});
  }
  return commands;
}

TEST(CommandCodec, CarriesEveryCommand) {
  for (const domain::Command& sent : sample_commands()) {
    domain::Command received;
    ASSERT_EQ(decode_command(encode_command(sent), received), DecodeError::None);
    EXPECT_EQ(received, sent);
  }
}

TEST(CommandCodec, SurvivesAbuse) {
  for (const domain::Command& sent : sample_commands()) {
    test::abuse(encode_command(sent), [](std::string_view bytes) {
      domain::Command out;
      return decode_command(bytes, out);
    });
  }
}

TEST(CommandCodec, RefusesWhatNoGatewaySends) {
  domain::Command out;
  v1::Command message;
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::Missing);
  message.mutable_id()->set_high(1);
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::Missing)
      << "asks for nothing";
  message.mutable_start_strategy();
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::BadName);
  message.mutable_set_trading_state();
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::BadEnum);
  message.mutable_set_trading_state()->set_state(v1::TRADING_STATE_HALTED);
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::None);
  message.mutable_set_trading_state()->set_strategy("");
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::BadName)
      << "an empty scope must never widen to the whole account";
  message.mutable_cancel_order();
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::Missing);
  message.mutable_cancel_all_orders()->set_market("x");
  EXPECT_EQ(decode_command(message.SerializeAsString(), out), DecodeError::BadId);
}

}  // namespace
}  // namespace polybot::wire
