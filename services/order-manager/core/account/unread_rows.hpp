// Rows of the account at the venue that cannot be read or booked yet. What a row may concern waits
// until the row can be read, or a day is over. This reflects the last readings.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/readiness.hpp"

namespace polybot::order_manager {

class UnreadRows {
 public:
  explicit UnreadRows(const Readiness& readiness) : readiness_(readiness) {}

  // ---- what happens
  // Notes a reading. Rows of earlier trades are sought until they can be read, for a day, and then
  // given up, so that balances are compared again. A row does not count as gone when this reading
  // did not ask for its time.
  void note(Turn& turn, const domain::VenueAccount& account);
  // A trade cannot be booked before the record of its market has been read.
  void unbooked(domain::Timestamp matched_at, domain::Timestamp now);
  // Trades from then on are noted again if a reading still cannot book them.
  void read_again(domain::Timestamp trades_since);
  void booked(const domain::TradeId& trade, const domain::VenueOrderId& order) {
    missing_.erase({trade, order});
  }

  // ---- what may be missing
  [[nodiscard]] bool any() const;
  // A trade may have moved balances, by an unknown amount.
  [[nodiscard]] bool any_trade() const { return !trades_.empty(); }
  [[nodiscard]] bool may_concern(const domain::MarketId& market) const;
  [[nodiscard]] bool may_concern(const domain::VenueOrderId& order) const {
    return any_order_ || orders_.contains(order);
  }
  // An order of ours that the ledger may have forgotten, whose fill in that trade is not booked: as
  // it was, with the quantity that was open. Null when there is none.
  [[nodiscard]] const domain::Order* missing(const domain::TradeId& trade,
                                             const domain::VenueOrderId& order) const;
  // When the oldest trade that cannot be booked yet was matched, by the venue's clock.
  [[nodiscard]] std::optional<domain::Timestamp> unbooked_since() const { return unbooked_since_; }

  // ---- figures
  [[nodiscard]] std::uint64_t trades_told(domain::Timestamp now) const;
  [[nodiscard]] std::uint64_t open_orders() const { return open_orders_; }
  [[nodiscard]] std::uint64_t balances() const { return balances_.size(); }
  // Trades given up since this start.
  [[nodiscard]] std::uint64_t given_up() const { return given_up_.size(); }

 private:
  struct Trade {
    domain::Timestamp since{};  // when it was seen first
    std::optional<domain::Timestamp> matched_at;
    std::optional<domain::MarketId> market;  // none: it may be of any
  };
  struct Missing {
    domain::Order order;
    domain::Timestamp until{};  // sought
  };
  using Row = domain::VenueAccount::Unread;
  void note_trade(Turn& turn, const Row& row, std::optional<Trade> known,
                  domain::Timestamp trades_since);
  void give_up(Turn& turn, const std::string& trade);
  [[nodiscard]] bool sought_long_enough(const Trade& trade, domain::Timestamp now) const;

  const Readiness& readiness_;
  std::map<std::string, Trade> trades_;  // by id
  std::set<std::string> given_up_;       // trades that are sought no more
  std::map<std::pair<domain::TradeId, domain::VenueOrderId>, Missing> missing_;
  std::size_t open_orders_ = 0;
  std::set<domain::TokenId> balances_;
  std::set<domain::VenueOrderId> orders_;  // that it may concern
  bool any_order_ = false;                 // it may concern any
  std::optional<domain::Timestamp> unbooked_since_;
};

}  // namespace polybot::order_manager
