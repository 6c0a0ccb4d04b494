#include "common/wire/strategy_codec.hpp"

#include <algorithm>

#include "common/wire/order_codec_bodies.hpp"
#include "common/wire/parameters_codec.hpp"
#include "polybot/v1/lease.pb.h"

namespace polybot::wire {
namespace {

void put_figures(const domain::StrategyFigures& from, v1::StrategyFigures& to) {
  to.set_realized(from.realized.raw());
  to.set_unrealized(from.unrealized.raw());
  to.set_daily_pnl(from.daily_pnl.raw());
  to.set_drawdown(from.drawdown.raw());
  to.set_exposure(from.exposure.raw());
  to.set_orders_live(from.orders_live);
  to.set_positions_open(from.positions_open);
}

domain::StrategyFigures read_figures(const v1::StrategyFigures& message) {
  return {.realized = domain::Money::from_raw(message.realized()),
          .unrealized = domain::Money::from_raw(message.unrealized()),
          .daily_pnl = domain::Money::from_raw(message.daily_pnl()),
          .drawdown = domain::Money::from_raw(message.drawdown()),
          .exposure = domain::Money::from_raw(message.exposure()),
          .orders_live = message.orders_live(),
          .positions_open = message.positions_open()};
}

void put_counts(const domain::OrderCounts& from, v1::OrderCounts& to) {
  for (const std::uint64_t count : from.orders) to.add_orders(count);
  to.set_live(from.live);
  to.set_denied(from.denied);
  for (const auto reason : domain::kEnumerators<domain::DenyReason>) {
    const std::uint64_t count = from.denials[place_of(reason)];
    if (count == 0) continue;
    v1::OrderCounts::Denials& denials = *to.add_denials();
    denials.set_reason_n(wire_enum(reason));
    denials.set_count(count);
  }
  to.set_fills(from.fills);
  to.set_fills_reversed(from.fills_reversed);
  for (const auto state : domain::kEnumerators<domain::TradingState>) {
    for (const auto reason : domain::kEnumerators<domain::StateReason>) {
      const std::uint64_t count = from.state_changes[place_of(state)][place_of(reason)];
      if (count == 0) continue;
      v1::OrderCounts::StateChanges& changes = *to.add_state_changes();
      changes.set_state(wire_enum<v1::TradingState>(state));
      changes.set_reason_n(wire_enum(reason));
      changes.set_count(count);
    }
  }
}

// A status that this program does not know is left out: its sender is newer.
domain::OrderCounts read_counts(Reading& reading, const v1::OrderCounts& message) {
  domain::OrderCounts counts;
  const int known = std::min(message.orders_size(), static_cast<int>(counts.orders.size()));
  std::copy_n(message.orders().begin(), known, counts.orders.begin());
  counts.live = message.live();
  counts.denied = message.denied();
  for (const auto& denials : message.denials()) {
    const auto reason = reading.enumerated<domain::DenyReason>(denials.reason_n());
    counts.denials[place_of(reason)] += denials.count();
  }
  counts.fills = message.fills();
  counts.fills_reversed = message.fills_reversed();
  for (const auto& changes : message.state_changes()) {
    const domain::TradingState state = reading.enumerated<domain::TradingState>(changes.state());
    const auto reason = reading.enumerated<domain::StateReason>(changes.reason_n());
    counts.state_changes[place_of(state)][place_of(reason)] += changes.count();
  }
  return counts;
}

void put_status(const domain::TradingStatus& from, v1::TradingStatus& to) {
  to.set_state(wire_enum<v1::TradingState>(from.state));
  to.set_reason_n(wire_enum(from.reason));
  to.set_since_ns(domain::to_unix_ns(from.since));
  to.set_stated_reason(from.stated_reason);
  to.set_acknowledged_until_ns(domain::to_unix_ns(from.acknowledged_until));
}

domain::TradingStatus read_status(Reading& reading, const v1::TradingStatus& message) {
  return {.state = reading.enumerated<domain::TradingState>(message.state()),
          .reason = reading.enumerated<domain::StateReason>(message.reason_n()),
          .since = reading.at(message.since_ns()),
          .stated_reason = reading.text(message.stated_reason(), domain::kStatedReasonBytesMax),
          .acknowledged_until = reading.at(message.acknowledged_until_ns())};
}

void put_flatten(const domain::FlattenState& from, v1::FlattenState& to) {
  put(from.command, *to.mutable_command());
  if (from.strategy) to.set_strategy(from.strategy->value);
  to.set_begun_at_ns(domain::to_unix_ns(from.begun_at));
  if (from.ended_at) to.set_ended_at_ns(domain::to_unix_ns(*from.ended_at));
  for (const auto& left : from.left) put(left, *to.add_left());
}

domain::FlattenState read_flatten(Reading& reading, const v1::FlattenState& message) {
  domain::FlattenState flatten;
  flatten.command = read_command(message.command());
  if (message.has_strategy()) flatten.strategy = {reading.text(message.strategy(), kNameBytesMax)};
  flatten.begun_at = reading.at(message.begun_at_ns());
  if (message.ended_at_ns() != 0) flatten.ended_at = reading.at(message.ended_at_ns());
  reading.require(static_cast<std::size_t>(message.left_size()) <= domain::kLeftMax,
                  DecodeError::OutOfRange);
  for (const auto& left : message.left()) {
    if (reading.failed()) break;
    flatten.left.push_back(read_left(reading, left));
  }
  return flatten;
}

void put_account(const domain::AccountState& from, v1::AccountState& to) {
  put_status(from.own, *to.mutable_own());
  put_counts(from.counts, *to.mutable_counts());
  put_figures(from.figures, *to.mutable_figures());
  for (const domain::FlattenState& flatten : from.flattens)
    put_flatten(flatten, *to.add_flattens());
  to.set_restored_seq(from.restored_seq);
  to.set_restored_at_ns(domain::to_unix_ns(from.restored_at));
  to.set_backup_at_ns(domain::to_unix_ns(from.backup_at));
  to.set_submissions_paused(from.submissions_paused);
  to.set_rows_unread(from.rows_unread);
  if (from.mode) to.set_mode_n(wire_enum(*from.mode));
  to.set_quotes_wanted(from.quotes_wanted);
}

domain::AccountState read_account(Reading& reading, const v1::AccountState& message) {
  domain::AccountState account;
  account.own = read_status(reading, message.own());
  account.counts = read_counts(reading, message.counts());
  account.figures = read_figures(message.figures());
  reading.require(static_cast<std::size_t>(message.flattens_size()) <= kFlattensMax,
                  DecodeError::OutOfRange);
  for (const auto& flatten : message.flattens()) {
    if (reading.failed()) break;
    account.flattens.push_back(read_flatten(reading, flatten));
  }
  account.restored_seq = message.restored_seq();
  account.restored_at = reading.at(message.restored_at_ns());
  account.backup_at = reading.at(message.backup_at_ns());
  account.submissions_paused = reading.text(message.submissions_paused(), kNameBytesMax);
  account.rows_unread = message.rows_unread();
  if (message.mode_n() != 0)
    account.mode = reading.enumerated<domain::TradingMode>(message.mode_n());
  account.quotes_wanted = message.quotes_wanted();
  return account;
}

domain::StrategyState read_state(Reading& reading, const v1::StrategyState& message) {
  domain::StrategyState state;
  state.strategy = reading.strategy(message.strategy());
  state.enabled = message.enabled();
  state.trading_state = reading.enumerated<domain::TradingState>(message.trading_state());
  state.parameters = read_parameters(reading, message);
  state.last_seq = message.last_seq();
  state.figures = read_figures(message.figures());
  state.enabled_at_first = message.enabled_at_first();
  // An older sender does not send these. Only the stricter of the two states is known then.
  state.own.state = state.trading_state;
  if (message.has_own()) state.own = read_status(reading, message.own());
  state.counts = read_counts(reading, message.counts());
  return state;
}

}  // namespace

std::string encode_strategies(const StrategyTable& table) {
  v1::StrategyTable out;
  for (const domain::StrategyState& state : table.strategies) {
    v1::StrategyState& to = *out.add_strategies();
    to.set_strategy(state.strategy.value);
    to.set_enabled(state.enabled);
    to.set_trading_state(wire_enum<v1::TradingState>(state.trading_state));
    put_parameters(state.parameters, to);
    to.set_last_seq(state.last_seq);
    put_figures(state.figures, *to.mutable_figures());
    to.set_enabled_at_first(state.enabled_at_first);
    put_status(state.own, *to.mutable_own());
    put_counts(state.counts, *to.mutable_counts());
  }
  for (const StreamEnd& end : table.further) {
    if (static_cast<std::size_t>(out.further_size()) == kStreamEndsMax) break;
    v1::StreamEnd& to = *out.add_further();
    to.set_stream(end.stream.value);
    to.set_last_seq(end.last_seq);
  }
  put_account(table.account, *out.mutable_account());
  return out.SerializeAsString();
}

DecodeError decode_strategies(std::string_view bytes, StrategyTable& out) {
  v1::StrategyTable message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (static_cast<std::size_t>(message.strategies_size()) > kStrategiesMax ||
      static_cast<std::size_t>(message.further_size()) > kStreamEndsMax)
    return DecodeError::OutOfRange;
  Reading reading;
  out = {};
  for (const v1::StrategyState& state : message.strategies())
    out.strategies.push_back(read_state(reading, state));
  for (const v1::StreamEnd& end : message.further()) {
    StreamEnd& to = out.further.emplace_back();
    if (!end.stream().empty()) to.stream = reading.strategy(end.stream());
    to.last_seq = end.last_seq();
  }
  if (message.has_account()) out.account = read_account(reading, message.account());
  return reading.error();
}

}  // namespace polybot::wire
