#include <algorithm>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

using domain::StrategyName;
using domain::TradingState;

std::uint64_t Ledger::last_seq(const StrategyName& topic) const {
  const auto it = topic_seq_.find(topic);
  return it == topic_seq_.end() ? restored_seq() : it->second;
}

const domain::Market* Ledger::market(const domain::MarketId& id) const {
  const auto it = markets_.find(id);
  return it == markets_.end() ? nullptr : &it->second;
}

std::optional<domain::Instrument> Ledger::instrument(const domain::TokenId& token) const {
  const auto it = instruments_.find(token);
  return it == instruments_.end() ? std::nullopt : std::optional(it->second);
}

domain::TradingStatus Ledger::own_trading_status(
    const std::optional<StrategyName>& strategy) const {
  if (!strategy) return account_state_;
  const auto it = strategy_states_.find(*strategy);
  return it == strategy_states_.end() ? domain::TradingStatus{} : it->second;
}

std::vector<domain::TradingStateChanged> Ledger::own_trading_states() const {
  std::vector<domain::TradingStateChanged> states;
  const auto add = [&](const std::optional<StrategyName>& strategy,
                       const domain::TradingStatus& own) {
    states.push_back({strategy, own.state, own.reason, own.stated_reason, own.acknowledged_until});
  };
  add(std::nullopt, account_state_);
  for (const auto& [strategy, own] : strategy_states_) add(strategy, own);
  return states;
}

std::vector<LegQuantity> Ledger::leg_quantities(const LegGroup& group) const {
  std::vector<LegQuantity> quantities = LegGroups::quantities(group, orders_);
  for (LegQuantity& leg : quantities) {
    const MarketPosition* position = portfolio_.find(group.strategy, leg.instrument.market);
    const domain::Quantity held = position == nullptr
                                      ? domain::Quantity{}
                                      : position->token(leg.instrument.outcome).holding().quantity;
    leg.quantity = std::min(leg.quantity, std::max(held, domain::Quantity{}));
  }
  return quantities;
}

TradingState Ledger::trading_state(const std::optional<StrategyName>& strategy) const {
  return std::max(account_state_.state, own_trading_state(strategy));
}

domain::TradingStatus Ledger::trading_status(const StrategyName& strategy) const {
  const domain::TradingStatus own = own_trading_status(strategy);
  return own.state < account_state_.state ? account_state_ : own;
}

std::optional<bool> Ledger::enabled(const StrategyName& strategy) const {
  const auto it = enabled_.find(strategy);
  return it == enabled_.end() ? std::nullopt : std::optional(it->second);
}

const Ledger::Answer* Ledger::answer(const domain::CommandId& command) const {
  const auto it = answers_.find(command);
  return it == answers_.end() ? nullptr : &it->second;
}

namespace {

void add_counters(Digest& digest, const StrategyCounters& counters) {
  for (const auto& side : counters.orders) {
    for (const std::uint64_t count : side) digest.add(count);
  }
  for (const auto& side : counters.fills) {
    for (const std::uint64_t count : side) digest.add(count);
  }
  for (const std::uint64_t count : counters.orders_denied) digest.add(count);
  for (const std::uint64_t count : counters.denials) digest.add(count);
  for (const std::uint64_t count : counters.signals) digest.add(count);
  for (const auto& reasons : counters.state_changes) {
    for (const std::uint64_t count : reasons) digest.add(count);
  }
  digest.add(counters.orders_corrected).add(counters.orders_resurrected);
  digest.add(counters.orders_refused_late).add(counters.orders_written_off);
  digest.add(counters.fills_reversed).add(counters.leases_fenced).add(counters.fees);
  digest.add(counters.volume[0]).add(counters.volume[1]);
}

}  // namespace

std::uint64_t Ledger::digest() const {
  Digest digest;
  digest.add(last_seq_).add(last_at_).add(journal_id_).add(opened_at_).add(deposited_).add(starts_);
  if (account_) digest.add(account_->address).add(account_->chain_id);
  digest.add(mode_);
  for (const auto& [topic, seq] : topic_seq_) digest.add(topic).add(seq);
  orders_.digest(digest);
  portfolio_.digest(digest);
  legs_.digest(digest);
  signals_.digest(digest);
  for (const auto& [id, market] : markets_) {
    digest.add(id).add(market.tick).add(market.min_size).add(market.status).add(market.ends_at);
    digest.add(market.slug).add(market.fee.rate_ppm).add(market.fee.exponent);
  }
  for (const auto& [token, instrument] : instruments_) digest.add(token).add(instrument);
  for (const domain::Instrument& instrument : compared_) digest.add(instrument);
  const auto add_status = [&](const domain::TradingStatus& status) {
    digest.add(status.state).add(status.reason).add(status.since);
    digest.add(status.stated_reason).add(status.acknowledged_until);
  };
  add_status(account_state_);
  for (const auto& [strategy, status] : strategy_states_) {
    digest.add(strategy);
    add_status(status);
  }
  for (const auto& [strategy, enabled] : enabled_) digest.add(strategy).add(enabled);
  for (const domain::CommandId& id : answer_order_) {
    const Answer& answer = answers_.at(id);
    digest.add(id.high).add(id.low).add(answer.seq).add(answer.at).add(answer.reason);
  }
  const auto add_flatten = [&](const Flatten& flatten) {
    digest.add(flatten.command.high).add(flatten.command.low).add(flatten.begun_at);
    digest.add(flatten.strategy.has_value());
    if (flatten.strategy) digest.add(*flatten.strategy);
    if (flatten.ended_at) digest.add(*flatten.ended_at);
    for (const auto& left : flatten.left) {
      digest.add(left.strategy).add(left.instrument).add(left.quantity).add(left.reason);
    }
  };
  for (const Flatten& flatten : flattens_) add_flatten(flatten);
  if (last_flatten_) add_flatten(*last_flatten_);
  digest.add(timeline_);
  for (const Restore& restore : restores_) {
    digest.add(restore.seq).add(restore.at).add(restore.backup_seq).add(restore.backup_at);
    digest.add(restore.lost_seq);
  }
  digest.add(drift_.cash).add(drift_.positions).add(drift_measured_).add(reconciled_until_);
  for (const auto& [strategy, counters] : counters_) {
    digest.add(strategy);
    add_counters(digest, counters);
  }
  for (const std::uint64_t count : event_counts_) digest.add(count);
  return digest.value();
}

}  // namespace polybot::order_manager
