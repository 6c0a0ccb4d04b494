// Flattens under way: sells what is held until the venue buys no more of it.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "services/order-manager/core/orders/exits.hpp"

namespace polybot::order_manager {

class Flattening {
 public:
  Flattening(const Settings& settings, const Readiness& readiness, const QuoteBoard& quotes,
             Exits& exits)
      : settings_(settings), readiness_(readiness), quotes_(quotes), exits_(exits) {}

  // True also for a strategy that is no longer configured and has left holdings. Holdings traded by
  // hand are sold by hand.
  [[nodiscard]] bool covers(const Ledger& ledger, const StrategyName& strategy) const;
  // Sells what can be sold, and ends flattens that have nothing left to wait for.
  void drive(Turn& turn);
  // `stopped`: why it ends before everything sellable is sold.
  void end(Turn& turn, const Ledger::Flatten& flatten,
           std::optional<domain::LeftReason> stopped = std::nullopt);

 private:
  // All that is held in the scope.
  [[nodiscard]] std::vector<Held> held_in(const Ledger& ledger,
                                          const Ledger::Flatten& flatten) const;
  // The part that is to be sold. Pairs are kept: together they pay 1 whatever the result, and the
  // bids for both halves come to less.
  [[nodiscard]] static Held to_sell(const Ledger& ledger, Held held);
  [[nodiscard]] bool step(Turn& turn, const Ledger::Flatten& flatten);
  [[nodiscard]] bool may_be_worth_more(const Turn& turn, const Held& held);
  // Of a part that is to be sold.
  [[nodiscard]] std::optional<domain::LeftReason> left_reason(const Turn& turn,
                                                              const Held& held) const;

  const Settings& settings_;
  const Readiness& readiness_;
  const QuoteBoard& quotes_;
  Exits& exits_;
  // Holdings that the best bid makes worth less than the venue's minimum, and since when: one bid
  // of a cent, gone a moment later, must not end a flatten.
  std::map<std::pair<StrategyName, domain::Instrument>, domain::Timestamp> worthless_since_;
};

}  // namespace polybot::order_manager
