// order-manager's families: the money ones are one source over the core's figures, so that what is
// shown is what has been committed; the rest are instruments observed as things happen.
#pragma once

#include <functional>

#include "common/metrics/per_enum.hpp"
#include "services/order-manager/core/views/figures.hpp"
#include "services/order-manager/execution/user_session.hpp"
#include "services/order-manager/execution/venue_client.hpp"

namespace polybot::order_manager {

// What became of a snapshot of the fold: Refused ones could not be used at a start. This enum and
// those below are metric labels: domain/enumeration.hpp.
enum class SnapshotOutcome : std::uint8_t { Written = 0, Failed = 1, Refused = 2 };
// Wire: from the tick's arrival at the gateway to the order's leaving, all stages before it.
enum class Stage : std::uint8_t {
  Risk = 0,
  Journal = 1,
  Submit = 2,
  Wire = 3,
  Ack = 4,
  Fill = 5,
  Total = 6
};
enum class Connection : std::uint8_t { User = 0, Rest = 1, Heartbeat = 2 };

// Of the journal; empty: none was made, none is due.
struct BackupTimes {
  std::optional<domain::Timestamp> last{};
  std::optional<domain::Timestamp> due{};
};

class ManagerMetrics {
 public:
  // What is read each time a snapshot is taken; it outlives the registry's use of it.
  struct Sources {
    std::function<Figures()> figures;
    std::function<BackupTimes()> backups;
  };
  ManagerMetrics(metrics::Registry& registry, Sources sources);

  // From the first start of the core: names the fold behind the owned families.
  void set_fold(std::uint64_t journal_id, std::uint32_t fold_version);

  void observe(Stage stage, domain::Duration elapsed);
  void committed(domain::Duration elapsed) { commit_duration_.observe(elapsed); }
  void set_clock_offset(domain::Duration offset);

  metrics::PerEnum<SnapshotOutcome, metrics::Counter> snapshots;
  metrics::PerEnum<UserEventRefusal, metrics::Counter> user_events_refused;
  metrics::PerEnum<Connection, metrics::Gauge> connected;  // 1 or 0
  metrics::Counter account_contested;
  metrics::VenueRequests<VenueOperation, RequestOutcome> venue_requests;

 private:
  void write(metrics::Sink& sink, const Figures& figures) const;

  metrics::Registry& registry_;
  metrics::PerEnum<Stage, metrics::Histogram> stages_;
  metrics::Histogram commit_duration_;
  metrics::Gauge clock_offset_;
};

}  // namespace polybot::order_manager
