// What one strategy holds and has under way, as order-manager tells it on order.<strategy>:
// positions (each event that changes one carries the state after it), live orders, and bought
// shares that are not settled yet and so cannot be sold. A view, never a book of record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::strategy_runner {

struct LiveOrder {
  domain::ClientOrderId id;
  domain::Instrument instrument;
  domain::Side side = domain::Side::Buy;
  domain::Price limit;  // in terms of the instrument
  domain::Quantity quantity;
  domain::OrderPurpose purpose = domain::OrderPurpose::Leg;
  domain::Timestamp submitted_at{};
  std::map<domain::TradeId, domain::Quantity> fills{};  // that have not been taken back

  [[nodiscard]] domain::Quantity leaves() const;
  // Where it is in the book of its market, which is kept in terms of YES.
  [[nodiscard]] domain::BookSide book_side() const;
  [[nodiscard]] domain::Price yes_price() const;
};

class Holdings {
 public:
  // Rejected orders are kept for a sign of life, which follows within minutes if at all.
  static constexpr std::size_t kRejectedOrdersMax = 1'000;

  // The stream's next message, in order.
  void apply(const domain::StreamedEvent& streamed);
  // Forgets everything; the entries of a snapshot taken at `seq` follow through apply().
  void restart_at(std::uint64_t seq);

  // Journal number of the last event applied.
  [[nodiscard]] std::uint64_t applied_seq() const { return applied_seq_; }
  // All zero when nothing was ever held.
  [[nodiscard]] domain::PositionState position(const domain::MarketId& market) const;
  [[nodiscard]] const std::map<domain::MarketId, domain::PositionState>& positions() const {
    return positions_;
  }
  // Held, settled, and not offered by a live sell order.
  [[nodiscard]] domain::Quantity sellable(const domain::Instrument& instrument) const;
  // An order that is meant to execute at once (leg, exit, unwind, flatten) has not ended yet.
  [[nodiscard]] bool taking(const domain::MarketId& market) const;
  // What our live orders contribute to the public book at that price.
  [[nodiscard]] domain::Quantity own_quantity(const domain::MarketId& market, domain::BookSide side,
                                              domain::Price yes_price) const;
  [[nodiscard]] std::span<const LiveOrder> live_orders(const domain::MarketId& market) const;
  // Of a live order, or of a rejected one that may come back.
  [[nodiscard]] std::optional<domain::MarketId> market_of(const domain::ClientOrderId& id) const;

 private:
  struct Unsettled {
    domain::Instrument instrument;
    domain::Quantity quantity;
  };
  void submitted(const domain::Order& order);
  void filled(const domain::OrderFilled& fill);
  void reversed(const domain::FillId& fill);
  void ended(const domain::ClientOrderId& id, domain::OrderStatus status);
  void resurrected(const domain::ClientOrderId& id);
  void begin(LiveOrder order);
  void remember_rejected(LiveOrder order);
  [[nodiscard]] LiveOrder* find(const domain::ClientOrderId& id);

  std::uint64_t applied_seq_ = 0;
  std::map<domain::MarketId, domain::PositionState> positions_;
  std::map<domain::MarketId, std::vector<LiveOrder>> live_;
  std::map<domain::ClientOrderId, domain::MarketId> market_of_live_;
  std::map<domain::ClientOrderId, LiveOrder> rejected_;
  std::set<std::pair<domain::Timestamp, domain::ClientOrderId>> rejected_by_age_;
  std::map<domain::FillId, Unsettled> unsettled_;
};

}  // namespace polybot::strategy_runner
