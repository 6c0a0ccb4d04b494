#include "common/wire/strategy_codec.hpp"

#include <gtest/gtest.h>

#include "polybot/v1/lease.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using test::at;

domain::OrderCounts sample_counts(std::uint64_t first) {
  domain::OrderCounts counts;
  for (std::uint64_t& count : counts.orders) count = first++;
  counts.live = first++;
  counts.denied = first++;
  counts.denials[static_cast<std::size_t>(domain::DenyReason::QuoteStale)] = first++;
  counts.fills = first++;
  counts.fills_reversed = first++;
  counts.state_changes[2][static_cast<std::size_t>(domain::StateReason::Restored)] = first;
  return counts;
}

StrategyTable sample_table() {
  domain::StrategyState momentum;
  momentum.strategy = {"momentum"};
  momentum.enabled = true;
  momentum.enabled_at_first = true;
  momentum.trading_state = domain::TradingState::Halted;
  momentum.own = {domain::TradingState::Halted, domain::StateReason::Requested, at(7),
                  "Wartung, Ölwechsel", at(9)};
  momentum.parameters = {{"window_s", "30"}, {"märkte", "alle"}, {"empty", ""}};
  momentum.last_seq = 12;
  momentum.figures = {.realized = domain::Money::from_raw(-5),
                      .unrealized = domain::Money::from_raw(INT64_MIN),
                      .daily_pnl = domain::Money::from_raw(INT64_MAX),
                      .drawdown = domain::Money::from_raw(1),
                      .exposure = domain::Money::from_raw(2),
                      .orders_live = 3,
                      .positions_open = 4};
  momentum.counts = sample_counts(100);
  domain::StrategyState idle;
  idle.strategy = {"arbitrage"};
  domain::AccountState account{
      .own = {domain::TradingState::Reducing, domain::StateReason::Flatten, at(8)},
      .counts = sample_counts(200),
      .figures = {.realized = domain::Money::from_raw(-7), .orders_live = 9},
      .restored_seq = 1'795'000'000'000'000,
      .restored_at = at(9),
      .backup_at = at(6),
      .submissions_paused = "forbidden",
      .rows_unread = 12,
      .mode = domain::TradingMode::Paper,
      .quotes_wanted = 0x8000'0000'0000'0001};
  account.flattens = {{.command = {1, 2}, .strategy = std::nullopt, .begun_at = at(3)},
                      {.command = {3, 4},
                       .strategy = domain::StrategyName{"momentum"},
                       .begun_at = at(4),
                       .ended_at = at(5),
                       .left = {{{"momentum"},
                                 {test::id_of<domain::MarketId>(1), domain::Outcome::No},
                                 test::quantity(8'000'000),
                                 domain::LeftReason::BelowMinimum}}}};
  return {{momentum, idle}, {{{}, 12}, {{"external"}, 11}, {{"gone"}, 3}}, account};
}

TEST(StrategyCodec, CarriesStrategiesAndTheAccount) {
  StrategyTable received{.strategies = {{}, {}, {}}, .further = {{}}, .account = {}};
  ASSERT_EQ(decode_strategies(encode_strategies(sample_table()), received), DecodeError::None);
  EXPECT_EQ(received, sample_table());
}

// An older order-manager sends the strategies alone.
TEST(StrategyCodec, ReadsATableWithoutAnAccount) {
  v1::StrategyTable message;
  v1::StrategyState& state = *message.add_strategies();
  state.set_strategy("momentum");
  state.set_trading_state(v1::TRADING_STATE_HALTED);
  StrategyTable received;
  received.account.restored_seq = 5;
  ASSERT_EQ(decode_strategies(message.SerializeAsString(), received), DecodeError::None);
  EXPECT_EQ(received.account, domain::AccountState{});
  EXPECT_EQ(received.strategies[0].own.state, domain::TradingState::Halted);
  EXPECT_EQ(received.strategies[0].own.since, domain::Timestamp{});
}

TEST(StrategyCodec, SurvivesAbuse) {
  test::abuse(encode_strategies(sample_table()), [](std::string_view bytes) {
    StrategyTable out;
    return decode_strategies(bytes, out);
  });
}

TEST(StrategyCodec, RefusesMessagesThatNoServiceSends) {
  v1::StrategyTable strategies;
  StrategyTable table;
  v1::StrategyState& state = *strategies.add_strategies();
  state.set_strategy("momentum");
  EXPECT_EQ(decode_strategies(strategies.SerializeAsString(), table), DecodeError::BadEnum);
  state.set_trading_state(v1::TRADING_STATE_ACTIVE);
  EXPECT_EQ(decode_strategies(strategies.SerializeAsString(), table), DecodeError::None);
  state.mutable_counts()->add_denials()->set_reason_n(
      static_cast<std::uint32_t>(domain::kDenyReasons) + 1);
  EXPECT_EQ(decode_strategies(strategies.SerializeAsString(), table), DecodeError::BadEnum);
  state.clear_counts();
  for (std::size_t i = 0; i < kParametersMax + 1; ++i) state.add_parameters();
  EXPECT_EQ(decode_strategies(strategies.SerializeAsString(), table), DecodeError::OutOfRange);
}

}  // namespace
}  // namespace polybot::wire
