// order-manager's families: the money ones are one source over the core's figures, so that what is
// shown is what has been committed; the rest are instruments observed as things happen.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <unordered_map>

#include "common/domain/venue.hpp"
#include "common/metrics/registry.hpp"
#include "services/order-manager/core/figures.hpp"

namespace polybot::order_manager {

// What became of a snapshot of the fold: Refused ones could not be used at a start.
enum class SnapshotOutcome : std::uint8_t { Written, Failed, Refused };
// Wire: from the tick's arrival at the gateway to the order's leaving, all stages before it.
enum class Stage : std::uint8_t { Risk, Journal, Submit, Wire, Ack, Fill, Total };
inline constexpr std::size_t kStages = 7;

class ManagerMetrics {
 public:
  // `figures` is read each time a snapshot is taken; it outlives the registry's use of it.
  ManagerMetrics(metrics::Registry& registry, std::function<Figures()> figures);

  // From the first start of the core: names the fold behind the owned families.
  void set_fold(std::uint64_t journal_id, std::uint32_t fold_version);

  void observe(Stage stage, domain::Duration elapsed);
  void committed(domain::Duration elapsed) { commit_duration_.observe(elapsed); }
  void snapshot(SnapshotOutcome outcome);
  void venue_request(std::string_view operation, std::string_view outcome,
                     domain::Duration elapsed);
  void user_event_refused(std::string_view reason);
  void set_connected(std::string_view channel, bool connected);
  void set_clock_offset(domain::Duration offset);

 private:
  void write(metrics::Sink& sink, const Figures& figures) const;

  metrics::Registry& registry_;
  std::array<metrics::Histogram, kStages> stages_;
  metrics::Histogram commit_duration_;
  metrics::Gauge clock_offset_;
};

}  // namespace polybot::order_manager
