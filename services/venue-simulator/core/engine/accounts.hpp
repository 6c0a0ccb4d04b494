// The money of the simulated exchange: cash and shares of each account, the part promised to
// resting orders, and the part in trades that are not MINED yet.
//
// As on the chain behind the real venue, balances move when a trade is MINED, not when it is
// matched: between the two the buyer's cash and the seller's shares are only locked. So `cash` and
// `held` are what the venue reports as balances; available = balance - reserved - locked.
//
// House accounts are the simulated crowd: they are not checked, only buy (selling YES at p is
// buying NO at 1 - p), and their pairs are merged to cash at once.
//
// Wrong calls end in an assertion; the matching engine checks availability first.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

// Markets count from 1 in the order of listing and are never reused.
struct MarketNo {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const MarketNo&) const = default;
};

struct Holding {
  domain::Quantity held;      // settled; what the venue reports
  domain::Quantity reserved;  // promised to resting sells
  domain::Quantity locked;    // sold in trades that are not mined yet
  [[nodiscard]] domain::Quantity available() const { return held - reserved - locked; }
  [[nodiscard]] bool empty() const {
    return held.is_zero() && reserved.is_zero() && locked.is_zero();
  }
};

struct Holdings {
  Holding yes;
  Holding no;
  [[nodiscard]] Holding& of(domain::Outcome outcome) {
    return outcome == domain::Outcome::Yes ? yes : no;
  }
};

struct Account {
  AccountAddress address{};
  bool house = false;
  domain::Money cash;      // settled; what the venue reports
  domain::Money reserved;  // promised to resting and delayed buys, fees included
  domain::Money locked;    // spent in trades that are not mined yet
  domain::Money deposits;  // paid in, less paid out
  domain::Money fees;      // paid, settled trades only
  std::map<MarketNo, Holdings> holdings;
  [[nodiscard]] domain::Money available() const { return cash - reserved - locked; }
};

// One side of a fill: what an account gives and gets.
struct FillSide {
  AccountId account;
  domain::Outcome outcome = domain::Outcome::Yes;
  domain::Side side = domain::Side::Buy;
  domain::Quantity quantity;
  domain::Money cash;  // paid or received, before the fee
  domain::Money fee;
};

// Sigma cash + outstanding complete sets + fees = deposits.
struct Conservation {
  domain::Money cash;
  domain::Money sets;  // one pUSD for each outstanding pair
  domain::Money fees;
  domain::Money deposits;
  bool paired = true;  // as many YES as NO in every market
  [[nodiscard]] bool holds() const { return paired && cash + sets + fees == deposits; }
};

class Accounts {
 public:
  AccountId open(const AccountAddress& address, domain::Money deposit, bool house);
  [[nodiscard]] const AccountId* find(const AccountAddress& address) const;
  [[nodiscard]] const Account& operator[](AccountId id) const { return accounts_[id.value]; }
  [[nodiscard]] std::size_t size() const { return accounts_.size(); }
  [[nodiscard]] Holding holding(AccountId id, MarketNo market, domain::Outcome outcome) const;

  // Resting orders.
  void reserve_cash(AccountId id, domain::Money amount);
  void release_cash(AccountId id, domain::Money amount);
  void reserve_shares(AccountId id, MarketNo market, domain::Outcome outcome,
                      domain::Quantity amount);
  void release_shares(AccountId id, MarketNo market, domain::Outcome outcome,
                      domain::Quantity amount);

  // A fill: locked when matched, settled when MINED, unlocked when FAILED. House sides are not
  // locked.
  void lock(MarketNo market, const FillSide& side);
  void unlock(MarketNo market, const FillSide& side);
  void settle(MarketNo market, const FillSide& side);

  // Pays out every share of a resolved market. No trade of the market may be unsettled.
  void redeem(MarketNo market, const domain::Payout& payout);
  // Moves cash in or out from outside.
  void deposit(AccountId id, domain::Money amount);
  // Out of the fees that were collected.
  void pay_rebate(AccountId id, domain::Money amount);

  [[nodiscard]] Conservation conservation() const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(accounts_, by_address_, outstanding_, fees_);
  }

 private:
  Account& at(AccountId id);
  Holding& holding_of(AccountId id, MarketNo market, domain::Outcome outcome);
  void forget_if_empty(AccountId id, MarketNo market);
  void merge_pairs(AccountId id, MarketNo market);

  // Outstanding shares of a market.
  struct Outstanding {
    domain::Quantity yes;
    domain::Quantity no;
  };

  std::vector<Account> accounts_;
  std::map<AccountAddress, AccountId> by_address_;
  std::map<MarketNo, Outstanding> outstanding_;
  domain::Money fees_;
};

}  // namespace polybot::venue_simulator
