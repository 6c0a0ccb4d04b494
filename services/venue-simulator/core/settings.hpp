// The settings of the simulated exchange: its rules and its crowd.
#pragma once

#include <cstdint>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"

namespace polybot::venue_simulator {

struct EngineSettings {
  std::uint64_t seed = 1;
  domain::Duration mined_after_min = std::chrono::seconds(2);
  domain::Duration mined_after_max = std::chrono::seconds(4);
  domain::Duration confirmed_after_min = std::chrono::milliseconds(200);  // after MINED
  domain::Duration confirmed_after_max = std::chrono::seconds(1);
  domain::Duration taker_delay = std::chrono::milliseconds(150);
  domain::Duration redeem_after_min = std::chrono::seconds(3);  // after the resolution
  domain::Duration redeem_after_max = std::chrono::seconds(8);
  // Finished orders and final trades stay readable for this long.
  domain::Duration retention = std::chrono::minutes(30);
  // What the accounts let the exchange contracts spend on one order; stands for the chain's
  // allowance.
  domain::Money allowance = domain::Money::from_units(1'000'000'000);
  // Resolved markets stay listed (as closed) until more than this many are newer.
  std::uint32_t resolved_markets_kept = 4096;

  bool operator==(const EngineSettings&) const = default;
};

// The crowd; see order_flow.hpp.
struct FlowSettings {
  std::uint64_t seed = 1;
  bool edge = true;
  std::int64_t book_changes_per_second = 200;
  domain::Duration rotate_period = std::chrono::minutes(5);  // of the up/down markets
  domain::Duration resolve_after_min = std::chrono::seconds(15);
  domain::Duration resolve_after_max = std::chrono::seconds(85);
  domain::Duration long_life = std::chrono::hours(24 * 7);  // of the other events

  bool operator==(const FlowSettings&) const = default;
};

}  // namespace polybot::venue_simulator
