#include "tests/simulation/manager.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "common/wire/order_codec.hpp"
#include "common/wire/topics.hpp"
#include "tests/simulation/mapping.hpp"
#include "tests/simulation/tell.hpp"

namespace polybot::simulation {

namespace om = order_manager;
using domain::StrategyName;
using domain::StreamedEvent;

using om::VenueChannel;

namespace {

constexpr Duration kTimer = milliseconds(200);
constexpr Duration kState = milliseconds(500);
constexpr Duration kClock = seconds(2);
constexpr Duration kHeartbeat = seconds(5);
constexpr Duration kReopen = seconds(1);
constexpr Duration kDeadAfterTrap = milliseconds(700);
constexpr Duration kPatience = seconds(4);  // to wait for a turn to die in

std::optional<om::VenueIdentity> identify(const domain::Order& order,
                                          const domain::Market& market) {
  return unsigned_identity(order, market,
                           splitmix64(order.id.signal.counter * 1'000 + order.id.leg) >> 11);
}

}  // namespace

Manager::Manager(Stage& stage, const Plan& plan, Venue& venue, Journal& journal, Auditor& auditor)
    : stage_(stage),
      plan_(plan),
      venue_(venue),
      journal_(journal),
      auditor_(auditor),
      random_(stage.random(2)),
      commit_failure_ppm_(plan.commit_failure_ppm),
      clock_(stage),
      trap_(plan.trap) {
  venue_.client_now = [this] { return clock_.now(); };
}

void Manager::later(Duration span, std::function<void()> action) {
  stage_.schedule.after(span, [this, process = process_, action = std::move(action)] {
    if (process == process_ && core_) action();
  });
}

void Manager::every(Duration span, std::function<void()> action) {
  later(span, [this, span, action] {
    action();
    every(span, action);
  });
}

// ---- the process

void Manager::start() {
  boot();
}

void Manager::boot() {
  ++process_;
  born_ = stage_.now();
  held_since_.reset();
  clock_.begin();
  stopping_ = false;
  links_.clear();
  forget_streams();
  follow_quotes();
  failed_ = false;
  fold_and_start();
  if (!core_) return;
  every(kTimer, [this] { deliver(om::TimerFired{}); });
  every(kState, [this] {
    if (!failed_) publish_state(core_->strategy_states(clock_.now()), core_->leases());
  });
  key_refused_ = false;
  keep_venue_clock();
  every(kClock, [this] { keep_venue_clock(); });
  every(ProcessClock::kWatchEvery, [this] { watch_clock(); });
  heartbeats_ = om::HeartbeatChain(kHeartbeat, heartbeat_kept_);
  claim();
}

// As VenueDesk does: a key that was refused is asked for again at the next look.
void Manager::keep_venue_clock() {
  venue_.read_clock(take_reply());
  if (std::exchange(key_refused_, false)) venue_.ask_for_key(take_reply());
}

// Nothing is done at the venue before the account is ours.
void Manager::claim() {
  send_heartbeat([this](Duration pause) {
    if (!heartbeats_.ours()) return later(pause, [this] { claim(); });
    connect_user_channel();
    beat();
  });
}

// Heartbeats go out while it manages what rests at the venue, and to claim what it has lost.
void Manager::beat() {
  show_heartbeat();
  if (!core_) return;
  const auto stands = core_->not_ready();
  const bool in_charge =
      !failed_ && std::all_of(stands.begin(), stands.end(), [](om::NotReady why) {
        return om::forbids_orders(why) || why == om::NotReady::HeartbeatNotTaken;
      });
  if (heartbeats_.ours() && !in_charge) return later(kTimer, [this] { beat(); });
  send_heartbeat([this](Duration pause) { later(pause, [this] { beat(); }); });
}

void Manager::send_heartbeat(std::function<void(Duration)> then) {
  const Duration sent_at = stage_.now().time_since_epoch();
  venue_.heartbeat(heartbeats_.id(),
                   [this, process = process_, sent_at, then = std::move(then)](
                       const om::HeartbeatAnswer& answer, const Venue::Reply& reply) {
                     if (process != process_ || !core_) return;
                     const Duration now = stage_.now().time_since_epoch();
                     key_refused_ = key_refused_ || reply.key_refused;
                     const Duration pause = heartbeats_.on_answer(answer, sent_at, now);
                     if (answer.result == om::HeartbeatAnswer::Result::Accepted)
                       heartbeat_kept_ = heartbeats_.id();
                     if (heartbeats_.fenced())
                       throw Violation("the only order-manager of the account was fenced");
                     if (!heartbeats_.ours())
                       held_since_.reset();
                     else if (!held_since_)
                       held_since_ = stage_.now();
                     show_heartbeat();
                     if (core_) then(pause);
                   });
}

void Manager::show_heartbeat() {
  const bool held = heartbeats_.standing(stage_.now().time_since_epoch()) == om::Standing::Held;
  set_link(VenueChannel::Heartbeat, held ? om::Link::Up : om::Link::Down);
}

// The one path of start-up and recovery.
void Manager::fold_and_start() {
  out_.clear();
  inputs_in_turn_ = 0;
  ends_.forget();
  pauses_.forget();
  readings_.forget();
  core_ = std::make_unique<om::OrderManager>(plan_.manager, identify);
  // Every second process starts from the newest snapshot.
  if (auto snapshot = process_ % 2 == 0 ? journal_.snapshot() : std::nullopt) {
    core_->restore(std::move(*snapshot));
    streams_.resume(core_->ledger());
  }
  for (std::uint64_t seq = core_->ledger().last_seq() + 1; seq <= journal_.last_seq(); ++seq)
    remember(core_->apply(journal_.read(seq)));
  failed_ = false;
  lease_changes_told_ = 0;
  core_->start(splitmix64(plan_.seed), clock_.now(), out_);
  finish_turn();
  if (!core_) return;
  // Records that were found but could not be made safe are published to no reader.
  if (failed_) return forget_streams();
  require(core_->ledger().digest() == journal_.fold().digest(), "two folds of one journal differ");
  for (const auto& [channel, link] : links_) deliver(om::VenueSessionChanged{channel, link});
}

void Manager::deliver(const om::Input& input) {
  if (!core_ || (failed_ && !std::holds_alternative<om::TimerFired>(input))) return;
  stage_.tape.add(input.index());
  if (stage_.verbose) {
    if (const std::string text = tell(input); !text.empty()) stage_.say(text);
  }
  if (const auto* runner = std::get_if<domain::RunnerAnnounced>(&input))
    auditor_.leases().on_announced(*runner);
  ends_.heard(input);
  pauses_.heard(input, stage_.now());
  readings_.heard(input, stage_.now());
  const std::size_t before = out_.record.size();
  core_->on(input, clock_.now(), out_);
  const auto decided = std::span(out_.record).subspan(before);
  ends_.decided(core_->ledger(), decided);
  pauses_.decided(decided, stage_.now());
  readings_.decided(core_->ledger(), stage_.now());
  if (inputs_in_turn_++ > 0) return;
  // Inputs that arrive until then are of the same turn and the same transaction.
  later(microseconds(random_.between(0, 1'500)), [this] { finish_turn(); });
}

void Manager::follow_quotes() {
  quote_continuity_ = bus::Continuity(2 * domain::kShards);
  quotes_ = std::make_unique<follow::QuoteFollower>(follow::QuoteSink{
      .hear =
          [this](domain::Shard shard, const domain::QuoteTick& quote) {
            deliver(om::QuoteHeard{shard, quote});
          },
      .vouch =
          [this](domain::Shard shard, const domain::ShardVouched& vouched) {
            deliver(om::QuotesVouched{shard, vouched});
          },
      .missed = [this](domain::Shard shard) { deliver(om::QuotesMissed{shard}); },
      .refuse = [this](domain::Shard, wire::DecodeError) { ++stage_.totals["unreadable"]; }});
}

void Manager::on_quotes(const QuoteFrame& frame) {
  if (!core_) return;
  const std::vector<std::string_view> messages(frame.messages.begin(), frame.messages.end());
  const auto seen =
      quote_continuity_.on_frame(frame.head.incarnation, wire::topics::quote(frame.head.shard),
                                 frame.head.first_seq, messages.size());
  if (seen.duplicated > 0) return;  // frames are repeated whole
  quotes_->on_frame({.head = frame.head, .lost_before = seen.lost, .messages = messages});
}

void Manager::die(Death death, Crash crash, Duration for_how_long) {
  if (!core_) return;
  dead_for_ = for_how_long;
  crash_ = crash;
  if (death == Death::Now) return lose_process(for_how_long);
  fate_ = death;
  later(kPatience, [this, for_how_long] {
    if (fate_) lose_process(for_how_long);
  });
}

// Whether this is the turn that the process was to die in.
bool Manager::dies_here() const {
  if (!fate_ || out_.record.empty()) return false;
  const bool waits_for_orders = *fate_ == Death::AfterCommit || *fate_ == Death::WhileSending;
  return !waits_for_orders || !out_.after_commit.submits.empty();
}

bool Manager::trap_springs() const {
  return trap_ &&
         std::any_of(out_.record.begin(), out_.record.end(),
                     [&](const StreamedEvent& record) { return springs(trap_->occasion, record); });
}

void Manager::lose_process(Duration for_how_long) {
  const Death death = std::exchange(dying_, std::nullopt).value_or(Death::Now);
  const bool in_commit = death == Death::WhileWriting || death == Death::BeforeSync;
  if (!failed_ && !in_commit && out_.empty()) {
    require(core_->ledger().digest() == journal_.fold().digest(),
            "the live ledger is not the fold of its journal");
  }
  const bool power = std::exchange(crash_, Crash::Process) == Crash::Power;
  stage_.fault(power ? "power lost" : "order-manager killed");
  if (power) journal_.lose_unsynced();
  fate_.reset();
  core_.reset();
  out_.clear();
  inputs_in_turn_ = 0;
  ++process_;
  venue_.abandon_user_channel();
  stage_.schedule.after(for_how_long, [this] { boot(); });
}

void Manager::watch_clock() {
  if (clock_.stepped()) stop_and_start();
}

void Manager::stop_and_start() {
  if (!core_ || failed_ || stopping_) return;
  stopping_ = true;
  stage_.fault("order-manager stopped");
  deliver(om::ShutdownRequested{});
  later(seconds(random_.between(0, 4)),
        [this] { lose_process(milliseconds(random_.between(200, 2'000))); });
}

// ---- the turn

void Manager::finish_turn() {
  const std::size_t inputs = std::exchange(inputs_in_turn_, 0);
  if (failed_) {
    send_cancels(out_.at_once.cancels);
    out_.clear();
    return;
  }
  dying_ = dies_here() ? std::exchange(fate_, std::nullopt) : std::nullopt;
  if (trap_springs()) {
    constexpr std::array<Death, 5> kAtBoundary{Death::BeforeCommit, Death::WhileWriting,
                                               Death::BeforeSync, Death::AfterCommit,
                                               Death::WhileSending};
    dying_ = kAtBoundary[static_cast<std::size_t>(trap_->boundary)];
    crash_ = dying_ == Death::WhileWriting ? Crash::Power : Crash::Process;
    dead_for_ = kDeadAfterTrap;
    trapped_at_ = stage_.now();
    trap_.reset();
  }
  if (dying_ == Death::BeforeCommit) {
    if (random_.chance(500'000)) send_cancels(out_.at_once.cancels);
    return lose_process(dead_for_);
  }
  const bool durable = om::finish_turn(
      out_, [this](const om::Outputs::AtOnce& at_once) { send_cancels(at_once.cancels); },
      [this](std::span<const StreamedEvent> records) { return commit(records); },
      [this](const om::Outputs& out) { carry_out(out); });
  if (!durable && !dying_) return journal_failed();
  failed_ = !durable;
  if (durable) auditor_.on_turn(core_->ledger(), inputs);
  if (dying_) return lose_process(dead_for_);
  // A changed lease is published at once.
  if (std::exchange(lease_changes_told_, core_->lease_changes()) == lease_changes_told_) return;
  auditor_.leases().on_changed(leases());
  publish_state(core_->strategy_states(clock_.now()), core_->leases());
}

bool Manager::commit(std::span<const StreamedEvent> records) {
  if (dying_ == Death::WhileWriting) {
    const auto all = static_cast<std::int64_t>(records.size());
    const auto written = static_cast<std::size_t>(random_.between(0, all));
    journal_.write(records.first(written), clock_.ahead());
    return false;
  }
  journal_.write(records, clock_.ahead());
  if (dying_ == Death::BeforeSync) return false;
  if (random_.chance(commit_failure_ppm_)) {
    journal_.lose_unsynced();
    return false;
  }
  sync();
  return true;
}

void Manager::sync() {
  for (const Journal::Durable& durable : journal_.sync())
    auditor_.on_committed(durable.record, durable.ahead);
}

std::vector<domain::Lease> Manager::leases() const {
  std::vector<domain::Lease> leases = core_->leases();
  for (domain::Lease& lease : leases) lease.expires_at -= clock_.ahead();
  return leases;
}

void Manager::journal_failed() {
  stage_.fault("commit failed");
  failed_ = true;
  core_->on(om::CommitFailed{}, clock_.now(), out_);
  send_cancels(out_.at_once.cancels);
  out_.clear();
  later(kReopen, [this] { fold_and_start(); });
}

void Manager::carry_out(const om::Outputs& out) {
  if (dying_ == Death::AfterCommit) return;
  for (const om::SubmitBatch& batch : out.after_commit.submits) {
    for (const domain::Order& order : batch.orders) {
      stage_.say("send " + domain::to_string(order.id));
      auditor_.on_sent(order);
    }
    venue_.submit(batch.orders, take_reply());
    if (dying_ == Death::WhileSending) return;  // the others stay behind
  }
  for (const om::Read& read : out.after_commit.reads) {
    if (const auto* account = std::get_if<om::ReadAccount>(&read))
      readings_.asked(*account, core_->ledger(), stage_.now());
    venue_.read(read, take_reply());
  }
  const std::size_t told =
      dying_ == Death::WhileSending ? out.record.size() / 2 : out.record.size();
  for (const StreamedEvent& event : std::span(out.record).first(told)) {
    remember(event);
    publish_event(event);
  }
  if (dying_ == Death::WhileSending) return;
  for (const StreamedEvent& repeat : out.after_commit.repeats) publish_event(repeat);
}

void Manager::send_cancels(const std::vector<domain::VenueOrderId>& orders) {
  if (!orders.empty() && heartbeats_.may_cancel()) venue_.cancel(orders, take_reply());
}

Venue::OnReply Manager::take_reply() {
  return [this, process = process_](const Venue::Reply& reply) {
    if (process != process_ || !core_) return;
    set_link(VenueChannel::Rest, reply.answered ? om::Link::Up : om::Link::Down);
    key_refused_ = key_refused_ || reply.key_refused;
    for (const om::Input& input : reply.inputs) deliver(input);
  };
}

void Manager::set_link(VenueChannel channel, om::Link link) {
  const auto known = links_.find(channel);
  if (known != links_.end() && known->second == link) return;
  links_[channel] = link;
  deliver(om::VenueSessionChanged{channel, link});
}

void Manager::connect_user_channel() {
  later(milliseconds(random_.between(20, 1'500)), [this] {
    const auto living = [this, process = process_](auto action) {
      return [this, process, action](const auto&... arguments) {
        if (process == process_ && core_) action(arguments...);
      };
    };
    const bool open = venue_.open_user_channel(
        {.event = living([this](const om::Input& event) { deliver(event); }),
         .closed = living([this] {
           set_link(VenueChannel::User, om::Link::Down);
           connect_user_channel();
         })});
    if (!open) return connect_user_channel();
    set_link(VenueChannel::User, om::Link::Up);
  });
}

// ---- streams

void Manager::forget_streams() {
  streams_ = om::KeptStreams(plan_.streams);
}

void Manager::remember(const StreamedEvent& event) {
  streams_.keep(event, wire::encode_streamed(event));
}

std::optional<std::string> Manager::answer(const wire::OrdersRequest& request) {
  if (!core_) return std::nullopt;
  // Only durable records are published; a turn that is not finished waits.
  if (std::holds_alternative<wire::StatePageRequest>(request) && !at_rest()) return std::nullopt;
  return streams_.answer(wire::encode_orders_request(request), core_->ledger());
}

}  // namespace polybot::simulation
