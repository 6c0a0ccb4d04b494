#include "services/gateway/api/read_model/notices.hpp"

#include <algorithm>
#include <map>

#include "common/runtime/clock.hpp"

namespace polybot::gateway {
namespace {

using domain::StrategyName;
using domain::TradingState;

constexpr auto kRestoreTold = std::chrono::hours(24);
constexpr std::size_t kLeftNamed = 3;
constexpr std::size_t kClaimsNamed = 10;

std::string resume_call(const std::optional<StrategyName>& strategy) {
  return "POST /api/v1/trading/resume" + (strategy ? "?strategy=" + strategy->value : "");
}

std::string scope_of(const std::optional<StrategyName>& strategy) {
  return strategy ? strategy->value : std::string("the whole account");
}

void about_states(std::vector<std::string>& said, const TradingView& view) {
  const auto tell = [&](const domain::TradingStatus& status,
                        const std::optional<StrategyName>& strategy) {
    if (status.state == TradingState::Active) return;
    said.push_back((strategy ? "strategy " + strategy->value + " is " : "trading is ") +
                   trading_sentence(status, strategy) + "; " + resume_call(strategy) +
                   " ends that");
  };
  tell(view.account().own, std::nullopt);
  for (const domain::StrategyState& strategy : view.strategies()) {
    tell(strategy.own, strategy.strategy);
  }
}

// The configuration counts for a new journal alone; afterwards the journal says which strategies
// run.
void about_switches(std::vector<std::string>& said, const TradingView& view) {
  for (const domain::StrategyState& strategy : view.strategies()) {
    if (strategy.enabled == strategy.enabled_at_first) continue;
    const std::string& name = strategy.strategy.value;
    const std::string call = "POST /api/v1/strategies/" + name;
    said.push_back(strategy.enabled
                       ? "strategy " + name +
                             " runs though its configuration says enabled = false, which counts "
                             "for a new journal only; " +
                             call + "/stop stops it"
                       : "strategy " + name +
                             " is stopped though its configuration says enabled = true, which "
                             "counts for a new journal only; " +
                             call + "/start starts it");
  }
}

std::string left_text(const domain::FlattenState& flatten, const NameMarket& market) {
  std::string text;
  const std::size_t named = std::min(flatten.left.size(), kLeftNamed);
  for (std::size_t i = 0; i < named; ++i) {
    const domain::FlattenEnded::Left& left = flatten.left[i];
    text += (i == 0 ? "" : ", ") + left.quantity.to_string() + " " +
            std::string(name_of(left.instrument.outcome)) + " of " +
            market(left.instrument.market) + " (" + std::string(name_of(left.reason)) + ")";
  }
  if (flatten.left.size() > named)
    text += " and " + std::to_string(flatten.left.size() - named) + " more";
  return text;
}

void about_flattens(std::vector<std::string>& said, const TradingView& view,
                    const NameMarket& market) {
  for (const domain::FlattenState& flatten : view.account().flattens) {
    const std::string scope = scope_of(flatten.strategy);
    if (!flatten.ended_at) {
      said.push_back("the flatten of " + scope + " goes on since " +
                     runtime::to_rfc3339(flatten.begun_at));
      continue;
    }
    // Once its scope trades again, the flatten is of no interest any more.
    const domain::StrategyState* strategy =
        flatten.strategy ? view.strategy(*flatten.strategy) : nullptr;
    const TradingState state =
        strategy == nullptr ? view.account().own.state : strategy->trading_state;
    if (flatten.left.empty() || state == TradingState::Active) continue;
    said.push_back("the flatten of " + scope + " ended at " +
                   runtime::to_rfc3339(*flatten.ended_at) +
                   " and left: " + left_text(flatten, market));
  }
}

void about_venue(std::vector<std::string>& said, const TradingView& view) {
  const domain::AccountState& account = view.account();
  if (!account.submissions_paused.empty()) {
    said.push_back("the venue takes no orders (" + account.submissions_paused +
                   "); it is tried again by itself");
  }
  if (account.rows_unread > 0) {
    said.push_back(
        "rows of the account at the venue cannot be read (" + std::to_string(account.rows_unread) +
        " trades, open orders or balances); they are read again, and until then positions "
        "and cash may lack them");
  }
}

// What the venue has not redeemed by itself, nobody has: only the owner of the wallet can.
void about_claims(std::vector<std::string>& said, const TradingView& view, const NameMarket& market,
                  domain::Timestamp now) {
  struct Owed {
    domain::Money cash;
    domain::Timestamp since{};
  };
  std::map<domain::MarketId, Owed> overdue;  // of all strategies
  for (const ClaimView& claim : view.holdings().claims()) {
    if (now <= claim.resolved_at + domain::kClaimPatience) continue;
    Owed& owed = overdue.try_emplace(claim.market, Owed{{}, claim.resolved_at}).first->second;
    owed.cash += claim.cash;
  }
  if (overdue.empty()) return;
  std::string text;
  std::size_t named = 0;
  for (const auto& [id, owed] : overdue) {
    if (named++ == kClaimsNamed) break;
    text += (text.empty() ? "" : ", ") + owed.cash.to_string() + " pUSD of " + market(id) +
            " since " + runtime::to_rfc3339(owed.since);
  }
  if (overdue.size() > kClaimsNamed)
    text += " and " + std::to_string(overdue.size() - kClaimsNamed) + " more";
  said.push_back("claims are not paid: " + text +
                 "; redeem them in the portfolio of the venue's site, and they are booked by "
                 "themselves");
}

void about_restores(std::vector<std::string>& said, const TradingView& view,
                    domain::Timestamp now) {
  const domain::AccountState& account = view.account();
  if (account.restored_seq == 0 || now - account.restored_at > kRestoreTold) return;
  said.push_back("the journal was restored at " + runtime::to_rfc3339(account.restored_at) +
                 " from a backup of " + runtime::to_rfc3339(account.backup_at) +
                 ": what was traded between is booked to external");
}

}  // namespace

std::string trading_sentence(const domain::TradingStatus& status,
                             const std::optional<StrategyName>& strategy) {
  std::string text(name_of(status.state));
  if (!strategy) text += " for the whole account";
  if (status.since == domain::Timestamp{}) return text;
  text += " since " + runtime::to_rfc3339(status.since) + " by " +
          std::string(domain::state_origin_name(status.reason)) + " (" +
          std::string(name_of(status.reason)) + ")";
  if (!status.stated_reason.empty()) text += ": " + status.stated_reason;
  if (status.acknowledged_until == domain::Timestamp{}) return text;
  return text + ", acknowledged until " + runtime::to_rfc3339(status.acknowledged_until);
}

std::vector<std::string> notices(const TradingView& view, const NameMarket& market,
                                 domain::Timestamp now) {
  std::vector<std::string> said;
  about_states(said, view);
  about_flattens(said, view, market);
  about_switches(said, view);
  about_venue(said, view);
  about_claims(said, view, market, now);
  about_restores(said, view, now);
  return said;
}

}  // namespace polybot::gateway
