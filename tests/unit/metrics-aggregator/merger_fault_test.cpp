// The merger under random faults, in virtual time: loss, repetition, reordering, kills and
// restarts, pauses beyond the expiry, cut-offs of up to thirty hours whose buffers flush old
// messages first, wrong clocks, and an aggregator that is paused, killed with its state or without,
// and paused right after an empty start.
//
// Throughout, no merged counter falls, none exceeds what was really counted, histograms add up, and
// no timestamp depends on a sender's clock. At the end every counter equals the newest values that
// were delivered: only what killed processes had not published, or what the network lost together
// with its sender, is missing. Owned counters equal the journal.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/unit/metrics-aggregator/fault_world.hpp"

namespace polybot::metrics_aggregator {
namespace {

using faults::Exercised;
using faults::Fault;
using faults::Mix;
using faults::World;

constexpr std::uint64_t kMixes = 600;

std::uint64_t sum_of(const Exercised& exercised) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : exercised) sum += count;
  return sum;
}

TEST(MergerUnderFaults, NeverFallsAndNeverCountsTwice) {
  Exercised all{};
  faults::Missing missing;
  std::uint64_t checks = 0;
  for (std::uint64_t seed = 1; seed <= kMixes; ++seed) {
    World world(faults::mix_of(seed));
    world.run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    ASSERT_GT(sum_of(world.exercised()), 0U) << "seed " << seed << " exercised nothing";
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += world.exercised()[i];
    missing.unpublished += world.missing().unpublished;
    missing.undelivered += world.missing().undelivered;
    checks += world.checks();
  }
  std::string report = std::to_string(kMixes) + " mixes, " + std::to_string(checks) +
                       " views checked: 0 decreases, 0 over-counts\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    report.append("  ").append(to_string(static_cast<Fault>(i)));
    report.append(": ").append(std::to_string(all[i])).append("\n");
    EXPECT_GE(all[i], kMixes / 20) << "hardly exercised: " << to_string(static_cast<Fault>(i));
  }
  report.append("  missing at the end, of killed senders: ")
      .append(std::to_string(missing.unpublished))
      .append(" unpublished, ")
      .append(std::to_string(missing.undelivered))
      .append(" lost on their way\n");
  std::fputs(report.c_str(), stdout);
}

// Where the network loses no message, the one error is the unpublished tail of killed processes.
TEST(MergerUnderFaults, MissesOnlyTheLastIntervalOfTheKilled) {
  std::uint64_t kills = 0;
  std::uint64_t unpublished = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World world(Mix{.seed = seed, .runners = 3, .duplicate = 10, .kill = 300, .pause = 900});
    world.run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    kills += world.exercised()[static_cast<std::size_t>(Fault::ReplicaKill)];
    unpublished += world.missing().unpublished;
    EXPECT_EQ(world.missing().undelivered, 0U) << "seed " << seed;
  }
  EXPECT_GT(kills, 500U);
  EXPECT_GT(unpublished, 0U) << "nothing was missing: the kills did not strike between snapshots";
}

}  // namespace
}  // namespace polybot::metrics_aggregator
