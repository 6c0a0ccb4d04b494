// A second opinion on every journal record: an independent, simpler model of orders, fills, cash,
// leases and trading states. It judges each record as it is committed, each order as it is sent,
// and from time to time the whole ledger. It throws each fault as a Violation.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/domain/position.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "tests/simulation/lease_audit.hpp"
#include "tests/simulation/loss_watch.hpp"
#include "tests/simulation/plan.hpp"

namespace polybot::simulation {

// Counted in the totals: denials because the account had no money left.
inline constexpr const char* kPenniless = "denied for lack of money";

class Auditor {
 public:
  Auditor(Stage& stage, const Plan& plan)
      : stage_(stage),
        plan_(plan),
        leases_(stage, plan.manager.lease_duration),
        losses_(plan.manager.account_limits.daily_loss_max) {}

  // A runner has emitted the signal (again).
  void on_signal(const domain::Signal& signal) { signals_.try_emplace(signal.id, signal); }
  // The record is durable. Its stamp is from a clock that was `ahead` of true time; everything here
  // is judged in true time.
  void on_committed(domain::StreamedEvent record, Duration ahead);
  // The order is on its way to the venue.
  void on_sent(const domain::Order& order);
  // The turn is over; it took `inputs` inputs.
  void on_turn(const order_manager::Ledger& ledger, std::size_t inputs);
  // Checks the ledger against itself and against this model. Costs a walk over everything.
  void check_ledger(const order_manager::Ledger& ledger) const;

  [[nodiscard]] bool written_off(const domain::VenueOrderId& order) const {
    return written_off_at(order).has_value();
  }
  [[nodiscard]] std::optional<Timestamp> written_off_at(const domain::VenueOrderId& order) const;
  // The last byte of an order that turned ambiguous, as the journal has it.
  [[nodiscard]] std::optional<Timestamp> last_byte_of(const domain::VenueOrderId& order) const;
  [[nodiscard]] LeaseAudit& leases() { return leases_; }
  [[nodiscard]] const LeaseAudit& leases() const { return leases_; }
  // Opening quotes without a requested cancel, by the shards they rest in.
  [[nodiscard]] std::set<order_manager::ShardKey> resting() const;
  [[nodiscard]] std::uint64_t orders() const { return orders_.size(); }

 private:
  struct Fill {
    domain::Quantity quantity;
    domain::Money cash;
    domain::Money fee;
    domain::FillStatus status = domain::FillStatus::Matched;
    bool booked = false;
    bool reversed = false;
    [[nodiscard]] bool counts() const { return booked && !reversed; }
  };
  struct Audited {
    domain::Order order;
    domain::Quantity filled;
    domain::Money filled_cash;
    bool open = true;
    bool cancel_requested = false;
    std::optional<Timestamp> written_off_at;
    std::optional<Timestamp> last_byte_at;
    std::map<domain::TradeId, Fill> fills;
  };
  using HoldingKey = std::pair<domain::StrategyName, domain::Instrument>;
  struct Opening {
    std::size_t after = 0;  // so many bookings of the same holding
    domain::Quantity quantity;
    domain::Money value;
  };

  struct Judge;
  void submitted(const domain::Event& event, const domain::Order& order, Duration ahead);
  void check_open_orders(const domain::Order& order) const;
  void check_sell(const domain::Order& order) const;
  void check_pairs(const domain::Order& order) const;
  void check_crossing(const domain::Order& order) const;
  void check_limits(const order_manager::Ledger& ledger, const domain::Order& order) const;
  void check_usage(const order_manager::Ledger& ledger, const domain::Order& order,
                   const domain::RiskLimits& limits, bool whole_account) const;
  void check_halted() const;
  void check_positions(const order_manager::Ledger& ledger) const;
  // `past` gets what was realized each time nothing was held.
  [[nodiscard]] domain::Holding replayed(const HoldingKey& key,
                                         std::set<domain::Money>& past) const;
  void filled(const domain::Event& event, const domain::OrderFilled& fill);
  void reversed(const domain::Event& event, const domain::FillId& id);
  void advanced(const domain::FillAdvanced& step);
  void answered(const domain::Event& event, const domain::SignalId& id);
  void accepted(const domain::Event& event, const domain::SignalAccepted& body, Duration ahead);
  [[nodiscard]] Audited& known(const domain::ClientOrderId& id);
  [[nodiscard]] bool ours(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::TradingState state_of(const domain::StrategyName& strategy) const;
  [[nodiscard]] domain::Money reserve(const Audited& audited) const;
  [[nodiscard]] domain::Money free_collateral() const;
  [[nodiscard]] domain::Quantity held(const domain::StrategyName& strategy,
                                      const domain::Instrument& instrument) const;
  // Shares that have arrived for good, less all sales; of one strategy, or of the account.
  [[nodiscard]] domain::Quantity settled(const std::optional<domain::StrategyName>& strategy,
                                         const domain::Instrument& instrument) const;
  // Shares that were there before, of one strategy or of the account.
  [[nodiscard]] domain::Quantity opened(const std::optional<domain::StrategyName>& strategy,
                                        const domain::Instrument& instrument) const;
  void move_cash(const Audited& audited, const Fill& fill, int direction);

  Stage& stage_;
  const Plan& plan_;
  std::map<domain::ClientOrderId, Audited> orders_;
  std::map<domain::VenueOrderId, domain::ClientOrderId> by_venue_id_;
  std::set<domain::ClientOrderId> open_;
  std::set<domain::VenueOrderId> sent_;
  std::map<domain::SignalId, domain::Signal> signals_;
  std::set<domain::SignalId> answered_;
  std::set<domain::CommandId> commands_;
  LeaseAudit leases_;
  LossWatch losses_;
  std::map<domain::MarketId, domain::Market> markets_;
  domain::TradingState account_state_ = domain::TradingState::Active;
  std::map<domain::StrategyName, domain::TradingState> states_;
  std::map<std::pair<domain::StrategyName, domain::MarketId>, std::uint64_t> position_seq_;
  std::map<HoldingKey, std::vector<domain::FillId>> bookings_;  // in journal order
  std::map<HoldingKey, std::vector<Opening>> openings_;
  domain::Money cash_;
  domain::Money drift_;  // what the venue was last found to have beyond that
  domain::Money unsettled_proceeds_;
  std::uint64_t seq_ = 0;
  // Of the present turn.
  std::vector<domain::ClientOrderId> buys_of_turn_;
  bool fills_in_turn_ = false;
};

}  // namespace polybot::simulation
