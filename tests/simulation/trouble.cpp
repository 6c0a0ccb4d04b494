// The troubles of a World, drawn from its seed: the venue's own faults, processes killed or frozen,
// links cut, an operator who interferes, trades by hand.
#include "tests/simulation/world.hpp"

namespace polybot::simulation {

namespace sim = venue_simulator;
using domain::StrategyName;
using domain::TradingState;
using sim::Fault;

namespace {

// Of the later faults only those that this world acts out. A changed fee is not one of them: fills
// before it is noticed are rightly booked at the old rate.
Fault any_fault(Random& random) {
  constexpr std::array kLater{Fault::PastEnd, Fault::SurplusShares, Fault::TradeStuck};
  const std::int64_t drawn =
      random.between(0, sim::kFaultsAtFirst + static_cast<std::int64_t>(kLater.size()) - 1);
  return drawn < sim::kFaultsAtFirst
             ? static_cast<Fault>(drawn)
             : kLater[static_cast<std::size_t>(drawn - sim::kFaultsAtFirst)];
}

}  // namespace

void World::plan_trouble() {
  stage_.schedule.after(random_.between(plan_.trouble_min, plan_.trouble_max), [this] {
    if (healed_) return;
    make_trouble();
    plan_trouble();
  });
}

void World::make_trouble() {
  const std::int64_t which = random_.between(0, 99);
  if (which < 40) {
    // Several at once: a lost answer matters most when the user channel is out of order too.
    for (std::int64_t more = random_.between(1, 3); more > 0; --more) set_fault();
    return;
  }
  if (which < 48) return kill_manager();
  if (which < 50) return lose_power();
  if (which < 60) return disturb_runner();
  if (which < 63) return scale_runners();
  if (which < 65) return partition_runner();
  if (which < 68) return cut_link();
  if (which < 70) return step_clocks();
  if (which < 73) {
    stage_.fault("venue unreachable");
    return venue_.cut_rest(milliseconds(random_.between(300, 6'000)));
  }
  if (which < 76) {
    stage_.fault("user channel dropped");
    return venue_.drop_user_channel();
  }
  if (which < 78) {
    stage_.fault("gateway restarted");
    api_.restart();
    return gateway_.restart();
  }
  if (which < 87) return command_something();
  stage_.fault("order by hand");
  venue_.trade_by_hand();
  // Orders placed by hand end by themselves; sometimes their trades are told afterwards.
  if (random_.chance(500'000)) set_fault(Fault::UserEvents);
}

void World::set_fault() {
  // The faults that test the book most come more often.
  constexpr std::array kOften{Fault::TradeFailed, Fault::UserEvents, Fault::LateFill,
                              Fault::AnswerLost, Fault::ExecutedLate};
  const auto fault = random_.chance(400'000)
                         ? kOften[static_cast<std::size_t>(random_.between(0, kOften.size() - 1))]
                         : any_fault(random_);
  set_fault(fault);
  // An order whose trade failed is matched again: told out of order, it is filled twice.
  if (fault == Fault::TradeFailed && random_.chance(500'000)) set_fault(Fault::UserEvents);
}

void World::set_fault(Fault fault) {
  // The cash that the account has when it is read first is its deposit, whatever made it so: cash
  // that leaves again would be missing for ever.
  if (fault == Fault::VenueDrift && !journal_.fold().drift_measured()) return;
  if (fault == Fault::TradeStuck && plan_.trades_stuck) return;  // it is on already
  sim::FaultSettings settings;
  settings.probability_ppm =
      random_.chance(400'000) ? 1'000'000 : random_.between(100'000, 700'000);
  settings.duration = milliseconds(random_.between(500, 9'000));
  if (fault == Fault::VenueHang) settings.delay = milliseconds(random_.between(100, 4'000));
  if (fault == Fault::LateFill) settings.delay = milliseconds(random_.between(200, 6'000));
  if (fault == Fault::TradeFailed || fault == Fault::LateFill || fault == Fault::UserEvents)
    settings.duration *= 3;
  // Money is drawn, or paid in and drawn again; what had been promised to orders may be gone.
  if (fault == Fault::VenueDrift) {
    const std::int64_t cash = venue_.exchange().engine().accounts()[venue_.account()].cash.raw();
    const std::int64_t permille = random_.chance(700'000) ? -random_.between(100, 900) : 100;
    settings.amount = domain::Money::from_raw(cash / 1'000 * permille);
    settings.duration = seconds(random_.between(5, 120));
  }
  stage_.fault(std::string(sim::to_string(fault)));
  venue_.input(sim::SetFault{fault, settings});
  if (fault == Fault::UserSocketDrop || fault == Fault::VenueDown) venue_.drop_user_channel();
}

void World::stick_trades() {
  if (!healed_ && !venue_.stick_trades())
    stage_.schedule.after(seconds(5), [this] { stick_trades(); });
}

void World::kill_manager() {
  if (random_.chance(150'000)) return manager_.stop_and_start();
  // Sometimes for so long that the venue cancels the orders it left behind.
  const std::int64_t dead_for_ms_max = random_.chance(100'000) ? 25'000 : 5'000;
  manager_.die(static_cast<Manager::Death>(random_.between(0, Manager::kDeaths - 1)),
               Manager::Crash::Process, milliseconds(random_.between(100, dead_for_ms_max)));
}

// The machine that all of our processes run on goes down, and comes back.
void World::lose_power() {
  const Duration off = milliseconds(random_.between(500, 6'000));
  manager_.die(static_cast<Manager::Death>(random_.between(0, Manager::kDeaths - 1)),
               Manager::Crash::Power, off);
  for (const auto& runner : runners_) runner->die(off + milliseconds(random_.between(0, 900)));
  api_.restart();
  gateway_.restart();
}

// The wall clock of the machine, or of one process with a machine of its own, is set: by an
// acceptable error, by seconds, minutes or hours. Mostly it is put right again.
void World::step_clocks() {
  constexpr std::array<Duration, 5> kFar{milliseconds(900), seconds(8), minutes(2), minutes(50),
                                         std::chrono::hours(6)};
  const Duration limit = kFar[static_cast<std::size_t>(random_.between(0, kFar.size() - 1))];
  const Duration ahead = random_.between(-limit, limit);
  stage_.fault("clock stepped");
  const std::int64_t which = random_.between(0, 5 + plan_.runners_max);
  if (which < 4) {
    set_clocks(ahead);
  } else if (which == 4) {
    manager_.clock().set_wall(ahead);
  } else if (which == 5) {
    gateway_.clock().set_wall(ahead);
  } else {
    runners_[static_cast<std::size_t>(which - 6)]->clock().set_wall(ahead);
  }
  if (random_.chance(850'000)) {
    stage_.schedule.after(milliseconds(random_.between(500, 25'000)), [this] { set_clocks({}); });
  }
}

void World::set_clocks(Duration ahead) {
  manager_.clock().set_wall(ahead);
  gateway_.clock().set_wall(ahead);
  for (const auto& runner : runners_) runner->clock().set_wall(ahead);
}

void World::disturb_runner() {
  const auto which =
      static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(runners_.size()) - 1));
  RunnerProcess& runner = *runners_[which];
  switch (random_.between(0, 3)) {
    case 0: {
      const Duration dead_for = milliseconds(random_.between(100, 6'000));
      if (lies_.chance(150'000))
        links_[which]->lied_to_until = stage_.now() + dead_for + seconds(lies_.between(1, 6));
      return runner.die(dead_for);
    }
    case 1:
      return runner.leave(milliseconds(random_.between(100, 3'000)));
    case 2:
      return runner.freeze(milliseconds(random_.between(500, 8'000)));
    default:
      // Beyond its lease, sometimes for a minute.
      return runner.turn_zombie(random_.chance(200'000)
                                    ? Duration(minutes(1))
                                    : Duration(milliseconds(random_.between(2'500, 10'000))),
                                milliseconds(random_.between(200, 3'000)));
  }
}

void World::scale_runners() {
  stage_.fault("runners scaled");
  const auto wanted = static_cast<std::size_t>(random_.between(1, plan_.runners_max));
  for (std::size_t i = 0; i < runners_.size(); ++i) {
    if (i < wanted) {
      runners_[i]->hire();
    } else {
      runners_[i]->retire();
    }
  }
}

// Between one runner and order-manager, in either direction or both; market data goes on.
void World::partition_runner() {
  stage_.fault("runner cut off from order-manager");
  const Duration span = milliseconds(random_.between(1'000, 10'000));
  RunnerLinks& links = *links_[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(links_.size()) - 1))];
  const std::int64_t which = random_.between(0, 2);
  if (which != 1) {
    links.events.cut(span);
    links.answers.cut(span);
  }
  if (which != 0) links.signals.cut(span);
}

void World::cut_link() {
  stage_.fault("link cut");
  const Duration span = milliseconds(random_.between(200, 8'000));
  RunnerLinks& links = *links_[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(links_.size()) - 1))];
  const std::array<Link*, 7> all{&links.market_data, &links.events, &links.signals, &links.requests,
                                 &links.answers,     &quotes_,      &commands_};
  // Sometimes a process is cut off altogether.
  if (random_.chance(250'000)) {
    for (Link* link : {&links.market_data, &links.events, &links.signals, &links.requests})
      link->cut(span);
    return;
  }
  all[static_cast<std::size_t>(random_.between(0, all.size() - 1))]->cut(span);
}

std::optional<StrategyName> World::any_strategy() {
  const auto which = random_.between(0, static_cast<std::int64_t>(kStrategies.size()));
  if (which == static_cast<std::int64_t>(kStrategies.size())) return std::nullopt;
  return kStrategies[static_cast<std::size_t>(which)];
}

void World::command(domain::CommandBody body, Duration after) {
  const domain::CommandId id{splitmix64(plan_.seed ^ 0x6F70ULL), ++commands_sent_};
  stage_.schedule.after(after, [this, id, body = std::move(body)] {
    const domain::Command command{.id = id,
                                  .body = body,
                                  .issued_at = gateway_.clock().now(),
                                  .expires_at = gateway_.clock().now() + seconds(5),
                                  .trace = {id.low}};
    // Repeated until the answer comes, or for long enough.
    for (const Duration later :
         {Duration{}, Duration(milliseconds(300)), Duration(milliseconds(1'200))}) {
      stage_.schedule.after(later, [this, command] {
        commands_.send([this, command] { manager_.deliver(command); });
      });
    }
  });
}

void World::command_something() {
  stage_.fault("operator command");
  const std::optional<StrategyName> strategy = any_strategy();
  const Duration meanwhile = seconds(random_.between(2, 15));
  switch (random_.between(0, 5)) {
    case 0:
      command(domain::SetTradingState{strategy, TradingState::Halted, "a drill",
                                      stage_.now() + meanwhile / 2});
      return command(domain::SetTradingState{strategy, TradingState::Active}, meanwhile);
    case 1:
      command(domain::SetTradingState{strategy, TradingState::Reducing});
      return command(domain::SetTradingState{strategy, TradingState::Active}, meanwhile);
    case 2:
      command(domain::FlattenPositions{strategy});
      return command(domain::SetTradingState{strategy, TradingState::Active}, meanwhile);
    case 3:
      return command(domain::CancelAllOrders{strategy, std::nullopt});
    case 4: {
      const StrategyName name = strategy.value_or(kStrategies[1]);
      command(domain::StopStrategy{name});
      return command(domain::StartStrategy{name}, meanwhile);
    }
    default: {
      if (!manager_.alive() || manager_.core().ledger().orders().open().empty()) return;
      const auto& open = manager_.core().ledger().orders().open();
      return command(domain::CancelOrder{*std::next(
          open.begin(), random_.between(0, static_cast<std::int64_t>(open.size()) - 1))});
    }
  }
}

}  // namespace polybot::simulation
