#include "services/order-manager/core/account/claims.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "services/order-manager/core/account/in_turn.hpp"

namespace polybot::order_manager {

using domain::Money;
using domain::VenueAccount;

namespace {

// The venue takes a request per token and 200 of them in ten seconds.
constexpr std::size_t kClaimsPerReading = 10;
// Half a payout of an odd quantity is rounded: once by the venue, once per strategy here.
constexpr std::int64_t kRounding = 10;
// This is long enough for trades of the last moment to be mined, or to fail.
constexpr domain::Duration kRedeemedUnseen = std::chrono::minutes(10);

const VenueAccount::Holding* find_holding(const VenueAccount& account,
                                          const domain::TokenId& token) {
  const auto it =
      std::find_if(account.holdings.begin(), account.holdings.end(),
                   [&](const VenueAccount::Holding& holding) { return holding.token == token; });
  return it == account.holdings.end() ? nullptr : &*it;
}

// Whether the account has no winning shares any more; empty when it does not report all of them.
std::optional<bool> shares_gone(const VenueAccount& account, const domain::Market& market,
                                const domain::Payout& payout) {
  bool gone = true;
  for (const auto& [outcome, pays] :
       {std::pair(domain::Outcome::Yes, payout.yes), std::pair(domain::Outcome::No, payout.no)}) {
    if (!pays.is_positive()) continue;
    const auto* holding = find_holding(account, domain::token_of(market, outcome));
    if (holding == nullptr) return std::nullopt;
    gone = gone && holding->quantity.is_zero();
  }
  return gone;
}

std::set<domain::MarketId> owing(const Ledger& ledger) {
  std::set<domain::MarketId> markets;
  for (const auto& [market, resolution] : ledger.portfolio().resolutions()) {
    const bool owes = ledger.portfolio().claim(market).is_positive();
    if (owes && ledger.market(market) != nullptr) markets.insert(market);
  }
  return markets;
}

}  // namespace

bool Claims::any(const Portfolio& portfolio) {
  const auto& resolutions = portfolio.resolutions();
  return std::any_of(resolutions.begin(), resolutions.end(),
                     [&](const auto& entry) { return portfolio.claim(entry.first).is_positive(); });
}

std::vector<domain::TokenId> Claims::next_tokens(const Ledger& ledger) {
  std::vector<domain::TokenId> tokens;
  for (const domain::MarketId& id : take_in_turn(owing(ledger), read_to_, kClaimsPerReading)) {
    tokens.push_back(ledger.market(id)->yes_token);
    tokens.push_back(ledger.market(id)->no_token);
  }
  return tokens;
}

void Claims::settle(Turn& turn, const VenueAccount& account, const UnreadRows& unread,
                    const Settlements& settlements) {
  if (!account.collateral_told) return;
  const Portfolio& portfolio = turn.ledger.portfolio();
  for (const domain::MarketId& id : owing(turn.ledger)) {
    // The winning shares may be gone because an unreadable trade has sold them.
    if (unread.may_concern(id)) continue;
    const auto gone =
        shares_gone(account, *turn.ledger.market(id), portfolio.resolutions().at(id).payout);
    if (!gone) continue;
    if (!*gone) {
      shares_gone_since_.erase(id);
      continue;
    }
    const auto since = shares_gone_since_.try_emplace(id, account.read_at).first->second;
    const Money claim = portfolio.claim(id);
    const ExpectedRange cash = settlements.cash(turn.ledger, account.read_at);
    // What was missing before is missing still.
    const std::int64_t drift = std::min<std::int64_t>(0, turn.ledger.drift().cash.raw());
    const bool visible = account.collateral.raw() + kRounding >= cash.low + drift + claim.raw();
    if (!visible && account.read_at < since + kRedeemedUnseen) continue;
    turn.record(domain::ClaimPaid{id, claim});
  }
  std::erase_if(shares_gone_since_,
                [&](const auto& entry) { return !portfolio.claim(entry.first).is_positive(); });
}

}  // namespace polybot::order_manager
