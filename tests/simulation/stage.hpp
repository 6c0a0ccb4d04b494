// What every actor of a simulation shares: virtual time, a tape of everything that happened, and
// tallies to print. One thread; nothing here reads a clock. Two runs of one seed must leave equal
// tapes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/domain/time.hpp"
#include "services/venue-simulator/core/random.hpp"

namespace polybot::simulation {

using domain::Duration;
using domain::Timestamp;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
// The exchange's generator: seeded, integer only, the same on every machine.
using venue_simulator::Random;
using venue_simulator::splitmix64;

// A state that must never be. It ends the run of a seed; the driver adds seed, step and time.
class Violation : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const std::string& otherwise) {
  if (!holds) throw Violation(otherwise);
}

// Planned actions in order of time; those of equal times in the order of planning.
class Schedule {
 public:
  using Action = std::function<void()>;

  explicit Schedule(Timestamp start) : now_(start) {}
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  void at(Timestamp when, Action action) {
    heap_.push_back({std::max(when, now_), ++asked_, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end());
  }
  void after(Duration span, Action action) { at(now_ + span, std::move(action)); }

  // Runs the next action that is due by `until`. False when there is none; then it is `until`.
  bool step(Timestamp until) {
    if (heap_.empty() || heap_.front().when > until) {
      now_ = std::max(now_, until);
      return false;
    }
    std::pop_heap(heap_.begin(), heap_.end());
    const Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_ = entry.when;
    ++steps_;
    entry.action();
    return true;
  }

 private:
  struct Entry {
    Timestamp when{};
    std::uint64_t number = 0;
    Action action;
    // The earliest is on top of the heap.
    bool operator<(const Entry& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };
  std::vector<Entry> heap_;
  Timestamp now_;
  std::uint64_t asked_ = 0;
  std::uint64_t steps_ = 0;
};

// A running hash over everything that happened, with a mark per thousand entries that shows where
// two runs differ.
class Tape {
 public:
  void add(std::uint64_t word) {
    hash_ = (hash_ ^ splitmix64(word + entries_)) * 0x9E3779B97F4A7C15ULL;
    if (++entries_ % kMarkEvery == 0) marks_.push_back(hash_);
  }
  void add(std::string_view bytes) {
    std::uint64_t folded = bytes.size();
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t count = std::min(bytes.size(), sizeof word);
      std::memcpy(&word, bytes.data(), count);
      folded = splitmix64(folded ^ word);
      bytes.remove_prefix(count);
    }
    add(folded);
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  // The entry at which this tape and another differ; the end of the shorter when there is none
  // before.
  [[nodiscard]] std::uint64_t parts_from(const Tape& other) const {
    const auto [mine, theirs] =
        std::mismatch(marks_.begin(), marks_.end(), other.marks_.begin(), other.marks_.end());
    return static_cast<std::uint64_t>(mine - marks_.begin()) * kMarkEvery;
  }
  bool operator==(const Tape& other) const {
    return hash_ == other.hash_ && entries_ == other.entries_;
  }

 private:
  static constexpr std::uint64_t kMarkEvery = 1'000;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::uint64_t entries_ = 0;
  std::vector<std::uint64_t> marks_;
};

// Counts by name, to print.
using Tally = std::map<std::string, std::uint64_t>;

struct Stage {
  Stage(std::uint64_t seed_in, Timestamp start) : seed(seed_in), schedule(start) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  std::uint64_t seed;
  Schedule schedule;
  Tape tape;
  Tally faults;  // by kind
  Tally totals;
  bool verbose = false;

  [[nodiscard]] Timestamp now() const { return schedule.now(); }
  // Randomness of one actor: its numbers do not depend on what others draw.
  [[nodiscard]] Random random(std::uint64_t actor) const {
    return Random(splitmix64(seed) ^ splitmix64(actor));
  }
  void fault(const std::string& kind) {
    ++faults[kind];
    say("fault " + kind);
  }
  // A line of the replay of one seed.
  void say(const std::string& what) const {
    if (!verbose) return;
    const std::int64_t ms = domain::to_unix_ms(now());
    std::printf("%6lld.%03lld #%llu %s\n", static_cast<long long>(ms / 1000 % 100'000),
                static_cast<long long>(ms % 1000),
                static_cast<unsigned long long>(schedule.steps()), what.c_str());
  }
};

}  // namespace polybot::simulation
