#include "tests/simulation/world.hpp"

#include "common/wire/order_codec.hpp"

namespace polybot::simulation {

namespace om = order_manager;
namespace sim = venue_simulator;
using domain::StrategyName;
using domain::TradingState;
using sim::Fault;

namespace {

constexpr Duration kVenueTick = milliseconds(100);
constexpr Duration kLeaseCheck = milliseconds(500);
constexpr std::uint64_t kStepsBetweenChecks = 400;
constexpr std::uint64_t kStepsBetweenVenueChecks = 8'000;
constexpr Duration kWindDown = seconds(15);   // healed, still trading
constexpr Duration kSettleMax = minutes(12);  // longer than any retry, hold or settlement
constexpr Duration kOperatorLooks = seconds(25);
constexpr Duration kBefore = seconds(90);  // so that no reading reaches back to all of it

}  // namespace

World::World(const Plan& plan, Kind kind)
    : plan_(plan),
      kind_(kind),
      stage_(plan.seed, plan.start),
      random_(stage_.random(3)),
      lies_(stage_.random(12)),
      venue_(stage_, plan_),
      journal_(stage_),
      auditor_(stage_, plan_),
      gateway_(stage_, venue_),
      manager_(stage_, plan_, venue_, journal_, auditor_),
      monitor_(stage_, plan_, manager_),
      hand_overs_(plan_),
      quotes_(stage_, 10, plan_.bus, Ordering::Kept),
      commands_(stage_, 11, plan_.bus, Ordering::Shuffled),
      api_(stage_, journal_),
      api_links_(reader_links(13)) {
  stage_.verbose = kind == Kind::Told;
  for (int i = 0; i < plan_.runners_max; ++i) {
    runners_.push_back(std::make_unique<RunnerProcess>(stage_, plan_, i));
    const auto first = 20 + 10 * static_cast<std::uint64_t>(i);
    links_.push_back(std::make_unique<RunnerLinks>(
        RunnerLinks{reader_links(first + 1), Link(stage_, first, plan_.bus, Ordering::Kept),
                    Link(stage_, first + 2, plan_.bus, Ordering::Shuffled)}));
  }
  connect();
}

World::ReaderLinks World::reader_links(std::uint64_t first) {
  return {.events = Link(stage_, first, plan_.bus, Ordering::Shuffled),
          .requests = Link(stage_, first + 2, plan_.bus, Ordering::Shuffled),
          .answers = Link(stage_, first + 3, plan_.answers, Ordering::Shuffled),
          .lied_to_until = {},
          .ask_lost_at = {}};
}

// ---- who hears whom

void World::connect() {
  gateway_.publish_frame = [this](const MarketDataFrame& frame) {
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      if (!runners_[i]->subscribed(frame.head.shard)) continue;
      Link& link = links_[i]->market_data;
      MarketDataFrame worn = frame;
      worn.messages.back() = link.worn(std::move(worn.messages.back()));
      link.send([runner = runners_[i].get(), worn = std::move(worn)] { runner->on_frame(worn); });
    }
  };
  gateway_.publish_markets = [this](const std::vector<domain::Market>& markets) {
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      links_[i]->market_data.send(
          [runner = runners_[i].get(), markets] { runner->on_markets(markets); });
    }
    quotes_.send([this, markets] {
      for (const domain::Market& market : markets) manager_.deliver(om::MarketHinted{market});
    });
  };
  gateway_.publish_quotes = [this](QuoteFrame frame) {
    frame.messages.back() = quotes_.worn(std::move(frame.messages.back()));
    quotes_.send([this, frame] { manager_.on_quotes(frame); });
  };
  manager_.publish_event = [this](const domain::StreamedEvent& event) {
    const std::string bytes = wire::encode_streamed(event);
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      Link& link = links_[i]->events;
      link.send([runner = runners_[i].get(), stream = event.event.strategy,
                 bytes = link.worn(bytes)] { runner->on_event(stream, bytes); });
    }
    api_links_.events.send(
        [this, stream = event.event.strategy, bytes = api_links_.events.worn(bytes)] {
          api_.on_event(stream, bytes);
        });
  };
  manager_.publish_state = [this](const std::vector<domain::StrategyState>& states,
                                  const std::vector<domain::Lease>& leases) {
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      links_[i]->events.send(
          [runner = runners_[i].get(), states, leases] { runner->on_state(states, leases); });
    }
    api_links_.events.send([this, states, wanted = manager_.quotes_wanted()] {
      api_.on_state(states);
      gateway_.hear_wanted(wanted);
    });
  };
  for (std::size_t i = 0; i < runners_.size(); ++i) connect(i);
  api_.ask_manager = asking(api_links_, [this](const std::string& request) {
    return answer_orders(api_links_, request);
  });
}

void World::connect(std::size_t index) {
  RunnerProcess* runner = runners_[index].get();
  RunnerLinks* links = links_[index].get();
  runner->publish_signal = [this, links, runner](const domain::Signal& signal) {
    auditor_.on_signal(signal);
    links->signals.send([this, signal, sent_at = runner->clock().now()] {
      manager_.deliver(om::SignalReceived{signal, sent_at});
    });
  };
  runner->announce = [this, links](const domain::RunnerAnnounced& announced) {
    links->signals.send([this, announced] { manager_.deliver(announced); });
  };
  runner->ask_gateway = asking(*links, [this](const std::string& request) {
    return std::optional(gateway_.answer(request));
  });
  runner->ask_manager = asking(
      *links, [this, links](const std::string& request) { return answer_orders(*links, request); });
}

Ask World::asking(ReaderLinks& links,
                  std::function<std::optional<std::string>(const std::string&)> answer) {
  return [this, &links, answer = std::move(answer)](
             const std::string& request, std::function<void(const std::string&)> answered) {
    const auto lost = [this, &links] { links.ask_lost_at = stage_.now(); };
    const bool asked =
        links.requests.send([&links, answer, request, lost, answered = std::move(answered)] {
          const std::optional<std::string> bytes = answer(request);
          if (!bytes) return;
          const std::string worn = links.answers.worn(*bytes);
          const bool sent = links.answers.send([answered, worn] { answered(worn); });
          if (!sent || worn != *bytes) lost();
        });
    if (!asked) lost();
  };
}

// A lying peer always promises another page.
std::optional<std::string> World::answer_orders(const ReaderLinks& links,
                                                const std::string& request) {
  wire::OrdersRequest wanted;
  require(wire::decode_orders_request(request, wanted) == wire::DecodeError::None,
          "a request for order events cannot be read");
  const auto* page = std::get_if<wire::StatePageRequest>(&wanted);
  require(page == nullptr || page->page < kPagesMax, "a state is read without an end");
  if (page == nullptr || stage_.now() >= links.lied_to_until) return manager_.answer(wanted);
  ++stage_.totals["states without an end"];
  return wire::encode_orders_answer(
      wire::StatePage{.at_seq = 1, .page = page->page, .pages = 1'000, .entries = {}});
}

// ---- the run

void World::run_until(Timestamp until) {
  while (stage_.schedule.step(until)) {
    if (kind_ != Kind::Replay && stage_.schedule.steps() >= checked_step_ + kStepsBetweenChecks)
      check();
  }
}

void World::check() {
  checked_step_ = stage_.schedule.steps();
  const bool thorough = checked_step_ >= checked_venue_step_ + kStepsBetweenVenueChecks;
  if (thorough) {
    checked_venue_step_ = checked_step_;
    check_venue(venue_, auditor_);
  }
  if (!manager_.at_rest()) return;
  auditor_.check_ledger(manager_.core().ledger());
  check_openings(manager_.core().ledger(), venue_);
  for (const auto& runner : runners_) {
    if (runner->running()) check_holdings(runner->core(), manager_.core().ledger(), stage_.now());
  }
  if (!thorough) return;
  require(manager_.core().ledger().digest() == journal_.fold().digest(),
          "the live ledger is not the fold of its journal");
}

// What a person bought before anything of ours ran for the first time.
void World::live_before() {
  for (int i = 0; i < plan_.bought_before; ++i)
    stage_.schedule.after(milliseconds(random_.between(200, 5'000)),
                          [this] { venue_.buy_before(); });
  if (plan_.bought_before > 0) run_until(stage_.now() + kBefore);
  // The first balance is to have all of it.
  while (venue_.exchange().engine().unsettled_trades() > 0) run_until(stage_.now() + kVenueTick);
}

Outcome World::run() {
  struct Tick {
    World& world;
    void operator()() const {
      world.venue_.advance();
      world.stage_.schedule.after(kVenueTick, *this);
    }
  };
  Tick{*this}();
  live_before();
  gateway_.start();
  api_.start();
  monitor_.start();
  stage_.schedule.after(milliseconds(300), [this] {
    venue_.begin();
    manager_.start();
  });
  for (int i = 0; i < plan_.runners; ++i) {
    stage_.schedule.after(
        milliseconds(random_.between(0, 900)),
        [runner = runners_[static_cast<std::size_t>(i)].get()] { runner->start(); });
  }
  struct LeaseCheck {
    World& world;
    void operator()() const {
      world.check_leases();
      world.stage_.schedule.after(kLeaseCheck, *this);
    }
  };
  struct HandOverWatch {
    World& world;
    void operator()() const {
      world.watch_hand_overs();
      world.stage_.schedule.after(HandOvers::kSampleEvery, *this);
    }
  };
  if (kind_ != Kind::Replay) LeaseCheck{*this}();
  if (kind_ != Kind::Replay) HandOverWatch{*this}();
  plan_trouble();
  if (plan_.trades_stuck) stick_trades();
  for (const Fault fault : plan_.faults) venue_.input(sim::SetFault{fault, {}});
  struct Operator {
    World& world;
    void operator()() const {
      if (world.healed_) return;
      world.command(domain::SetTradingState{std::nullopt, TradingState::Active});
      for (const StrategyName& name : kStrategies)
        world.command(domain::SetTradingState{name, TradingState::Active});
      world.stage_.schedule.after(kOperatorLooks, *this);
    }
  };
  stage_.schedule.after(kOperatorLooks, Operator{*this});
  const Timestamp began_at = stage_.now();
  run_until(began_at + plan_.horizon);
  const auto wanting = [this] {
    return auditor_.orders() < plan_.orders_wanted || (plan_.trap && !manager_.trapped_at());
  };
  while (wanting() && stage_.now() < began_at + 5 * plan_.horizon) {
    run_until(stage_.now() + seconds(10));
  }
  settle();
  Outcome outcome;
  collect(outcome);
  return outcome;
}

void World::check_leases() {
  if (!manager_.at_rest()) return;
  auditor_.leases().check_gaps(manager_.leases(), {kStrategies.begin(), kStrategies.end()},
                               auditor_.resting());
}

bool World::in_touch(std::size_t runner) {
  const RunnerLinks& links = *links_[runner];
  const Duration apart = runners_[runner]->clock().ahead() - manager_.clock().ahead();
  const bool agree = -plan_.manager.clock_skew_max < apart && apart < plan_.manager.clock_skew_max;
  return agree && !links.events.is_cut() && !links.signals.is_cut() && !links.requests.is_cut() &&
         !links.answers.is_cut() && stage_.now() >= links.lied_to_until &&
         stage_.now() >= links.ask_lost_at + HandOvers::kMax;
}

void World::watch_hand_overs() {
  HandOvers::Sample sample{
      .at = stage_.now(), .manager = {}, .enabled = {}, .leases = {}, .runners = {}};
  if (manager_.grants()) {
    sample.manager = manager_.process();
    sample.leases = manager_.leases();
    for (std::size_t i = 0; i < kStrategies.size(); ++i)
      sample.enabled[i] = manager_.core().ledger().enabled(kStrategies[i]).value_or(false);
  }
  for (std::size_t i = 0; i < runners_.size(); ++i) {
    if (!runners_[i]->running()) continue;
    HandOvers::Holder& holder = sample.runners.emplace_back();
    holder.incarnation = runners_[i]->incarnation();
    holder.cut_off = !in_touch(i);
    holder.healthy = runners_[i]->settled() && !holder.cut_off;
    for (std::size_t strategy = 0; strategy < kStrategies.size(); ++strategy)
      holder.ready[strategy] = runners_[i]->shards_warm(strategy);
  }
  hand_overs_.observe(sample);
}

// Everything works again and no new orders come: every doubt must end, and the books must be equal.
void World::settle() {
  healed_ = true;
  venue_.heal();
  manager_.heal();
  monitor_.heal();
  quotes_.heal();
  commands_.heal();
  for (const auto& runner : runners_) runner->heal();
  set_clocks({});
  for (const auto& links : links_) {
    links->heal();
    links->market_data.heal();
    links->signals.heal();
  }
  api_links_.heal();
  stage_.say("healed");
  run_until(stage_.now() + kWindDown);
  // A process that was dead for long, restarts on a corrected clock or had to wait for the account
  // has as much time to find its place.
  const Timestamp at_work_by = stage_.now() + kSettleMax;
  while (stage_.now() < manager_.held_since().value_or(at_work_by) + kWindDown)
    run_until(stage_.now() + seconds(1));
  require(manager_.held_since().has_value(), "order-manager did not take the account");
  check_spread();
  const Timestamp give_up = stage_.now() + kSettleMax;
  std::vector<std::string> left{"order-manager did not come back"};
  while (!left.empty() && stage_.now() < give_up) {
    const bool halted = manager_.alive() && manager_.core().ledger().own_trading_state(
                                                std::nullopt) == TradingState::Halted;
    if (!halted) command(domain::SetTradingState{std::nullopt, TradingState::Halted});
    run_until(stage_.now() + seconds(1));
    if (manager_.at_rest() && halted) left = differences(manager_.core().ledger(), venue_);
  }
  std::string text;
  for (const std::string& difference : left) text += "\n  " + difference;
  require(left.empty(), "venue and journal differ after everything has settled:" + text);
  check_venue(venue_, auditor_);
  check_written_off(venue_, auditor_, plan_.manager.ambiguous_hold);
  auditor_.check_ledger(manager_.core().ledger());
  require(manager_.core().ledger().digest() == journal_.fold().digest(),
          "the live ledger is not the fold of its journal");
  run_until(stage_.now() + seconds(3));
  const std::string shown = manager_.at_rest() ? monitor_.difference() : std::string();
  require(shown.empty(), shown);
  const std::string read = api_.difference(manager_.core().ledger());
  require(read.empty(), read);
  for (const om::NotReady why : manager_.core().not_ready())
    throw Violation("not ready though everything works: " + std::string(to_string(why)));
  require(!venue_.exchange().dead_man_switch().lapsed(venue_.account()),
          "the venue takes order-manager for dead though everything works");
}

// Undisturbed for a while, every shard is leased to one living runner, evenly, and watched there.
void World::check_spread() {
  if (!manager_.at_rest()) return;
  std::map<std::uint64_t, std::map<StrategyName, std::size_t>> held;
  for (const auto& runner : runners_) {
    if (runner->running()) held[runner->incarnation()];
  }
  for (const domain::Lease& lease : manager_.core().leases()) {
    const auto holder = held.find(lease.incarnation);
    require(holder != held.end() && !lease.revoked, "a shard is left with somebody who is gone");
    ++holder->second[lease.strategy];
  }
  for (std::size_t i = 0; i < kStrategies.size() && !held.empty(); ++i) {
    std::size_t sum = 0;
    for (const auto& runner : runners_) {
      if (!runner->running()) continue;
      const std::size_t count = held[runner->incarnation()][kStrategies[i]];
      require(count >= domain::kShards / held.size() &&
                  count <= (domain::kShards + held.size() - 1) / held.size(),
              "the shards of " + kStrategies[i].value + " are spread unevenly");
      require(
          runner->core().status(i, runner->clock().now()).shards_held == static_cast<int>(count),
          "a runner does not know what it holds");
      sum += count;
    }
    require(sum == domain::kShards, "a shard of " + kStrategies[i].value + " is nobody's");
  }
}

void World::collect(Outcome& outcome) const {
  const om::Ledger& ledger = manager_.core().ledger();
  outcome.rows = ledger.orders().rows_taken();
  outcome.orders = auditor_.orders();
  outcome.steps = stage_.schedule.steps();
  outcome.faults = stage_.faults;
  outcome.totals = stage_.totals;
  if (manager_.trapped_at()) outcome.trapped_after = *manager_.trapped_at() - plan_.start;
  outcome.totals["journal records"] = ledger.last_seq();
  outcome.totals["lease moves"] = auditor_.leases().moves();
  outcome.totals["order-manager starts"] = ledger.starts();
  for (const auto& [strategy, counters] : ledger.counters()) {
    for (std::size_t side = 0; side < 2; ++side) {
      outcome.totals["fills"] += counters.fills[side][0] + counters.fills[side][1];
      for (std::size_t status = 0; status < domain::kOrderStatuses; ++status) {
        outcome.totals["orders " + std::string(domain::identifier_of(
                                       static_cast<domain::OrderStatus>(status)))] +=
            counters.orders[side][status];
      }
    }
    outcome.totals["fills of " + strategy.value] +=
        counters.fills[0][0] + counters.fills[0][1] + counters.fills[1][0] + counters.fills[1][1];
    for (const auto one : domain::kEnumerators<om::SignalOutcome>) {
      if (one == om::SignalOutcome::Accepted) continue;
      outcome.totals["signals " + std::string(domain::name_of(one))] +=
          counters.signals[domain::place_of(one)];
    }
  }
  outcome.hand_overs = hand_overs_.undisturbed();
  outcome.hand_overs_disturbed = hand_overs_.disturbed();
  outcome.tape = stage_.tape;
  outcome.tape.add(ledger.digest());
  outcome.tape.add(const_cast<Venue&>(venue_).save());
}

}  // namespace polybot::simulation
