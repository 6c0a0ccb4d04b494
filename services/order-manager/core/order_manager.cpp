#include "services/order-manager/core/order_manager.hpp"

#include "services/order-manager/core/order_manager_state.hpp"

namespace polybot::order_manager {

using domain::CancelReason;
using domain::ClientOrderId;

namespace {

// Records that change no quantity and end no order.
bool leaves_legs_alone(const domain::EventBody& body) {
  return std::holds_alternative<domain::SignalAccepted>(body) ||
         std::holds_alternative<domain::SignalDenied>(body) ||
         std::holds_alternative<domain::OrderSubmitted>(body);
}

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
    case NotReady::NotReconciled:
      return "the account has not been reconciled with the venue";
    case NotReady::ShuttingDown:
      return "shutting down";
    case NotReady::OrdersForbidden:
      return "the venue refuses orders from this region or address (HTTP 403)";
  }
  return "";
}

OrderManager::OrderManager(Settings settings, OrderIdentity identity)
    : state_(std::make_unique<State>(std::move(settings), std::move(identity))) {}
OrderManager::~OrderManager() = default;
OrderManager::OrderManager(OrderManager&&) noexcept = default;
OrderManager& OrderManager::operator=(OrderManager&&) noexcept = default;

domain::StreamedEvent OrderManager::apply(const domain::Event& event) {
  POLYBOT_ASSERT(!state_->started);
  return state_->ledger.apply(event);
}

void OrderManager::restore(Ledger ledger) {
  POLYBOT_ASSERT(!state_->started && state_->ledger.last_seq() == 0);
  state_->ledger = std::move(ledger);
}

void OrderManager::start(std::uint64_t journal_id, Timestamp now, Outputs& out) {
  state_->start(journal_id, now, out);
}

void OrderManager::on(const Input& input, Timestamp now, Outputs& out) {
  state_->on_input(input, now, out);
}

const Ledger& OrderManager::ledger() const {
  return state_->ledger;
}
std::vector<NotReady> OrderManager::not_ready() const {
  return state_->not_ready();
}
bool OrderManager::drained() const {
  return state_->stopping && state_->ledger.orders().open().empty();
}
std::vector<domain::Lease> OrderManager::leases() const {
  return state_->leases.leases();
}
std::uint64_t OrderManager::lease_changes() const {
  return state_->leases.changes();
}

// ---- the turn ----------------------------------------------------------------------------------

OrderManager::State::State(Settings settings_in, OrderIdentity identity_in)
    : settings(std::move(settings_in)),
      identity(std::move(identity_in)),
      risk(settings),
      quotes(settings.quote_age_max),
      leases(settings.lease_duration, settings.lease_gather),
      venue_orders(settings.venue_order_rate, settings.venue_order_burst),
      venue_cancels(settings.venue_cancel_rate, settings.venue_cancel_burst) {
  for (const StrategySettings& strategy : settings.strategies) {
    signal_rates.emplace(strategy.name,
                         TokenBucket(settings.signal_rate_max, settings.signal_burst_max));
  }
  signal_rates.emplace(StrategyName{std::string(domain::kUnknownStrategy)},
                       TokenBucket(settings.signal_rate_max, settings.signal_burst_max));
}

void OrderManager::State::start(std::uint64_t new_journal_id, Timestamp at, Outputs& outputs) {
  POLYBOT_ASSERT(!started);
  now = at;
  out = &outputs;
  started = true;
  started_at = at;
  drift_found_before = ledger.drift().positions;
  if (ledger.journal_id() == 0) {
    record({}, {}, domain::JournalOpened{new_journal_id, kFoldVersion, {}});
    if (settings.first_trading_state != domain::TradingState::Active) {
      record({}, {},
             domain::TradingStateChanged{std::nullopt, settings.first_trading_state,
                                         domain::StateReason::FirstStart});
    }
  }
  record({}, {}, domain::ManagerStarted{ledger.starts() + 1});
  leases.start(mutated(Mutation::LeaseEpochNotDurable) ? 1 : ledger.starts(), at);
  open_day_if_due();
  for (const StrategySettings& strategy : settings.strategies) {
    if (ledger.enabled(strategy.name)) continue;
    record(strategy.name, {}, domain::StrategySwitched{strategy.name, strategy.enabled_at_first});
  }
  // What a restart finds unanswered may or may not have reached the venue; the last process may
  // have written until the moment it died.
  const std::set<ClientOrderId> open = ledger.orders().open();
  for (const ClientOrderId& id : open) {
    if (ledger.orders().find(id)->status == domain::OrderStatus::Submitted) {
      turn_ambiguous(id, domain::AmbiguityCause::Restarted, now);
    }
  }
  want_account();
  drive_account();
  out = nullptr;
}

void OrderManager::State::on_input(const Input& input, Timestamp at, Outputs& outputs) {
  POLYBOT_ASSERT(started);
  now = std::max(now, at);
  out = &outputs;
  if (journal_down) {  // the shell folds the journal into a new core
    keep_canceling(input);
    out = nullptr;
    return;
  }
  open_day_if_due();
  std::visit([this](const auto& body) { on(body); }, input);
  if (!journal_down) judge_legs();
  out = nullptr;
}

void OrderManager::State::record(const StrategyName& strategy, domain::TraceId trace,
                                 domain::EventBody body) {
  legs_touched = legs_touched || !leaves_legs_alone(body);
  domain::Event event{.seq = ledger.last_seq() + 1,
                      .at = now,
                      .strategy = strategy,
                      .trace = trace,
                      .body = std::move(body)};
  out->record.push_back(ledger.apply(std::move(event)));
}

void OrderManager::State::record_order(const OrderRecord& order, domain::EventBody body) {
  // Copies: applying the event may move the order's record.
  const StrategyName strategy = order.order.strategy;
  record(strategy, order.order.trace, std::move(body));
}

std::vector<NotReady> OrderManager::State::not_ready() const {
  std::vector<NotReady> reasons;
  if (!started) reasons.push_back(NotReady::NotStarted);
  if (journal_down) reasons.push_back(NotReady::JournalUnwritable);
  if (!user_up) reasons.push_back(NotReady::UserChannelDown);
  if (!rest_up) reasons.push_back(NotReady::RestDown);
  if (!reconciled) reasons.push_back(NotReady::NotReconciled);
  if (stopping) reasons.push_back(NotReady::ShuttingDown);
  if (paused_by(now) == PauseCause::Forbidden) reasons.push_back(NotReady::OrdersForbidden);
  return reasons;
}

bool OrderManager::State::is_configured(const StrategyName& strategy) const {
  return std::any_of(settings.strategies.begin(), settings.strategies.end(),
                     [&](const StrategySettings& known) { return known.name == strategy; });
}

bool OrderManager::State::enabled(const StrategyName& strategy) const {
  return ledger.enabled(strategy).value_or(false);
}

// ---- inputs without a concern of their own -----------------------------------------------------

void OrderManager::State::on(const domain::RunnerAnnounced& runner) {
  leases.announced(runner, now);
  settle_leases();
}

void OrderManager::State::settle_leases() {
  std::vector<LeaseTable::Wanted> wanted;
  for (const StrategySettings& strategy : settings.strategies) {
    wanted.push_back({strategy.name, ledger.last_seq(strategy.name)});
  }
  const LeaseTable::Changes changes = leases.settle(wanted, now);
  std::set<ShardKey> lost;
  for (const LeaseTable::Ended& ended : changes.ended) {
    switch (ended.end) {
      case LeaseTable::End::Expired:
        lost.insert(ended.key);
        break;
      case LeaseTable::End::PassedOn:
        passed_on_until[ended.key] = now + settings.lease_duration;
        break;
    }
  }
  // Even if the shard has a new holder already: that one cannot know what its predecessor wanted.
  if (!lost.empty()) give_up(lost);
  for (const domain::LeaseGranted& grant : changes.granted) {
    std::erase_if(passed_on_until, [&](const auto& entry) {
      return entry.first.strategy == grant.strategy &&
             (grant.shards >> entry.first.shard.value & 1) != 0;
    });
    record(grant.strategy, {}, grant);
  }
}

void OrderManager::State::on(const VenueSessionChanged& change) {
  const bool up = change.link == Link::Up;
  if (change.channel == VenueChannel::Rest) {
    if (up && !rest_up) want_account();
    rest_up = up;
    drive_account();
    return;
  }
  // Nothing is replayed on the user channel: what was missed is read.
  user_up = up;
  reconciled = false;
  if (!up) return;
  user_up_at = now;
  drift_due = true;
  // A reading under way began before the channel was up: the one that counts comes after it.
  account_compares = false;
  want_account();
  drive_account();
}

void OrderManager::State::on(const UserEventMissed&) {
  want_account();
  drive_account();
}

void OrderManager::State::on(const VenueThrottled& input) {
  submissions_paused_until = std::max(submissions_paused_until, now + input.retry_after);
}

void OrderManager::State::on(const ClockOffset& input) {
  const bool first = !clock_offset;
  clock_offset = input.offset;
  if (first) drive_account();  // which has waited for it
}

bool OrderManager::State::clock_within(domain::Duration limit) const {
  if (mutated(Mutation::ClockUnchecked)) return true;
  return clock_offset && -limit <= *clock_offset && *clock_offset <= limit;
}

void OrderManager::State::on(const CommitFailed&) {
  // The records of this turn are in memory but not in the journal: nothing here is to be believed
  // any more but that these orders may be at the venue.
  journal_down = true;
  for (const ClientOrderId& id : ledger.orders().open()) {
    last_cancels.insert(ledger.orders().find(id)->order.venue_id);
  }
  send_last_cancels();
}

// A cancel that got lost is sent again, until the venue says that the order is gone.
void OrderManager::State::keep_canceling(const Input& input) {
  if (const auto* answer = std::get_if<domain::CancelAnswered>(&input)) {
    if (answer->result == domain::CancelAnswered::Result::Canceled) {
      last_cancels.erase(answer->order);
    }
  }
  if (!std::holds_alternative<TimerFired>(input)) return;
  if (now >= last_cancels_at + settings.cancel_retry_max) send_last_cancels();
}

void OrderManager::State::send_last_cancels() {
  last_cancels_at = now;
  out->at_once.cancels.insert(out->at_once.cancels.end(), last_cancels.begin(), last_cancels.end());
}

void OrderManager::State::on(const ShutdownRequested&) {
  if (stopping) return;
  stopping = true;
  parked.clear();
  targets.clear();
  if (settings.cancel_all_on_shutdown) {
    cancel_where(CancelReason::Shutdown, [](const OrderRecord&) { return true; });
  }
  take_marks();
}

// Markets come and go for as long as the process lives.
void OrderManager::State::forget_old_pauses() {
  std::erase_if(exits,
                [&](const auto& entry) { return now >= entry.second.next + kExitPaceRemembered; });
  std::erase_if(requote_pauses, [&](const auto& entry) {
    return !targets.contains(entry.first.first) && now >= entry.second.until;
  });
}

void OrderManager::State::on(const TimerFired&) {
  take_marks_if_due();
  check_breaches();
  settle_leases();
  expire_parked();
  cancel_orphans();
  cancel_stale();
  drive_cancels();
  if (!stopping) {  // from the request on nothing new is sent, not even to level legs
    drive_flattens();
    unwind_legs();
    std::vector<TargetKey> keys;
    for (const auto& [key, target] : targets) keys.push_back(key);
    for (const TargetKey& key : keys) sync_quotes(key);
  }
  std::vector<ClientOrderId> closing;
  for (const auto& [id, watch] : watches) {
    if (watch.closing_since) closing.push_back(id);
  }
  for (const ClientOrderId& id : closing) finish_if_closed(id);
  drive_markets();
  drive_account();
  quotes.forget_old(now);
  forget_old_pauses();
}

}  // namespace polybot::order_manager
