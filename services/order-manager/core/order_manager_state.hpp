// The parts of OrderManager: the ledger, the volatile state, and one object for each kind of
// decision. Only the on() of each input knows which parts it concerns. Private to this folder.
#pragma once

#include <vector>

#include "services/order-manager/core/account/account.hpp"
#include "services/order-manager/core/decide/commands.hpp"
#include "services/order-manager/core/decide/intake.hpp"
#include "services/order-manager/core/decide/leg_judge.hpp"
#include "services/order-manager/core/decide/marks.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/core/orders/last_cancels.hpp"

namespace polybot::order_manager {

struct OrderManager::State {
  State(Settings settings_in, OrderIdentity identity);

  void start(Turn& turn, std::uint64_t journal_id);
  void take(Turn& turn, const Input& input);
  [[nodiscard]] std::vector<NotReady> not_ready() const;
  [[nodiscard]] StrategySnapshot snapshot(const StrategyName& name, domain::Timestamp at) const;

  // ---- one per input
  void on(Turn& turn, const SignalReceived& input) { intake.received(turn, input); }
  void on(Turn& turn, const domain::Command& command) { commands.received(turn, command); }
  void on(Turn& turn, const domain::RunnerAnnounced& runner);
  void on(Turn& turn, const QuoteHeard& input);
  void on(Turn& turn, const QuotesVouched& input) {
    quotes.vouch(input.shard, input.vouched, turn.now);
  }
  void on(Turn&, const QuotesMissed& input) { quotes.miss(input.shard); }
  void on(Turn& turn, const MarketHinted& hint);
  void on(Turn& turn, const MarketRead& read);
  void on(Turn& turn, const ResolutionConfirmed& input);
  void on(Turn& turn, const domain::SubmitAnswered& answer);
  void on(Turn& turn, const domain::CancelAnswered& answer) {
    account.progress.answered(turn, answer);
  }
  void on(Turn& turn, const domain::VenueOrderUpdate& update) {
    account.progress.updated(turn, update);
  }
  void on(Turn& turn, const domain::VenueTrade& trade) { account.trades.told(turn, trade); }
  void on(Turn& turn, const domain::VenueAccount& reading) { account.reconcile(turn, reading); }
  void on(Turn&, const AccountReadFailed&) { account.readings.failed(); }
  void on(Turn& turn, const VenueSessionChanged& change);
  void on(Turn& turn, const UserEventMissed&);
  void on(Turn& turn, const VenueThrottled& input);
  void on(Turn& turn, const ClockOffset& input);
  void on(Turn& turn, const TimerFired&);
  void on(Turn& turn, const CommitFailed&);
  void on(Turn& turn, const ShutdownRequested&);

  void settle_leases(Turn& turn);
  void close_market(Turn& turn, const domain::MarketId& market);

  const Settings settings;
  Ledger ledger;
  domain::Timestamp now{};  // of the last turn
  domain::Timestamp swept_at{};
  std::optional<domain::Event> newest_resolution;  // the journal's last record, when it is one
  bool started = false;
  bool journal_down = false;

  Readiness readiness;
  QuoteBoard quotes;
  MarketWatches markets;
  LeaseDesk leases;
  OrderWatches watches;
  OrderDesk desk;
  Exits exits;
  Account account;
  Quoting quoting;
  Intake intake;
  LegJudge legs;
  Flattening flattening;
  Commands commands;
  Marks marks;
  LastCancels last_cancels;
};

}  // namespace polybot::order_manager
