#include "services/order-manager/core/order_manager.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {
namespace {

constexpr domain::Duration kSweepEvery = std::chrono::seconds(10);

}  // namespace

std::string_view to_string(NotReady reason) {
  switch (reason) {
    case NotReady::NotStarted:
      return "the journal has not been folded";
    case NotReady::JournalUnwritable:
      return "the journal cannot be written";
    case NotReady::UserChannelDown:
      return "the venue's user channel is down";
    case NotReady::RestDown:
      return "the venue does not answer requests";
    case NotReady::HeartbeatNotTaken:
      return "the venue takes no heartbeats";
    case NotReady::NotReconciled:
      return "the account has not been reconciled with the venue";
    case NotReady::ShuttingDown:
      return "shutting down";
    case NotReady::OrdersForbidden:
      return "the venue refuses orders from this region or address (HTTP 403)";
    case NotReady::TradingDisabled:
      return "trading is disabled at the venue";
    case NotReady::ClosedOnly:
      return "the venue lets this account only sell what it holds (closed-only)";
    case NotReady::CancelOnly:
      return "the venue takes cancels alone (cancel-only)";
  }
  return "";
}

bool forbids_orders(NotReady reason) {
  return reason == NotReady::OrdersForbidden || reason == NotReady::TradingDisabled ||
         reason == NotReady::ClosedOnly || reason == NotReady::CancelOnly;
}

OrderManager::OrderManager(Settings settings, OrderIdentity identity)
    : state_(std::make_unique<State>(std::move(settings), std::move(identity))) {}
OrderManager::~OrderManager() = default;
OrderManager::OrderManager(OrderManager&&) noexcept = default;
OrderManager& OrderManager::operator=(OrderManager&&) noexcept = default;

domain::StreamedEvent OrderManager::apply(const domain::Event& event) {
  POLYBOT_ASSERT(!state_->started);
  if (std::holds_alternative<domain::MarketResolved>(event.body)) {
    state_->newest_resolution = event;
  } else {
    state_->newest_resolution.reset();
  }
  return state_->ledger.apply(event);
}

void OrderManager::restore(Ledger ledger) {
  POLYBOT_ASSERT(!state_->started && state_->ledger.last_seq() == 0);
  state_->ledger = std::move(ledger);
}

void OrderManager::start(std::uint64_t journal_id, domain::Timestamp now, Outputs& out) {
  POLYBOT_ASSERT(!state_->started);
  state_->now = now;
  Turn turn(state_->ledger, now, out);
  state_->start(turn, journal_id);
}

void OrderManager::on(const Input& input, domain::Timestamp now, Outputs& out) {
  POLYBOT_ASSERT(state_->started);
  state_->now = std::max(state_->now, now);
  Turn turn(state_->ledger, state_->now, out);
  state_->take(turn, input);
}

const Ledger& OrderManager::ledger() const {
  return state_->ledger;
}
std::vector<NotReady> OrderManager::not_ready() const {
  return state_->not_ready();
}
bool OrderManager::drained() const {
  const Orders& orders = state_->ledger.orders();
  return state_->readiness.stopping() &&
         std::all_of(orders.open().begin(), orders.open().end(),
                     [&](const domain::ClientOrderId& id) {
                       return placed_by_hand(orders.find(id)->order);
                     });
}
std::vector<domain::Lease> OrderManager::leases() const {
  return state_->leases.table().leases();
}
std::uint64_t OrderManager::lease_changes() const {
  return state_->leases.table().changes();
}

// ---- the turn ----------------------------------------------------------------------------------

OrderManager::State::State(Settings settings_in, OrderIdentity identity)
    : settings(std::move(settings_in)),
      readiness(settings),
      quotes(settings.quote_age_max),
      leases(settings, readiness),
      desk(settings, std::move(identity), readiness, markets, quotes, watches),
      exits(settings, quotes, desk),
      account(settings, readiness, quotes, markets, desk, exits, watches),
      quoting(settings, readiness, leases, quotes, desk),
      intake(settings, readiness, leases, markets, desk, quoting),
      legs(settings, readiness, quotes, exits),
      flattening(settings, readiness, quotes, exits),
      commands(settings, desk, quoting, flattening),
      marks(settings, quotes),
      last_cancels(settings) {}

void OrderManager::State::start(Turn& turn, std::uint64_t journal_id) {
  started = true;
  readiness.start(turn.now);
  account.balances.start(ledger);
  if (ledger.journal_id() == 0) {
    turn.record(domain::JournalOpened{journal_id, kFoldVersion, {}});
    if (settings.first_trading_state != domain::TradingState::Active) {
      turn.record(domain::TradingStateChanged{std::nullopt, settings.first_trading_state,
                                              domain::StateReason::FirstStart});
    }
  }
  if (newest_resolution) finish_resolution(turn, *std::exchange(newest_resolution, std::nullopt));
  turn.record(domain::ManagerStarted{ledger.starts() + 1, settings.account, settings.mode});
  leases.start(mutated(Mutation::LeaseEpochNotDurable) ? 1 : ledger.starts(), turn.now);
  marks.open_day_if_due(turn, readiness);
  for (const ConfiguredStrategy& strategy : settings.strategies) {
    if (ledger.enabled(strategy.name)) continue;
    turn.record(strategy.name, {},
                domain::StrategySwitched{strategy.name, strategy.enabled_at_first});
  }
  // Orders that a restart finds unanswered may or may not have reached the venue: the last process
  // may have written until the moment it died. Those placed by hand were seen there.
  const std::set<domain::ClientOrderId> open = ledger.orders().open();
  for (const domain::ClientOrderId& id : open) {
    const OrderRecord& order = *ledger.orders().find(id);
    if (order.status != domain::OrderStatus::Submitted) continue;
    if (placed_by_hand(order.order)) {
      account.progress.sign_of_life(turn, id);
    } else {
      account.progress.turn_ambiguous(turn, id, domain::AmbiguityCause::Restarted, turn.now);
    }
  }
  if (settings.halted_at_start) commands.halt_at_start(turn);
  account.readings.drive(turn);
}

void OrderManager::State::take(Turn& turn, const Input& input) {
  // The shell folds the journal into a new core.
  if (journal_down) return last_cancels.on(turn, input);
  marks.open_day_if_due(turn, readiness);
  std::visit([&](const auto& body) { on(turn, body); }, input);
  if (!journal_down) legs.judge(turn);
}

std::vector<NotReady> OrderManager::State::not_ready() const {
  std::vector<NotReady> reasons;
  if (!started) reasons.push_back(NotReady::NotStarted);
  if (journal_down) reasons.push_back(NotReady::JournalUnwritable);
  if (!readiness.user_up()) reasons.push_back(NotReady::UserChannelDown);
  if (!readiness.rest_up()) reasons.push_back(NotReady::RestDown);
  if (!readiness.heartbeat_taken()) reasons.push_back(NotReady::HeartbeatNotTaken);
  if (!readiness.reconciled()) reasons.push_back(NotReady::NotReconciled);
  if (readiness.stopping()) reasons.push_back(NotReady::ShuttingDown);
  const auto paused = readiness.pause.cause(now);
  if (paused == PauseCause::Forbidden) reasons.push_back(NotReady::OrdersForbidden);
  if (paused == PauseCause::TradingDisabled) reasons.push_back(NotReady::TradingDisabled);
  if (paused == PauseCause::ClosedOnly) reasons.push_back(NotReady::ClosedOnly);
  if (paused == PauseCause::CancelOnly) reasons.push_back(NotReady::CancelOnly);
  return reasons;
}

// ---- signals, quotes, commands, runners --------------------------------------------------------

void OrderManager::State::on(Turn& turn, const QuoteHeard& input) {
  quotes.update(input.shard, input.quote, turn.now);
  if (!readiness.stopping()) quoting.quoted(turn, input.quote.market);
}

void OrderManager::State::on(Turn& turn, const domain::RunnerAnnounced& runner) {
  leases.announced(runner, turn.now);
  settle_leases(turn);
}

void OrderManager::State::settle_leases(Turn& turn) {
  const LeaseDesk::Changes changes = leases.settle(ledger, turn.now);
  if (!changes.lost.empty()) quoting.give_up(turn, changes.lost);
  for (const domain::LeaseGranted& grant : changes.granted) turn.record(grant.strategy, {}, grant);
}

// ---- markets -----------------------------------------------------------------------------------

void OrderManager::State::on(Turn& turn, const MarketHinted& hint) {
  const domain::Market& market = hint.market;
  markets.hinted(turn, market);
  if (over(market.status)) close_market(turn, market.id);
  if (market.status != domain::MarketStatus::ReduceOnly) return;
  desk.cancel_where(turn, domain::CancelReason::MarketClosed, [&](const OrderRecord& order) {
    return order.order.instrument.market == market.id && order.order.side == domain::Side::Buy &&
           !placed_by_hand(order.order);
  });
}

void OrderManager::State::on(Turn& turn, const MarketRead& read) {
  const MarketWatches::News news = markets.answered(turn, read);
  // Parked signals wait for the next attempt.
  if (read.outcome == MarketRead::Outcome::Failed) return;
  if (news.account_waits) account.readings.want();
  if (news.over) close_market(turn, read.id);
  if (news.payout) resolve_market(turn, read.id, *news.payout);
  intake.release(turn, read.id);
}

void OrderManager::State::on(Turn& turn, const ResolutionConfirmed& input) {
  close_market(turn, input.market);
  resolve_market(turn, input.market, input.payout);
}

void OrderManager::State::close_market(Turn& turn, const domain::MarketId& market) {
  quoting.withdraw_where(turn, domain::CancelReason::MarketClosed,
                         [&](const TargetKey& key, const Target&) { return key.market == market; });
  desk.cancel_where(turn, domain::CancelReason::MarketClosed, [&](const OrderRecord& order) {
    return order.order.instrument.market == market && !placed_by_hand(order.order);
  });
}

// ---- the venue ---------------------------------------------------------------------------------

void OrderManager::State::on(Turn& turn, const domain::SubmitAnswered& answer) {
  const bool refused = account.progress.answered(turn, answer);
  const OrderRecord* record = ledger.orders().find(answer.order);
  if (record == nullptr) return;
  // A refused order is tried again by its source, ever less often.
  const domain::Order& order = record->order;
  if (order.purpose == domain::OrderPurpose::Quote) {
    const TargetKey key{order.strategy, order.instrument.market};
    const domain::BookSide side = book_side(order.instrument.outcome, order.side);
    if (refused) {
      quoting.refused(key, side, turn.now);
    } else if (std::holds_alternative<domain::SubmitAccepted>(answer.outcome)) {
      quoting.accepted(key, side);
    }
  }
  if (refused && exits_position(order.purpose)) exits.refused(order.instrument, turn.now);
}

void OrderManager::State::on(Turn& turn, const VenueSessionChanged& change) {
  const bool up = change.link == Link::Up;
  if (change.channel == VenueChannel::Rest) {
    if (up && !readiness.rest_up()) account.readings.want();
    readiness.rest(change.link);
    account.readings.drive(turn);
    return;
  }
  if (change.channel == VenueChannel::Heartbeat) return readiness.heartbeat(change.link);
  readiness.user_channel(change.link, turn.now);
  if (!up) return;
  account.readings.reconnected();
  account.readings.drive(turn);
}

void OrderManager::State::on(Turn& turn, const UserEventMissed&) {
  account.readings.want();
  account.readings.drive(turn);
}

void OrderManager::State::on(Turn& turn, const VenueThrottled& input) {
  const domain::Timestamp until = turn.now + input.retry_after;
  if (input.what == VenueThrottled::What::Orders || mutated(Mutation::ReadingsPauseOrders))
    return readiness.pause.throttled(until);
  account.readings.throttled(until);
}

void OrderManager::State::on(Turn& turn, const ClockOffset& input) {
  const bool first = !readiness.clock_known();
  readiness.clock(input.offset);
  if (first) account.readings.drive(turn);  // which has waited for it
}

// ---- time, and the end -------------------------------------------------------------------------

void OrderManager::State::on(Turn& turn, const TimerFired&) {
  marks.take_if_due(turn);
  commands.check_breaches(turn);
  settle_leases(turn);
  intake.expire(turn);
  quoting.cancel_orphans(turn);
  quoting.cancel_stale(turn);
  desk.drive_cancels(turn);
  if (!readiness.stopping()) {  // from the request on nothing new is sent, not even to level legs
    flattening.drive(turn);
    legs.unwind(turn);
    quoting.drive(turn);
  }
  account.progress.finish_closed(turn);
  markets.drive(turn, intake.waited_for(), readiness.started_at());
  account.readings.drive(turn);
  // Markets come and go while the process lives, so old entries are dropped.
  if (turn.now - swept_at < kSweepEvery) return;
  swept_at = turn.now;
  leases.forget_old(turn.now);
  markets.forget_old(turn);
  quotes.forget_old(turn.now);
  quoting.forget_old(turn.now);
  exits.forget_old(turn.now);
}

void OrderManager::State::on(Turn& turn, const CommitFailed&) {
  journal_down = true;
  last_cancels.begin(turn);
}

void OrderManager::State::on(Turn& turn, const ShutdownRequested&) {
  if (readiness.stopping()) return;
  readiness.stop();
  intake.clear();
  quoting.clear();
  if (settings.cancel_all_on_shutdown) {
    desk.cancel_where(turn, domain::CancelReason::Shutdown,
                      [](const OrderRecord& order) { return !placed_by_hand(order.order); });
  }
  marks.take(turn);
}

}  // namespace polybot::order_manager
