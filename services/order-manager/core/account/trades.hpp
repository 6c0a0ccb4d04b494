// Trades of the account: which part is ours, booked once, advanced, taken back.
#pragma once

#include <vector>

#include "services/order-manager/core/account/order_progress.hpp"
#include "services/order-manager/core/orders/exits.hpp"

namespace polybot::order_manager {

class Trades {
 public:
  Trades(UnreadRows& unread, Settlements& settlements, MarketWatches& markets,
         OrderProgress& progress, Exits& exits, OrderWatches& watches)
      : unread_(unread),
        settlements_(settlements),
        markets_(markets),
        progress_(progress),
        exits_(exits),
        watches_(watches) {}

  void told(Turn& turn, const domain::VenueTrade& trade);

  // Fills of more than their order had left, since this start.
  [[nodiscard]] std::uint64_t beyond_order() const { return beyond_order_; }

 private:
  struct OwnFill {
    domain::VenueOrderId order;
    domain::TokenId token;
    domain::Side side = domain::Side::Buy;
    domain::Quantity quantity;
    domain::Money cash;
    domain::LiquiditySide liquidity = domain::LiquiditySide::Taker;
  };
  [[nodiscard]] const domain::Order* order_of(const Ledger& ledger, const domain::TradeId& trade,
                                              const domain::VenueOrderId& id) const;
  [[nodiscard]] std::vector<OwnFill> own_fills(const Ledger& ledger,
                                               const domain::VenueTrade& trade) const;
  void take(Turn& turn, const domain::VenueTrade& trade, const OwnFill& fill);
  [[nodiscard]] const OrderRecord* take_unknown(Turn& turn, const domain::VenueTrade& trade,
                                                const OwnFill& fill);
  void book_or_advance(Turn& turn, const OrderRecord& order, const domain::VenueTrade& trade,
                       const OwnFill& fill);
  void book(Turn& turn, const OrderRecord& order, const domain::VenueTrade& trade,
            const OwnFill& fill);

  UnreadRows& unread_;
  Settlements& settlements_;
  MarketWatches& markets_;
  OrderProgress& progress_;
  Exits& exits_;
  OrderWatches& watches_;
  std::uint64_t beyond_order_ = 0;
};

}  // namespace polybot::order_manager
