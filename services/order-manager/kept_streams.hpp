// The answering side of the lossless streams order.<strategy> and order.all: keeps the newest
// records for replays, and tells the whole state of a stream, page by page, to a reader who missed
// more than that. Pure: requests and answers are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/recovery_codec.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

struct KeptStreamsBounds {
  // The bound over all streams together: some 40,000 records, minutes of the busiest trading.
  std::size_t kept_bytes_max = std::size_t{16} << 20;
  std::size_t answer_bytes_max = wire::kAnswerBytesMax;
};

class KeptStreams {
 public:
  explicit KeptStreams(KeptStreamsBounds bounds = {}) : bounds_(bounds) {}

  // The fold goes on from an image of the ledger: records before it are not kept.
  void resume(const Ledger& ledger);
  // In journal order. A record that is kept already, or was dropped, changes nothing.
  void keep(const domain::StreamedEvent& event, std::string encoded);

  // One request of the recovery port; empty when it cannot be read.
  [[nodiscard]] std::optional<std::string> answer(std::string_view request, const Ledger& ledger);

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
  // The state of a stream at one moment, until its last page is told or another is begun.
  struct ToldState {
    std::uint64_t at_seq = 0;
    std::vector<std::vector<std::string>> pages;
  };
  void drop_before(std::uint64_t restored_seq);
  void drop_oldest();
  [[nodiscard]] wire::OrdersAnswer replay(const wire::ReplayRequest& request) const;
  [[nodiscard]] wire::OrdersAnswer page_of(const wire::StatePageRequest& request,
                                           const Ledger& ledger);
  [[nodiscard]] ToldState state_of(const domain::StrategyName& stream, const Ledger& ledger) const;

  KeptStreamsBounds bounds_;
  std::map<domain::StrategyName, Stream> streams_;  // the empty name: order.all
  std::map<domain::StrategyName, ToldState> states_;
  std::size_t kept_bytes_ = 0;
  // A reader that has read less has read another history, or none: the state tells it this one.
  std::uint64_t restored_seq_ = 0;
};

}  // namespace polybot::order_manager
