// The lossless streams order.<strategy> and order.all: publishes every durable record, keeps the
// newest for replays, and answers the recovery port (5562) with what a reader missed, or with the
// whole state when that is no longer kept. Also the state topics of order-manager (strategy,
// lease).
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/publisher.hpp"
#include "common/wire/recovery_codec.hpp"
#include "services/order-manager/core/order_manager.hpp"

namespace polybot::order_manager {

class OrderStreams {
 public:
  explicit OrderStreams(bus::Publisher& publisher) : publisher_(publisher) {}

  // The fold goes on from a snapshot: what came before it is not kept.
  void resume(const Ledger& ledger);
  // Keeps it for replays without publishing: records from before this start.
  void remember(const domain::StreamedEvent& event);
  void publish(const domain::StreamedEvent& event);
  // The state topics; every 500 ms.
  void publish_state(const OrderManager& core, domain::Timestamp now);

  // One request of the recovery port. Malformed ones are refused (bus::Errc::Malformed).
  [[nodiscard]] boost::system::result<std::string> answer(std::string_view request,
                                                          const OrderManager& core);

 private:
  struct Kept {
    std::uint64_t seq = 0;
    std::string bytes;
  };
  struct Stream {
    std::deque<Kept> kept;
    std::uint64_t dropped_up_to = 0;  // newest seq that is no longer kept; 0 = all are
    std::uint64_t last_seq = 0;
  };
  // Pages of one snapshot, kept until the next is taken: a reader asks for them one by one.
  struct Snapshot {
    std::uint64_t at_seq = 0;
    std::vector<std::vector<std::string>> pages;
  };

  void drop_before(std::uint64_t restored_seq);
  void keep(const domain::StrategyName& strategy, std::uint64_t prev, Kept kept);
  [[nodiscard]] wire::OrdersAnswer replay(const wire::ReplayRequest& request);
  [[nodiscard]] wire::OrdersAnswer page_of(const wire::SnapshotRequest& request,
                                           const OrderManager& core);

  bus::Publisher& publisher_;
  std::map<domain::StrategyName, Stream> streams_;  // the empty name: order.all
  std::map<domain::StrategyName, Snapshot> snapshots_;
  std::size_t kept_bytes_ = 0;
  // Who has read less has read another history, or none: a snapshot tells of this one.
  std::uint64_t restored_seq_ = 0;
};

}  // namespace polybot::order_manager
