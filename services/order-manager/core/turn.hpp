// One turn of the core: the time, the ledger, and where decisions go. Made for each input and
// passed to everything that decides; no object keeps it. A record is applied at once, so that the
// next decision of the turn sees it.
#pragma once

#include <span>
#include <utility>

#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/outputs.hpp"

namespace polybot::order_manager {

class Turn {
 public:
  // Appends to `outputs`, which may hold those of earlier turns.
  Turn(Ledger& folded, domain::Timestamp at, Outputs& outputs)
      : ledger(folded),
        now(at),
        at_once(outputs.at_once),
        after_commit(outputs.after_commit),
        folded_(folded),
        records_(outputs.record),
        first_(outputs.record.size()) {}

  const Ledger& ledger;
  const domain::Timestamp now;
  Outputs::AtOnce& at_once;
  Outputs::AfterCommit& after_commit;

  void record(const domain::StrategyName& strategy, domain::TraceId trace, domain::EventBody body) {
    domain::Event event{.seq = ledger.last_seq() + 1,
                        .at = now,
                        .strategy = strategy,
                        .trace = trace,
                        .body = std::move(body)};
    records_.push_back(folded_.apply(std::move(event)));
  }
  // Records an event of the account, or of all strategies.
  void record(domain::EventBody body) { record({}, {}, std::move(body)); }
  void record(const OrderRecord& order, domain::EventBody body) {
    // A copy: applying the event may move the order's record.
    const domain::StrategyName strategy = order.order.strategy;
    record(strategy, order.order.trace, std::move(body));
  }
  // The records of this turn so far.
  [[nodiscard]] std::span<const domain::StreamedEvent> records() const {
    return std::span(records_).subspan(first_);
  }

 private:
  Ledger& folded_;
  std::vector<domain::StreamedEvent>& records_;
  std::size_t first_;
};

}  // namespace polybot::order_manager
