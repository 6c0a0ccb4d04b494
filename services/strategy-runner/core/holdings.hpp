// What one strategy holds and has under way, as order-manager tells it on order.<strategy>:
// positions (each event that changes one carries the state after it), live orders, and bought
// shares that are not settled yet and so cannot be sold. A view, never a book of record.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::strategy_runner {

// A live order in YES terms.
struct LiveOrder {
  domain::ClientOrderId id;
  domain::Instrument instrument;
  domain::Side side = domain::Side::Buy;
  domain::Price limit;  // in terms of the instrument
  domain::Quantity leaves_quantity;
  domain::OrderPurpose purpose = domain::OrderPurpose::Leg;

  [[nodiscard]] domain::BookSide book_side() const;
  [[nodiscard]] domain::Price yes_price() const;
};

class Holdings {
 public:
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
  [[nodiscard]] const LiveOrder* find_order(const domain::ClientOrderId& id) const;

 private:
  struct Unsettled {
    domain::Instrument instrument;
    domain::Quantity quantity;
  };
  void submitted(const domain::Order& order);
  void filled(const domain::OrderFilled& fill);
  void ended(const domain::ClientOrderId& id);
  [[nodiscard]] std::vector<LiveOrder>* orders_of(const domain::ClientOrderId& id);

  std::uint64_t applied_seq_ = 0;
  std::map<domain::MarketId, domain::PositionState> positions_;
  std::map<domain::MarketId, std::vector<LiveOrder>> live_;
  std::map<domain::ClientOrderId, domain::MarketId> market_of_order_;
  std::map<domain::FillId, Unsettled> unsettled_;
};

}  // namespace polybot::strategy_runner
