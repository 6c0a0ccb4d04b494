// Everything durable, as a fold over the journal that begins with nothing or with an image of a
// fold (ledger_image.hpp). From there apply() alone changes it, at start-up and at run time alike,
// so a fold of the journal equals the live state (digest() shows it). Deterministic and free of
// decisions: it records what has been decided, and asserts on records that cannot follow.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "common/domain/state_topics.hpp"
#include "services/order-manager/core/ledger/commitments.hpp"
#include "services/order-manager/core/ledger/leg_groups.hpp"
#include "services/order-manager/core/ledger/orders.hpp"
#include "services/order-manager/core/ledger/portfolio.hpp"
#include "services/order-manager/core/ledger/signal_dedupe.hpp"
#include "services/order-manager/core/ledger/strategy_counters.hpp"

namespace polybot::order_manager {

// Raise it whenever the same journal folds to other numbers than before.
inline constexpr std::uint32_t kFoldVersion = 5;
inline constexpr std::size_t kCommandAnswersMax = 100'000;

class Ledger {
 public:
  // Asserts that the record follows the last one (domain::follows). Returns the message of the
  // stream: the event, the previous seq of its topic and the state after it.
  domain::StreamedEvent apply(domain::Event event);

  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] domain::Timestamp last_at() const { return last_at_; }
  // Of order.<strategy>; of order.all for the empty name. 0 = none. After a restored backup at
  // least the number of that record: what a reader knows from before is another history.
  [[nodiscard]] std::uint64_t last_seq(const domain::StrategyName& topic) const;
  // The last number of each topic, as above.
  [[nodiscard]] const std::map<domain::StrategyName, std::uint64_t>& topics() const {
    return topic_seq_;
  }
  [[nodiscard]] std::uint64_t journal_id() const { return journal_id_; }
  // Names the history: the journal's id until a backup is restored, then what that record says.
  [[nodiscard]] std::uint64_t timeline() const { return timeline_; }
  struct Restore {
    std::uint64_t seq = 0;  // of its record
    domain::Timestamp at{};
    std::uint64_t backup_seq = 0;
    domain::Timestamp backup_at{};
    std::uint64_t lost_seq = 0;
  };
  // Oldest first.
  [[nodiscard]] const std::vector<Restore>& restores() const { return restores_; }
  // Of the last one; 0 = never.
  [[nodiscard]] std::uint64_t restored_seq() const {
    return restores_.empty() ? 0 : restores_.back().seq;
  }
  [[nodiscard]] domain::Timestamp opened_at() const { return opened_at_; }
  [[nodiscard]] bool deposited() const { return deposited_; }
  [[nodiscard]] std::uint32_t starts() const { return starts_; }
  // The account of this book; empty until a start has named it.
  [[nodiscard]] const std::optional<domain::AccountId>& account() const { return account_; }
  // Of the last start; Sim before the first one.
  [[nodiscard]] domain::TradingMode mode() const { return mode_; }

  [[nodiscard]] const Orders& orders() const { return orders_; }
  [[nodiscard]] const Portfolio& portfolio() const { return portfolio_; }
  // The sums over both that the limits count.
  [[nodiscard]] const Commitments& commitments() const { return commitments_; }
  [[nodiscard]] const LegGroups& legs() const { return legs_; }
  // What is left of a group's legs, and never more than its strategy holds. (A leg that was sold
  // before its purchase failed has sold the shares of another group.)
  [[nodiscard]] std::vector<LegQuantity> leg_quantities(const LegGroup& group) const;
  [[nodiscard]] const SignalDedupe& signals() const { return signals_; }

  [[nodiscard]] const domain::Market* market(const domain::MarketId& id) const;
  [[nodiscard]] const std::map<domain::MarketId, domain::Market>& markets() const {
    return markets_;
  }
  [[nodiscard]] std::optional<domain::Instrument> instrument(const domain::TokenId& token) const;

  // The stricter of the strategy's own state and the account's; without a strategy the account's.
  [[nodiscard]] domain::TradingState trading_state(
      const std::optional<domain::StrategyName>& strategy) const;
  // The stricter of the two, with its reason; the strategy's own when they are equal.
  [[nodiscard]] domain::TradingStatus trading_status(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::TradingStatus own_trading_status(
      const std::optional<domain::StrategyName>& strategy) const;
  [[nodiscard]] domain::TradingState own_trading_state(
      const std::optional<domain::StrategyName>& strategy) const {
    return own_trading_status(strategy).state;
  }
  // As last changed: the account's, then those of the strategies that ever had a state of their
  // own.
  [[nodiscard]] std::vector<domain::TradingStateChanged> own_trading_states() const;
  [[nodiscard]] std::optional<bool> enabled(const domain::StrategyName& strategy) const;
  [[nodiscard]] const std::map<domain::StrategyName, bool>& enabled() const { return enabled_; }

  struct Answer {
    std::uint64_t seq = 0;
    domain::Timestamp at{};
    domain::CommandDenyReason reason = domain::CommandDenyReason::None;  // None = accepted
  };
  [[nodiscard]] const Answer* answer(const domain::CommandId& command) const;
  // The flattens under way. `ended_at` and `left` are of the one that ended last.
  using Flatten = domain::FlattenState;
  [[nodiscard]] const std::vector<Flatten>& flattens() const { return flattens_; }
  [[nodiscard]] const std::optional<Flatten>& last_flatten() const { return last_flatten_; }
  // Whether a flatten that has not ended covers the strategy.
  [[nodiscard]] bool flattening(const domain::StrategyName& strategy) const {
    return std::any_of(flattens_.begin(), flattens_.end(), [&](const Flatten& flatten) {
      return !flatten.strategy || *flatten.strategy == strategy;
    });
  }
  [[nodiscard]] const domain::DriftMeasured& drift() const { return drift_; }
  // Whether this journal has ever compared what the account holds of it with the book.
  [[nodiscard]] bool compared(const domain::Instrument& instrument) const {
    return compared_.contains(instrument);
  }
  [[nodiscard]] bool drift_measured() const { return drift_measured_; }
  // Every trade before this time is booked, by the venue's clock; empty when no record says so yet.
  [[nodiscard]] domain::Timestamp reconciled_until() const { return reconciled_until_; }

  [[nodiscard]] const std::map<domain::StrategyName, StrategyCounters>& counters() const {
    return counters_;
  }
  [[nodiscard]] const std::array<std::uint64_t, domain::kEventKinds>& event_counts() const {
    return event_counts_;
  }

  // Equal for two ledgers that were given the same journal.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  friend struct LedgerImage;
  struct Applier;
  StrategyCounters& count(const domain::StrategyName& strategy) { return counters_[strategy]; }
  void count_change(const OrderRecord& record, const OrderChange& change);
  void remember_answer(const domain::CommandId& command, Answer answer);
  void forget_market_if_done(const domain::MarketId& market);
  void position_changed(const domain::StrategyName& strategy, const domain::MarketId& market);
  void market_changed(const domain::MarketId& market);
  [[nodiscard]] domain::Money fee_worst(const domain::Order& order) const;

  std::uint64_t last_seq_ = 0;
  domain::Timestamp last_at_{};
  std::map<domain::StrategyName, std::uint64_t> topic_seq_;
  std::uint64_t journal_id_ = 0;
  std::uint64_t timeline_ = 0;
  std::vector<Restore> restores_;
  domain::Timestamp opened_at_{};
  bool deposited_ = false;
  std::uint32_t starts_ = 0;
  std::optional<domain::AccountId> account_;
  domain::TradingMode mode_ = domain::TradingMode::Sim;

  Orders orders_;
  Portfolio portfolio_;
  Commitments commitments_;
  LegGroups legs_;
  SignalDedupe signals_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::map<domain::TokenId, domain::Instrument> instruments_;

  domain::TradingStatus account_state_;
  std::map<domain::StrategyName, domain::TradingStatus> strategy_states_;
  std::map<domain::StrategyName, bool> enabled_;
  std::map<domain::CommandId, Answer> answers_;
  std::deque<domain::CommandId> answer_order_;
  std::vector<Flatten> flattens_;
  std::optional<Flatten> last_flatten_;
  domain::DriftMeasured drift_;
  bool drift_measured_ = false;
  std::set<domain::Instrument> compared_;
  domain::Timestamp reconciled_until_{};
  std::map<domain::StrategyName, StrategyCounters> counters_;
  std::array<std::uint64_t, domain::kEventKinds> event_counts_{};
};

}  // namespace polybot::order_manager
