// The account at the venue: its API key, whether it may open, what it has, and what it may lose.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/chain.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "services/order-manager/doctor/checks.hpp"

namespace polybot::order_manager::doctor {
namespace {

using domain::Money;

constexpr const char* kRevive =
    "have the venue's own client or page make an API key for this account (asked again, it gives "
    "the same one, which works again), then run doctor";

// Empty where credentials were got.
std::optional<Check> without_credentials(const Facts& facts) {
  const Answer& derived = facts.derived;
  if (derived.end == Answer::End::Answered && derived.status == 400) {
    return fails("api-key", "the venue has no API key of this account yet: " + refusal_of(derived),
                 "log in at the venue's page or client once; at the built-in venue start the stack "
                 "(polybot run), which makes one");
  }
  if (derived.end == Answer::End::Answered && derived.status == 401) {
    return fails("api-key", "the venue does not take the key's signature: " + refusal_of(derived),
                 "see that this host's clock and venue.chain_id are right");
  }
  if (auto missing = unanswered("api-key", "GET /auth/derive-api-key", derived, facts))
    return missing;
  if (!facts.derived_read) {
    return fails("api-key", "GET /auth/derive-api-key is answered without an API key",
                 "see that venue.rest is right");
  }
  return std::nullopt;
}

Check check_api_key(const Facts& facts) {
  if (!facts.credentials_configured) {
    if (auto missing = without_credentials(facts)) return *missing;
  }
  const Answer& keys = facts.keys;
  if (keys.end == Answer::End::Answered && keys.status == 401) {
    if (facts.credentials_configured) {
      return fails(
          "api-key",
          "the venue refuses the credentials of venue.api_credentials_file: " + refusal_of(keys),
          "empty venue.api_credentials_file, so that they are derived from the key, or "
          "put those there that belong to this key");
    }
    return fails("api-key", "the venue refuses the API key that it derives: " + refusal_of(keys),
                 kRevive);
  }
  if (auto missing = unanswered("api-key", "GET /auth/api-keys", keys, facts)) return *missing;
  return passes("api-key", facts.credentials_configured
                               ? "the venue takes the credentials of venue.api_credentials_file"
                               : "the venue takes the API key that belongs to the key");
}

Check check_closed_only(const Facts& facts) {
  const std::string question = "GET " + std::string(polymarket::kClosedOnlyPath);
  if (auto missing = unanswered("closed-only", question, facts.closed_only, facts)) return *missing;
  const auto closed_only = polymarket::parse_closed_only(facts.closed_only.body);
  if (!closed_only) {
    return fails("closed-only", question + " is answered without saying it",
                 "see that venue.rest is right");
  }
  if (*closed_only) {
    return fails("closed-only", "the venue lets this account only close what it holds",
                 "ask the venue why; do not trade: nothing can be opened");
  }
  return passes("closed-only", "the account may open");
}

// The answer about the configured wallet; null where nothing was asked.
const Answer& of_wallet(const std::map<polymarket::WalletKind, Answer>& answers,
                        const Facts& facts) {
  static const Answer none{.why_not = "the key has no wallet as configured"};
  const auto found = facts.wallet ? answers.find(facts.wallet->kind) : answers.end();
  return found == answers.end() ? none : found->second;
}

bool is_of_wallet_line(const Answer& answer) {
  return answer.end == Answer::End::Answered && answer.status == 404;
}

Check check_update(const Facts& facts) {
  const Answer& update = of_wallet(facts.updates, facts);
  if (is_of_wallet_line(update)) return unchecked("update", "the venue does not know the wallet");
  if (auto missing = unanswered("update", "GET /balance-allowance/update", update, facts)) {
    if (missing->verdict == Verdict::Fail) {
      missing->what += ": the venue's copy of balance and allowances may be old, or 0";
      missing->next = "run doctor again in a minute; without it the venue sees no deposit";
    }
    return *missing;
  }
  return passes("update", "the venue has read balance and allowances from the chain");
}

Money old_collateral(const Facts& facts) {
  if (!facts.old_collateral.good()) return {};
  const auto hex = polymarket::parse_chain_answer(facts.old_collateral.body);
  const auto units = hex ? polymarket::chain_number(*hex) : std::nullopt;
  if (!units) return {};
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return Money::from_raw(static_cast<std::int64_t>(std::min(*units, kMost)));
}

Check check_collateral(const Facts& facts) {
  const Answer& answer = of_wallet(facts.balances, facts);
  if (is_of_wallet_line(answer))
    return unchecked("collateral", "the venue does not know the wallet");
  if (auto missing = unanswered("collateral", "GET /balance-allowance", answer, facts))
    return *missing;
  const auto balance = balance_of(facts, facts.wallet->kind);
  if (!balance) {
    return fails("collateral", "GET /balance-allowance is answered without a balance",
                 "see that venue.rest is right");
  }
  if (!balance->is_positive()) {
    return fails("collateral", "the wallet has no pUSD at the venue",
                 old_collateral(facts).is_positive()
                     ? "convert its USDC.e to pUSD at the venue's page, then run doctor again"
                     : "deposit at the venue's page (USDC.e alone is not enough: it has to become "
                       "pUSD), then run doctor again");
  }
  const std::string what = fmt::format("{} pUSD", balance->to_string());
  if (facts.balance_min && *balance <= *facts.balance_min) {
    return warns("collateral",
                 fmt::format("{}, of which risk.balance_min ({}) leaves nothing to open with", what,
                             facts.balance_min->to_string()),
                 "lower risk.balance_min, or deposit");
  }
  return passes("collateral", what);
}

Check check_old_collateral(const Facts& facts) {
  if (!facts.node_configured) {
    return unchecked("old-collateral", "venue.rpc names no node of the chain",
                     "name one in venue.rpc to have USDC.e noticed");
  }
  if (auto missing =
          unanswered("old-collateral", "eth_call of venue.rpc", facts.old_collateral, facts))
    return *missing;
  const Money old = old_collateral(facts);
  if (!old.is_positive()) return passes("old-collateral", "no USDC.e lies in the wallet");
  return warns("old-collateral",
               fmt::format("{} USDC.e lie in the wallet, which the venue does not take any more",
                           old.to_string()),
               "convert them to pUSD at the venue's page");
}

Check check_limits(const Facts& facts) {
  const domain::RiskLimits& limits = facts.limits;
  std::string zero;
  const auto name_zero = [&zero](bool is_zero, const char* key) {
    if (is_zero) zero.append(zero.empty() ? "" : ", ").append(key);
  };
  name_zero(limits.order_notional_max.is_zero(), "risk.order_notional_max");
  name_zero(limits.position_max.is_zero(), "risk.position_max");
  name_zero(limits.event_exposure_max.is_zero(), "risk.event_exposure_max");
  name_zero(limits.exposure_max.is_zero(), "risk.exposure_max");
  name_zero(limits.open_orders_max == 0, "risk.open_orders_max");
  name_zero(limits.order_rate_max == 0, "risk.order_rate_max");
  if (!zero.empty()) {
    return fails("limits", "0 forbids every order: " + zero,
                 "set what may be at risk, or trading.first_state if nothing may be");
  }
  const auto balance =
      facts.wallet ? balance_of(facts, facts.wallet->kind) : std::optional<Money>();
  if (!balance || !balance->is_positive())
    return unchecked("limits", "the wallet's pUSD, which they are compared with, are not known");
  const auto exceeds = [&](Money limit, const char* key) {
    return limit < *balance ? std::string()
                            : fmt::format(
                                  "{} is {} pUSD, and the wallet has {}: all of it may be "
                                  "lost before that limit acts",
                                  key, limit.to_string(), balance->to_string());
  };
  for (const std::string& what : {exceeds(limits.daily_loss_max, "risk.daily_loss_max"),
                                  exceeds(limits.drawdown_max, "risk.drawdown_max")}) {
    if (!what.empty()) {
      return fails("limits", what,
                   "set risk.daily_loss_max and risk.drawdown_max to what you can "
                   "bear to lose");
    }
  }
  return passes("limits",
                fmt::format("at most {} pUSD at risk, {} lost in a day",
                            limits.exposure_max.to_string(), limits.daily_loss_max.to_string()));
}

}  // namespace

void check_account(const Facts& facts, std::vector<Check>& checks) {
  checks.push_back(check_api_key(facts));
  checks.push_back(check_closed_only(facts));
  checks.push_back(check_update(facts));
  checks.push_back(check_collateral(facts));
  checks.push_back(check_old_collateral(facts));
  checks.push_back(check_limits(facts));
}

}  // namespace polybot::order_manager::doctor
