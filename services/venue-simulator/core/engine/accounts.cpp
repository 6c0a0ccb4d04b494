#include "services/venue-simulator/core/engine/accounts.hpp"

namespace polybot::venue_simulator {

using domain::Money;
using domain::Outcome;
using domain::Quantity;
using domain::Side;

AccountId Accounts::open(const AccountAddress& address, Money deposit, bool house) {
  POLYBOT_ASSERT(!by_address_.contains(address));
  const AccountId id{static_cast<std::uint32_t>(accounts_.size())};
  Account account;
  account.address = address;
  account.house = house;
  account.cash = deposit;
  account.deposits = deposit;
  accounts_.push_back(std::move(account));
  by_address_.emplace(address, id);
  return id;
}

const AccountId* Accounts::find(const AccountAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : &found->second;
}

Account& Accounts::at(AccountId id) {
  POLYBOT_ASSERT(id.value < accounts_.size());
  return accounts_[id.value];
}

Holding Accounts::holding(AccountId id, MarketNo market, Outcome outcome) const {
  const auto& holdings = accounts_[id.value].holdings;
  const auto found = holdings.find(market);
  if (found == holdings.end()) return {};
  return outcome == Outcome::Yes ? found->second.yes : found->second.no;
}

Holding& Accounts::holding_of(AccountId id, MarketNo market, Outcome outcome) {
  return at(id).holdings[market].of(outcome);
}

void Accounts::forget_if_empty(AccountId id, MarketNo market) {
  auto& holdings = at(id).holdings;
  const auto found = holdings.find(market);
  if (found == holdings.end()) return;
  if (found->second.yes.empty() && found->second.no.empty()) holdings.erase(found);
}

void Accounts::reserve_cash(AccountId id, Money amount) {
  at(id).reserved += amount;
  POLYBOT_ASSERT(!at(id).available().is_negative());
}

void Accounts::release_cash(AccountId id, Money amount) {
  at(id).reserved -= amount;
  POLYBOT_ASSERT(!at(id).reserved.is_negative());
}

void Accounts::reserve_shares(AccountId id, MarketNo market, Outcome outcome, Quantity amount) {
  Holding& holding = holding_of(id, market, outcome);
  holding.reserved += amount;
  POLYBOT_ASSERT(!holding.available().is_negative());
}

void Accounts::release_shares(AccountId id, MarketNo market, Outcome outcome, Quantity amount) {
  Holding& holding = holding_of(id, market, outcome);
  holding.reserved -= amount;
  POLYBOT_ASSERT(!holding.reserved.is_negative());
  forget_if_empty(id, market);
}

void Accounts::lock(MarketNo market, const FillSide& side) {
  Account& account = at(side.account);
  if (account.house) return;
  if (side.side == Side::Buy) {
    account.locked += side.cash + side.fee;
  } else {
    Holding& holding = holding_of(side.account, market, side.outcome);
    holding.locked += side.quantity;
    POLYBOT_ASSERT(!holding.available().is_negative());
  }
}

void Accounts::unlock(MarketNo market, const FillSide& side) {
  Account& account = at(side.account);
  if (account.house) return;
  if (side.side == Side::Buy) {
    account.locked -= side.cash + side.fee;
    POLYBOT_ASSERT(!account.locked.is_negative());
  } else {
    Holding& holding = holding_of(side.account, market, side.outcome);
    holding.locked -= side.quantity;
    POLYBOT_ASSERT(!holding.locked.is_negative());
    forget_if_empty(side.account, market);
  }
}

void Accounts::settle(MarketNo market, const FillSide& side) {
  unlock(market, side);
  Account& account = at(side.account);
  Outstanding& outstanding = outstanding_[market];
  Quantity& shares = side.outcome == Outcome::Yes ? outstanding.yes : outstanding.no;
  if (side.side == Side::Buy) {
    account.cash -= side.cash + side.fee;
    holding_of(side.account, market, side.outcome).held += side.quantity;
    shares += side.quantity;
  } else {
    Holding& holding = holding_of(side.account, market, side.outcome);
    account.cash += side.cash - side.fee;
    holding.held -= side.quantity;
    shares -= side.quantity;
    POLYBOT_ASSERT(!holding.held.is_negative());
  }
  account.fees += side.fee;
  fees_ += side.fee;
  if (account.house) merge_pairs(side.account, market);
  forget_if_empty(side.account, market);
}

void Accounts::merge_pairs(AccountId id, MarketNo market) {
  Account& account = at(id);
  Holdings& holdings = account.holdings[market];
  const Quantity pairs = std::min(holdings.yes.held, holdings.no.held);
  holdings.yes.held -= pairs;
  holdings.no.held -= pairs;
  Outstanding& outstanding = outstanding_[market];
  outstanding.yes -= pairs;
  outstanding.no -= pairs;
  account.cash += Money::from_raw(pairs.raw());
  // The crowd as a whole never runs out of money: a shortage is paid in, and counted as a deposit.
  constexpr Money kFloat = Money::from_units(1'000'000);
  if (account.cash < kFloat) deposit(id, kFloat * 1'000);
}

void Accounts::redeem(MarketNo market, const domain::Payout& payout) {
  for (Account& account : accounts_) {
    const auto found = account.holdings.find(market);
    if (found == account.holdings.end()) continue;
    const Holdings& holdings = found->second;
    POLYBOT_ASSERT(holdings.yes.locked.is_zero() && holdings.no.locked.is_zero());
    POLYBOT_ASSERT(holdings.yes.reserved.is_zero() && holdings.no.reserved.is_zero());
    account.cash += domain::notional(payout.yes, holdings.yes.held, domain::Rounding::Down) +
                    domain::notional(payout.no, holdings.no.held, domain::Rounding::Down);
    account.holdings.erase(found);
  }
  outstanding_.erase(market);
}

void Accounts::pay_rebate(AccountId id, Money amount) {
  at(id).cash += amount;
  fees_ -= amount;
}

void Accounts::deposit(AccountId id, Money amount) {
  at(id).cash += amount;
  at(id).deposits += amount;
}

Conservation Accounts::conservation() const {
  Conservation sums;
  sums.fees = fees_;
  for (const Account& account : accounts_) {
    sums.cash += account.cash;
    sums.deposits += account.deposits;
  }
  for (const auto& [market, shares] : outstanding_) {
    sums.sets += Money::from_raw(shares.yes.raw());
    if (shares.yes != shares.no) sums.paired = false;
  }
  return sums;
}

}  // namespace polybot::venue_simulator
