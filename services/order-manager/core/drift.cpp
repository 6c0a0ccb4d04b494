// Does the venue have the money and the shares that the book says? A reading is not a snapshot:
// trades settle while it is taken. So the expectation is a range that holds whichever of the
// settlements in doubt the reading has seen; what lies outside it is drift.
#include <algorithm>
#include <utility>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::FillStatus;
using domain::Quantity;
using domain::Side;
using domain::VenueAccount;

namespace {

// Balances may lag behind the trades that moved them by about this much.
constexpr domain::Duration kSettlementLag = std::chrono::seconds(2);
// Half a payout of an odd quantity is rounded: once by the venue, once per strategy here.
constexpr std::int64_t kClaimRounding = 10;
// Long enough for what was matched at the last moment to be mined, or to fail.
constexpr domain::Duration kRedeemedUnseen = std::chrono::minutes(10);

template <class Visit>
void for_each_entry(const Portfolio& portfolio, const Visit& visit) {
  for (const auto& [strategy, positions] : portfolio.positions()) {
    for (const auto& [market, position] : positions) {
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        for (const TokenPosition::Entry& entry : position.token(outcome).entries()) {
          visit(domain::Instrument{market, outcome}, entry);
        }
      }
    }
  }
}

const VenueAccount::Holding* find_holding(const VenueAccount& account,
                                          const domain::TokenId& token) {
  const auto it =
      std::find_if(account.holdings.begin(), account.holdings.end(),
                   [&](const VenueAccount::Holding& holding) { return holding.token == token; });
  return it == account.holdings.end() ? nullptr : &*it;
}

}  // namespace

// Balances move when a trade is mined: matched ones, and those mined since shortly before the
// reading, may be in it or not.
OrderManager::State::Range OrderManager::State::expected_cash(Timestamp read_at) const {
  Range range{ledger.portfolio().cash().raw(), ledger.portfolio().cash().raw()};
  for_each_entry(ledger.portfolio(),
                 [&](const domain::Instrument&, const TokenPosition::Entry& entry) {
                   if (entry.status == FillStatus::Matched) range.widen(-cash_flow(entry).raw());
                 });
  for (const RecentFlow& recent : recent_flows) {
    if (recent.at >= read_at - kSettlementLag) range.widen(-recent.cash.raw());
  }
  for (const auto& [market, resolution] : ledger.portfolio().resolutions()) {
    // Nobody takes back what has been paid too much.
    range.widen(std::max(ledger.portfolio().claim(market), Money{}).raw());
  }
  return range;
}

OrderManager::State::Range OrderManager::State::expected_quantity(
    const domain::Instrument& instrument, Timestamp read_at) const {
  const std::int64_t booked = ledger.portfolio().account_quantity(instrument).raw();
  Range range{booked, booked};
  for_each_entry(
      ledger.portfolio(), [&](const domain::Instrument& of, const TokenPosition::Entry& entry) {
        if (of != instrument || entry.status != FillStatus::Matched) return;
        range.widen(entry.side == Side::Buy ? -entry.quantity.raw() : entry.quantity.raw());
      });
  for (const RecentFlow& recent : recent_flows) {
    if (recent.instrument == instrument && recent.at >= read_at - kSettlementLag) {
      range.widen(-recent.quantity.raw());
    }
  }
  return range;
}

// A claim is paid when the winning shares are gone from the account and its cash shows the payout.
// Where money is missing for another reason the payout never shows; shares that stay gone have been
// redeemed all the same, and what is missing is drift.
void OrderManager::State::settle_claims(const VenueAccount& account) {
  if (!account.collateral_told) return;
  std::vector<domain::MarketId> owing;
  for (const auto& [market, resolution] : ledger.portfolio().resolutions()) {
    if (!ledger.portfolio().claim(market).is_zero()) owing.push_back(market);
  }
  for (const domain::MarketId& id : owing) {
    const domain::Market* market = ledger.market(id);
    const Money claim = ledger.portfolio().claim(id);
    if (market == nullptr || !claim.is_positive()) continue;
    // The winning shares may be gone because a trade that nobody can read has sold them.
    if (may_be_unread(id)) continue;
    const domain::Payout& payout = ledger.portfolio().resolutions().at(id).payout;
    bool told = true;
    bool gone = true;
    for (const auto& [outcome, pays] :
         {std::pair(domain::Outcome::Yes, payout.yes), std::pair(domain::Outcome::No, payout.no)}) {
      if (!pays.is_positive()) continue;
      const auto* holding = find_holding(account, domain::token_of(*market, outcome));
      told = told && holding != nullptr;
      gone = gone && holding != nullptr && holding->quantity.is_zero();
    }
    if (!told) continue;
    if (!gone) {
      shares_gone_since.erase(id);
      continue;
    }
    const Timestamp since = shares_gone_since.try_emplace(id, account.read_at).first->second;
    const Range cash = expected_cash(account.read_at);
    const bool visible = account.collateral.raw() + kClaimRounding >= cash.low + claim.raw();
    if (!visible && account.read_at < since + kRedeemedUnseen) continue;
    record({}, {}, domain::ClaimPaid{id, claim});
  }
  std::erase_if(shares_gone_since, [&](const auto& entry) {
    return !ledger.portfolio().claim(entry.first).is_positive();
  });
}

void OrderManager::State::measure_drift(const VenueAccount& account) {
  const bool compared = std::exchange(account_compares, false);
  // A trade that nobody can read has moved what is compared here, and nobody knows by how much.
  if (!unread.trades.empty()) return;
  if (compared) drift_due = false;
  if (!account.collateral_told) return;
  // Of what was settled since it began, not everything is remembered any more.
  if (account.read_at - kSettlementLag < now - kRecentFlowKept) return;
  const Range cash = expected_cash(account.read_at);
  domain::DriftMeasured drift;
  drift.cash = Money::from_raw(cash.off(account.collateral.raw()));
  note_token_differences(account);
  for (const auto& [instrument, off] : token_differences) {
    auto yes = ledger.portfolio().mark(instrument.market);
    if (!yes) yes = mark_now(instrument.market);
    if (!yes) yes = Price::from_raw(5'000);
    drift.positions += domain::notional(yes_price(instrument.outcome, *yes),
                                        Quantity::from_raw(std::abs(off)), domain::Rounding::Up);
  }
  // What an earlier process has found stands until all of it has been compared again.
  const bool whole = never_compared && never_compared->empty();
  if (!whole) drift.positions = std::max(drift.positions, drift_found_before);
  book_cash_difference(drift.cash.raw(), cash.exact(), account.collateral);
  if (!ledger.drift_measured() || ledger.drift() != drift) record({}, {}, drift);
}

// A reading tells of some tokens; the differences of the others are as they were.
void OrderManager::State::note_token_differences(const VenueAccount& account) {
  for (const VenueAccount::Holding& holding : account.holdings) {
    const auto instrument = ledger.instrument(holding.token);
    if (never_compared) never_compared->erase(holding.token);
    if (!instrument) continue;
    token_differences[*instrument] =
        expected_quantity(*instrument, account.read_at).off(holding.quantity.raw());
  }
  std::erase_if(token_differences, [&](const auto& entry) {
    const domain::MarketId& market = entry.first.market;
    return entry.second == 0 || ledger.portfolio().resolutions().contains(market) ||
           !ledger.portfolio().holds(market);
  });
}

void OrderManager::State::book_cash_difference(std::int64_t difference, bool exact,
                                               Money collateral) {
  if (difference == 0 || difference != unexplained_cash) {
    unexplained_cash = difference;
    unexplained_since = now;
    return;
  }
  const bool rule = settings.cash_moved_after > domain::Duration{} && exact;
  if (!rule || now - unexplained_since < settings.cash_moved_after) return;
  record({}, {}, domain::CashMoved{Money::from_raw(difference), collateral});
  unexplained_cash = 0;
}

}  // namespace polybot::order_manager
