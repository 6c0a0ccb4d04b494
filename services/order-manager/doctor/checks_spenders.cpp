// What the exchanges may take of the wallet: the venue lists the spenders that it looks at.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "common/polymarket/signing.hpp"
#include "services/order-manager/doctor/checks.hpp"

namespace polybot::order_manager::doctor {
namespace {

using domain::ExchangeVersion;
using domain::Money;
using polymarket::BalanceAllowance;

constexpr const char* kApprove =
    "approve trading at the venue's page (it asks for it once, and again for a new exchange), then "
    "run doctor again";

struct Spender {
  std::string name;
  std::string what;
  polymarket::Address address;
};

// Those of every market of the protocol that orders are made for.
std::vector<Spender> spenders_of(std::uint64_t chain_id) {
  const auto address = [chain_id](ExchangeVersion exchange) {
    return polymarket::exchange_address(chain_id, exchange).value_or(polymarket::Address{});
  };
  return {{"spender-standard", "the exchange of most markets", address(ExchangeVersion::V2)},
          {"spender-neg-risk", "the exchange of markets of which one wins",
           address(ExchangeVersion::V2NegRisk)}};
}

std::optional<std::int64_t> allowed(const BalanceAllowance& told,
                                    const polymarket::Address& spender) {
  const auto found = std::ranges::find(told.allowances, spender,
                                       &std::pair<polymarket::Address, std::int64_t>::first);
  if (found == told.allowances.end()) return std::nullopt;
  return found->second;
}

Check check_spender(const Spender& spender, const BalanceAllowance& told) {
  const std::string who =
      fmt::format("{} ({})", spender.what, polymarket::to_checksum(spender.address));
  const auto amount = allowed(told, spender.address);
  if (!amount || *amount == 0) {
    return fails(spender.name,
                 fmt::format("{} may spend no pUSD: buys there would be answered \"{}\"", who,
                             polymarket::refusal::kBalance),
                 kApprove);
  }
  if (*amount < told.balance) {
    return warns(spender.name,
                 fmt::format("{} may spend {} pUSD, less than the wallet has", who,
                             Money::from_raw(*amount).to_string()),
                 kApprove);
  }
  return passes(spender.name, who + " may spend the wallet's pUSD");
}

Check check_others(const BalanceAllowance& told, const std::vector<Spender>& known) {
  std::string without;
  for (const auto& [address, amount] : told.allowances) {
    const bool is_known = std::ranges::find(known, address, &Spender::address) != known.end();
    if (is_known || amount > 0) continue;
    without.append(without.empty() ? "" : ", ").append(polymarket::to_checksum(address));
  }
  if (without.empty()) return passes("spender-others", "no other spender lacks an approval");
  return warns("spender-others",
               "the venue also looks at spenders that may spend nothing: " + without, kApprove);
}

// Shares are sold by another approval, of the contract that holds them.
Check check_shares(const Facts& facts) {
  if (auto missing =
          unanswered("spender-shares", "GET /balance-allowance of a token", facts.shares, facts))
    return *missing;
  const auto told = polymarket::parse_balance_allowance(facts.shares.body);
  const auto market =
      facts.market.good()
          ? polymarket::parse_clob_market(facts.market.body)
          : polymarket::ParseResult<polymarket::ClobMarket>(polymarket::ParseError{});
  if (!market) return unchecked("spender-shares", "the record of a market cannot be read");
  if (!told) {
    return fails("spender-shares", "GET /balance-allowance of a token cannot be read",
                 "see that venue.rest is right");
  }
  const ExchangeVersion exchange = polymarket::exchange_of(market->version, market->neg_risk);
  const auto address = polymarket::exchange_address(facts.chain_id, exchange);
  const auto amount = address ? allowed(*told, *address) : std::nullopt;
  if (!amount || *amount == 0) {
    return fails("spender-shares",
                 fmt::format("the exchange of {} may take no shares: sells there would be answered "
                             "\"{}\"",
                             facts.sample.market, polymarket::refusal::kBalance),
                 kApprove);
  }
  return passes("spender-shares", "the exchange may take the wallet's shares");
}

}  // namespace

void check_spenders(const Facts& facts, std::vector<Check>& checks) {
  const std::vector<Spender> spenders = spenders_of(facts.chain_id);
  const auto found = facts.wallet ? facts.balances.find(facts.wallet->kind) : facts.balances.end();
  const bool told_here = found != facts.balances.end() && found->second.good();
  const auto told = told_here ? polymarket::parse_balance_allowance(found->second.body)
                              : polymarket::ParseResult<BalanceAllowance>(polymarket::ParseError{});
  if (told) {
    for (const Spender& spender : spenders) checks.push_back(check_spender(spender, *told));
    checks.push_back(check_others(*told, spenders));
  } else {
    // The lines of wallet and collateral tell why.
    for (const Spender& spender : spenders)
      checks.push_back(unchecked(spender.name, "the venue has told no balance"));
  }
  checks.push_back(check_shares(facts));
}

}  // namespace polybot::order_manager::doctor
