// Marks and days: what cannot be recomputed later and is therefore recorded.
#pragma once

#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/quote_board.hpp"
#include "services/order-manager/core/venue/readiness.hpp"

namespace polybot::order_manager {

class Marks {
 public:
  Marks(const Settings& settings, const QuoteBoard& quotes)
      : settings_(settings), quotes_(quotes) {}

  void open_day_if_due(Turn& turn, const Readiness& readiness) const;
  void take_if_due(Turn& turn);
  void take(Turn& turn);

 private:
  const Settings& settings_;
  const QuoteBoard& quotes_;
  domain::Timestamp next_at_{};
  std::uint64_t taken_seq_ = 0;  // journal number at the last marks
};

}  // namespace polybot::order_manager
