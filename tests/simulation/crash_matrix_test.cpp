// order-manager is killed at each boundary of its journal, in the first turn that records each sort
// of event: 8 x 5 worlds, each built so that it must happen. Each must recover: the world then
// heals and settles, and the journal is compared with the venue's truth (World::run).
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/simulation/world.hpp"

namespace polybot::simulation {
namespace {

using venue_simulator::Fault;

// A calm world with a brisk market: only the fault of the cell happens.
Plan cell_plan(Trap trap) {
  Plan plan = make_plan(1 + static_cast<std::uint64_t>(trap.occasion));
  plan.horizon = minutes(2);
  plan.orders_wanted = 0;
  plan.deposit = domain::Money::from_units(20'000);
  plan.trouble_min = plan.trouble_max = std::chrono::hours(24);
  plan.commit_failure_ppm = 0;
  plan.request_trouble_ppm = 0;
  plan.user_loss_ppm = 0;
  plan.bought_before = 0;
  plan.trap = trap;
  if (trap.occasion == Occasion::Reversal) plan.faults = {Fault::TradeFailed};
  if (trap.occasion == Occasion::LegMiss) plan.faults = {Fault::LegMiss};
  if (trap.occasion == Occasion::Resolution) plan.horizon = minutes(4);  // markets last
  return plan;
}

struct Cell {
  std::string text;     // for the table
  std::string failure;  // empty = recovered
};

Cell run_cell(Trap trap) {
  const Plan plan = cell_plan(trap);
  World world(plan, World::Kind::Audited);
  try {
    const Outcome outcome = world.run();
    if (!outcome.trapped_after) return {"-", "the turn never came"};
    const auto starts = outcome.totals.find("order-manager starts");
    if (starts == outcome.totals.end() || starts->second != 2) {
      return {"?", "order-manager did not die exactly once"};
    }
    char text[32];
    std::snprintf(text, sizeof text, "ok at %.1f s",
                  std::chrono::duration<double>(*outcome.trapped_after).count());
    return {text, {}};
  } catch (const Violation& violation) {
    return {"LOST", violation.what()};
  }
}

TEST(CrashMatrix, RecoversAtEveryBoundaryOfEverySortOfTurn) {
  std::printf("%-14s", "killed in");
  for (const std::string_view boundary : kBoundaries) {
    std::printf(" %-16s", std::string(boundary).c_str());
  }
  std::printf("\n");
  for (std::size_t occasion = 0; occasion < kOccasions.size(); ++occasion) {
    std::printf("%-14s", std::string(kOccasions[occasion]).c_str());
    for (std::size_t boundary = 0; boundary < kBoundaries.size(); ++boundary) {
      const Cell cell =
          run_cell({static_cast<Occasion>(occasion), static_cast<Boundary>(boundary)});
      std::printf(" %-16s", cell.text.c_str());
      std::fflush(stdout);
      EXPECT_EQ(cell.failure, "") << kOccasions[occasion] << ", " << kBoundaries[boundary];
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace polybot::simulation
