// What the account holds and what it has made of it, per strategy, as a fold over fills, marks and
// resolutions. A position is a final base plus the ordered fills after the oldest provisional one:
// a failed trade is taken out and the rest folded again, as if it had never been.
//
// Every amount here is a function of the journal: results count at journaled marks.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "common/domain/events.hpp"
#include "common/domain/position.hpp"
#include "services/order-manager/core/ledger/digest.hpp"

namespace polybot::order_manager {

inline constexpr std::size_t kResolvedMarketsMax = 4'096;

// What a fill, or an entry of a position, does to the account's cash: negative for a buy.
template <class Fill>
[[nodiscard]] domain::Money cash_flow(const Fill& fill) {
  return fill.side == domain::Side::Buy ? -(fill.cash + fill.fee) : fill.cash - fill.fee;
}

// How much of a result was lost: 0 for a gain.
[[nodiscard]] inline domain::Money loss(domain::Money result) {
  return result.is_negative() ? -result : domain::Money{};
}

// Fills of one token that are folded one by one; reached only behind a trade that is stuck.
inline constexpr std::size_t kUnfoldedFillsMax = 256;

// One strategy's holding of one outcome token.
class TokenPosition {
 public:
  void add(const domain::OrderFilled& fill);
  // Shares that were there before are a purchase for `value` that no trade can take back.
  void open(domain::Quantity quantity, domain::Money value);
  void advance(const domain::FillId& fill, domain::FillStatus status);
  void remove(const domain::FillId& fill);

  [[nodiscard]] const domain::Holding& holding() const { return current_; }
  // Base + buys whose trade is mined or confirmed - all sells: what the venue lets us sell.
  [[nodiscard]] domain::Quantity settled() const;
  // Received for sells whose trade is not mined yet.
  [[nodiscard]] domain::Money unsettled_proceeds() const;
  [[nodiscard]] std::size_t provisional() const;
  [[nodiscard]] bool final() const { return fills_.empty(); }
  [[nodiscard]] domain::Quantity opened() const { return opened_; }
  void digest(Digest& digest) const;

  struct Entry {
    domain::FillId id;  // none of what was opened
    domain::Side side = domain::Side::Buy;
    domain::Quantity quantity;
    domain::Money cash;
    domain::Money fee;
    domain::FillStatus status = domain::FillStatus::Matched;
  };
  [[nodiscard]] const std::deque<Entry>& entries() const { return fills_; }

 private:
  friend struct LedgerImage;
  void fold_confirmed_front();
  // Keeps the list short behind a trade that never becomes final: the confirmed fills after it are
  // folded before it, as if it had been matched later.
  void fold_past_stuck();
  void fold_again();

  domain::Quantity opened_;
  domain::Holding base_;
  std::deque<Entry> fills_;  // in journal order; the first one is provisional
  domain::Holding current_;  // base_ and fills_
};

struct MarketPosition {
  TokenPosition yes;
  TokenPosition no;
  std::uint64_t last_fill_seq = 0;  // last record that changed a quantity here

  [[nodiscard]] const TokenPosition& token(domain::Outcome outcome) const {
    return outcome == domain::Outcome::Yes ? yes : no;
  }
  [[nodiscard]] TokenPosition& token(domain::Outcome outcome) {
    return outcome == domain::Outcome::Yes ? yes : no;
  }
  [[nodiscard]] bool flat() const {
    return yes.holding().quantity.is_zero() && no.holding().quantity.is_zero();
  }
};

struct Results {
  domain::Money realized;
  domain::Money unrealized;
  [[nodiscard]] domain::Money equity() const { return realized + unrealized; }
};

struct Resolution {
  domain::Payout payout;
  domain::Money paid;      // by the venue, so far
  domain::Timestamp at{};  // when we first recorded it
};

class Portfolio {
 public:
  using Positions = std::map<domain::MarketId, MarketPosition>;

  // ---- the fold
  void filled(const domain::StrategyName& strategy, const domain::OrderFilled& fill,
              std::uint64_t seq);
  void advanced(const domain::StrategyName& strategy, const domain::OrderFilled& fill,
                domain::FillStatus status);
  void reversed(const domain::StrategyName& strategy, const domain::OrderFilled& fill,
                std::uint64_t seq);
  void opened(const domain::StrategyName& strategy, const domain::HoldingOpened& event,
              std::uint64_t seq);
  void marked(const domain::MarksTaken& marks);
  void resolved(const domain::MarketResolved& event, domain::Timestamp at);
  void claim_paid(const domain::ClaimPaid& event);
  void cash_moved(domain::Money amount);
  void income_booked(const domain::StrategyName& strategy, const domain::IncomeBooked& event);
  // So much of the cash is not there, and nobody knows why.
  void missing(domain::Money amount);
  void day_opened(const domain::DayOpened& event);
  // Peak equities are taken at marks, resolutions and openings, not at fills: a fill beside a mark
  // of ten seconds ago would record a peak that never was.
  void raise_peaks();
  // Moves the results of a market that can no longer change into the past. Call it only when
  // forgettable(): every fill is final, and the market is flat or, once resolved, paid exactly what
  // it owes.
  void forget(const domain::MarketId& market);
  [[nodiscard]] bool forgettable(const domain::MarketId& market) const;
  // The last strategy by name that has a position here; a resolution is recorded once for each.
  [[nodiscard]] std::optional<domain::StrategyName> last_holder(
      const domain::MarketId& market) const;
  // Whether any strategy has a position here, flat or not.
  [[nodiscard]] bool holds(const domain::MarketId& market) const;
  // The present loss no longer counts as a breach: an operator has seen it.
  void acknowledge_losses(const std::optional<domain::StrategyName>& strategy);

  // ---- queries
  [[nodiscard]] const std::map<domain::StrategyName, Positions>& positions() const {
    return positions_;
  }
  [[nodiscard]] const MarketPosition* find(const domain::StrategyName& strategy,
                                           const domain::MarketId& market) const;
  [[nodiscard]] domain::PositionState state(const domain::StrategyName& strategy,
                                            const domain::MarketId& market) const;
  [[nodiscard]] domain::Quantity settled(const domain::StrategyName& strategy,
                                         const domain::Instrument& instrument) const;
  // The same over all strategies, external ones included: what the account can really sell.
  [[nodiscard]] domain::Quantity account_settled(const domain::Instrument& instrument) const;
  [[nodiscard]] domain::Quantity account_quantity(const domain::Instrument& instrument) const;

  [[nodiscard]] domain::Money cash() const { return cash_; }
  // Cash beyond what deposits, costs, results and payouts explain; 0 always.
  [[nodiscard]] domain::Money unconserved() const;
  [[nodiscard]] domain::Money unsettled_proceeds() const;
  [[nodiscard]] std::optional<domain::Price> mark(const domain::MarketId& market) const;
  // At mark, both outcomes; at cost where there is no mark yet; 0 once resolved. `strategy` may be
  // asked about any market.
  [[nodiscard]] domain::Money value(const domain::StrategyName& strategy,
                                    const domain::MarketId& market) const;
  // The part of value() that is not a held pair: a resolution can take it away.
  [[nodiscard]] domain::Money exposure(const domain::StrategyName& strategy,
                                       const domain::MarketId& market) const;
  [[nodiscard]] Results results(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::Money daily_pnl(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::Money drawdown(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::Money account_equity() const;
  [[nodiscard]] domain::Money account_daily_pnl() const;
  // What the limit of the day's loss is held against: cash that has gone missing today counts, too.
  [[nodiscard]] domain::Money account_daily_result() const;
  // What was booked of the day's income so far; known for the days of a week.
  [[nodiscard]] domain::Money income(domain::IncomeKind kind, domain::UtcDate date) const;
  [[nodiscard]] domain::Money account_drawdown() const;
  // Loss since the day opened, and fall from the peak, beyond what was acknowledged; >= 0.
  struct Losses {
    domain::Money daily;
    domain::Money drawdown;
  };
  [[nodiscard]] Losses unacknowledged_losses(
      const std::optional<domain::StrategyName>& strategy) const;
  [[nodiscard]] std::map<domain::StrategyName, domain::Money> equities() const;
  [[nodiscard]] std::optional<domain::UtcDate> day() const { return day_; }

  [[nodiscard]] const std::map<domain::MarketId, Resolution>& resolutions() const {
    return resolutions_;
  }
  // What a resolved market still owes the account by the book.
  [[nodiscard]] domain::Money claim(const domain::MarketId& market) const;
  [[nodiscard]] domain::Money unredeemed() const;
  // Since when the oldest claim is owed; empty: there is none.
  [[nodiscard]] std::optional<domain::Timestamp> oldest_claim() const;
  [[nodiscard]] std::uint64_t fills_provisional(const domain::StrategyName& strategy) const;

  void digest(Digest& digest) const;

 private:
  friend struct LedgerImage;
  struct Baseline {
    domain::Money day_open;               // equity
    domain::Money peak;                   // equity, >= 0 since equity starts at 0
    domain::Money daily_acknowledged;     // loss an operator has seen; of this day
    domain::Money drawdown_acknowledged;  // of this peak
    void raise_peak(domain::Money equity);
  };
  [[nodiscard]] const Baseline& baseline(const domain::StrategyName& strategy) const;
  void add_results(const domain::MarketId& market, const MarketPosition& position,
                   Results& results) const;
  // A mark lives as long as shares are held: the next visit to the market begins at cost.
  void drop_mark_if_flat(const domain::MarketId& market);

  domain::Money cash_;
  domain::Money moved_in_;  // deposits less withdrawals
  std::map<domain::UtcDate, std::array<domain::Money, domain::kPlaces<domain::IncomeKind>>> income_;
  domain::Money missing_;
  domain::Money missing_at_day_open_;
  std::map<domain::StrategyName, Positions> positions_;
  std::map<domain::StrategyName, domain::Money>
      past_realized_;  // of markets no longer in positions_
  std::map<domain::MarketId, domain::Price> marks_;
  std::map<domain::MarketId, Resolution> resolutions_;
  std::deque<domain::MarketId> past_resolutions_;  // forgotten ones, oldest first
  std::map<domain::StrategyName, Baseline> baselines_;
  Baseline account_;
  std::optional<domain::UtcDate> day_;
};

}  // namespace polybot::order_manager
