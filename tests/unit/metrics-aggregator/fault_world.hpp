// Senders, the network and the aggregator's process around a merger, in virtual time and under
// random faults. One seed is one mix of faults, replayed exactly by its number.
//
// Three kinds of senders: runners, whose counters and histograms are summed; a gateway, whose wall
// clock may be an hour wrong; an order-manager, whose owned counter is the size of its journal.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/registry.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "tests/unit/metrics-aggregator/merger_fixture.hpp"

namespace polybot::metrics_aggregator::faults {

using domain::Duration;
using domain::Timestamp;

// SplitMix64: the same on every machine, unlike the standard distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t n) { return n != 0 && below(n) == 0; }
  Duration between(Duration low, Duration high);

 private:
  std::uint64_t state_;
};

enum class Fault : std::uint8_t {
  Loss,
  Duplicate,
  Reordering,
  ReplicaKill,
  PauseBeyondExpiry,    // of a replica, which then goes on
  Cut,                  // the network holds the first messages and drops the rest
  CutBeyondForgetting,  // more than an hour, up to thirty
  AggregatorPause,
  AggregatorKill,        // -9; the next one finds the state
  AggregatorStateLost,   // -9; the next one begins empty
  PauseAfterEmptyStart,  // of an aggregator that began empty, before its first drain or right after
  WrongClock,            // a sender's, by an hour
};
inline constexpr std::size_t kFaults = 12;
std::string_view to_string(Fault fault);
// How often each happened.
using Exercised = std::array<std::uint64_t, kFaults>;

// How hostile a mix is; every rate is one in n steps or messages, 0 never.
struct Mix {
  std::uint64_t seed = 0;
  std::size_t runners = 1;
  std::uint64_t loss = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t reorder = 0;
  std::uint64_t kill = 0;
  std::uint64_t pause = 0;
  std::uint64_t cut = 0;
  Duration cut_max = std::chrono::seconds(60);  // above an hour, senders are forgotten
  std::uint64_t aggregator_pause = 0;
  std::uint64_t aggregator_kill = 0;
  std::uint64_t state_loss = 0;
  Duration clock_error{};
  Duration length = std::chrono::minutes(5);
};
Mix mix_of(std::uint64_t seed);

struct Truth {
  std::uint64_t scans = 0;
  std::uint64_t observations = 0;
  double seconds = 0;
  std::uint64_t journal = 0;
};

// What is missing from the merged scans at the end of a mix, by reason.
struct Missing {
  std::uint64_t unpublished = 0;  // the last interval of killed runners
  std::uint64_t undelivered = 0;  // published and lost: on the network, or with a killed aggregator
};

class World {
 public:
  explicit World(const Mix& mix);
  ~World();

  // Runs the mix, then a calm end; checks as it goes, by GoogleTest's assertions.
  void run();

  const Exercised& exercised() const { return exercised_; }
  const Missing& missing() const { return missing_; }
  std::uint64_t checks() const { return checks_; }

 private:
  enum class Faults : std::uint8_t { On, Off };
  enum class Role : std::uint8_t { Runner, Gateway, Manager };

  // A process that counts and publishes.
  struct Replica {
    Role role = Role::Runner;
    Process process;
    Truth counted;
    Truth published;          // sent at least once
    Truth delivered;          // the newest that reached the merger
    Truth saved;              // the newest that reached the stored state
    Truth before_aggregator;  // counted when the present lineage began
    std::unique_ptr<metrics::Registry> registry = nullptr;  // of a gateway
    bool dead = false;
    Timestamp next_snapshot{};
    Timestamp paused_until{};
    Timestamp cut_until{};
  };
  struct InFlight {
    Timestamp due;
    std::uint64_t order = 0;
    std::size_t replica = 0;
    metrics::Snapshot snapshot;
    Truth content;
    bool operator<(const InFlight& other) const {
      return std::tie(due, order) < std::tie(other.due, other.order);
    }
  };
  struct Shown {
    double scans = 0;
    std::uint64_t observations = 0;
    double seconds = 0;
    double journal = 0;
  };

  void note(Fault fault) { ++exercised_[static_cast<std::size_t>(fault)]; }

  // Senders.
  void start_replica(Role role, const std::string& name);
  void advance(std::size_t index, Faults faults);
  void trouble(Replica& replica);
  void work(Replica& replica);
  metrics::Snapshot snapshot_of(Replica& replica);
  void publish(std::size_t index, Faults faults);

  // The network.
  void send(InFlight message, Duration delay);
  void deliver();
  void jump_while_cut();

  // The aggregator.
  void step(Faults faults);
  void merge_and_save();
  void trouble_the_aggregator();
  void kill_the_aggregator();
  void lose_the_state();
  void resume();
  bool aggregator_runs() const {
    return now_ >= aggregator_paused_until_ && now_ >= aggregator_down_until_;
  }

  void skip_to_the_end_of_faults();
  Truth truth() const;
  Shown read() const;
  void check();
  void check_clock() const;
  void check_the_end();

  Mix mix_;
  Random random_;
  Timestamp now_;
  Timestamp next_merge_{};
  Timestamp aggregator_paused_until_{};
  Timestamp aggregator_down_until_{};
  Merger merger_;
  bool lineage_begun_ = true;
  std::optional<std::string> saved_state_;
  std::deque<Replica> replicas_;
  std::map<std::size_t, std::vector<InFlight>> buffers_;
  std::set<InFlight> in_flight_;
  std::uint64_t order_ = 0;
  std::uint64_t journal_ = 0;
  bool state_was_lost_ = false;
  bool forgot_ = false;
  Shown shown_;
  Exercised exercised_{};
  Missing missing_;
  std::uint64_t checks_ = 0;
};

}  // namespace polybot::metrics_aggregator::faults
