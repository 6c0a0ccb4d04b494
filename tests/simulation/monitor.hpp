// The metrics-aggregator's merger at the far end of a lossy link: order-manager's snapshots in,
// merged values out. In every view no order counter may fall and the order identity must hold; at
// the end the counters are those of the ledger.
#pragma once

#include <map>
#include <string>

#include "services/metrics-aggregator/core/merger.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/manager.hpp"

namespace polybot::simulation {

class Monitor {
 public:
  Monitor(Stage& stage, const Plan& plan, const Manager& manager);

  void start();
  void heal() { link_.heal(); }
  // Empty when the shown values are the ledger's.
  [[nodiscard]] std::string difference() const;

 private:
  using Counters = std::map<std::string, double>;  // by label values
  void publish();
  void merge();
  [[nodiscard]] static Counters orders_of(const order_manager::Ledger& ledger);
  [[nodiscard]] static Counters live_of(const order_manager::Ledger& ledger);
  [[nodiscard]] Counters shown(std::string_view family) const;

  Stage& stage_;
  const Manager& manager_;
  Link link_;
  metrics_aggregator::Merger merger_;
  std::uint64_t seq_ = 0;
  std::uint64_t process_ = 0;
  Counters orders_shown_;
};

}  // namespace polybot::simulation
