// How long each shard of each strategy has no runner that may act in it: from the moment its holder
// no longer can (dead, frozen, its lease ended or asked back) until a holder of a lease in force
// may signal again, the strategy's warm-up included. It is sampled. A gap without any other trouble
// must not be longer than promised; the others are only measured.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "services/order-manager/core/decide/lease_table.hpp"
#include "tests/simulation/plan.hpp"

namespace polybot::simulation {

class HandOvers {
 public:
  static constexpr Duration kSampleEvery = milliseconds(250);
  // From the last runner that may act to the next, without the warm-up. The bus may delay the news
  // by its longest stall.
  static constexpr Duration kMax = seconds(4);

  explicit HandOvers(const Plan& plan);

  struct Holder {
    std::uint64_t incarnation = 0;
    // Awake, not about to restart, and in touch with order-manager.
    bool healthy = false;
    // The way between it and order-manager is disturbed, though both may be well: a lease can be
    // renewed all the while.
    bool cut_off = false;
    // By strategy, bit n = shard n: the strategy is warm and its lease has not run out.
    std::array<std::uint64_t, kStrategies.size()> ready{};
  };
  struct Sample {
    Timestamp at{};
    // The present process of order-manager; empty while there is none that can grant.
    std::optional<std::uint64_t> manager;
    std::array<bool, kStrategies.size()> enabled{};
    std::vector<domain::Lease> leases;  // ends in true time
    std::vector<Holder> runners;
  };
  // Throws Violation.
  void observe(const Sample& sample);

  // Beyond the warm-up of the strategy, one per hand-over.
  [[nodiscard]] const std::vector<Duration>& undisturbed() const { return undisturbed_; }
  [[nodiscard]] const std::vector<Duration>& disturbed() const { return disturbed_; }

 private:
  struct Gap {
    Timestamp since{};
    std::uint64_t waits_for = 0;  // the holder that will become ready; 0: none yet
    bool disturbed = false;
  };
  struct Seat {
    // The last lease under which a runner could act: a shard that was never active is not handed
    // over, and one that goes on under the same lease was only interrupted.
    std::optional<domain::LeaseEpoch> epoch;
    std::optional<Gap> gap;
  };
  void note_health(const Sample& sample);
  [[nodiscard]] bool healthy_since(std::uint64_t incarnation, Timestamp since) const;
  void follow(std::size_t strategy, std::size_t shard, const Sample& sample,
              const domain::Lease* lease);

  std::array<Duration, kStrategies.size()> warm_up_{};
  Duration max_;
  std::array<std::array<Seat, domain::kShards>, kStrategies.size()> seats_;
  std::map<std::uint64_t, Timestamp> healthy_since_;
  std::optional<std::uint64_t> manager_;
  Timestamp manager_since_{};
  std::vector<Duration> undisturbed_;
  std::vector<Duration> disturbed_;
};

}  // namespace polybot::simulation
