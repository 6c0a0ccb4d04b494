// What the limits count, as sums that are kept while the journal is folded: what open orders may
// still cost or take away, what positions are exposed to, and where the own orders stand in each
// book. A signal is judged against these, so that judging one costs the same however many orders
// rest and positions are held.
//
// Derived: it holds no more than Orders and Portfolio do, is no part of the digest or of an image,
// and is made again from them. Each sum changes by the difference between the last and the present
// value of one order or one position; broken_invariants() counts all of it from the beginning.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "services/order-manager/core/ledger/orders.hpp"
#include "services/order-manager/core/ledger/portfolio.hpp"

namespace polybot::order_manager {

class Commitments {
 public:
  // ---- the fold
  // Call it after any change of the order, its submission included.
  void order_changed(const OrderRecord& record);
  // Call it after any change of the strategy's position in the market, of the market's mark,
  // resolution or record. `event` is the market's event; empty while it is not known.
  void position_changed(const domain::StrategyName& strategy, const domain::MarketId& market,
                        const domain::EventGroupId& event, const Portfolio& portfolio);

  // ---- queries
  struct InMarket {
    domain::Money held;                          // positions at mark, as Portfolio::exposure()
    domain::Money unsettled;                     // proceeds of sells that are not mined yet
    domain::Money reserved;                      // open buys at worst
    std::array<domain::Quantity, 2> promised{};  // to open sells, by outcome
    bool operator==(const InMarket&) const = default;
    [[nodiscard]] domain::Money used() const { return held + reserved; }
    [[nodiscard]] domain::Quantity promised_of(domain::Outcome outcome) const {
      return promised[static_cast<std::size_t>(outcome)];
    }
  };
  // Sums of one strategy, or of the whole account. What is not listed is zero.
  struct Sums {
    domain::Money used;  // held and reserved
    domain::Money reserved;
    domain::Money unsettled;
    std::uint32_t open_orders = 0;
    std::unordered_map<domain::MarketId, InMarket> markets;
    std::unordered_map<domain::EventGroupId, domain::Money> events;  // held and reserved
    bool operator==(const Sums&) const = default;
    [[nodiscard]] const InMarket& in(const domain::MarketId& market) const;
    [[nodiscard]] domain::Money in(const domain::EventGroupId& event) const;
  };
  // Without a strategy: the account's.
  [[nodiscard]] const Sums& of(const std::optional<domain::StrategyName>& strategy) const;

  // The open orders of all strategies in one market.
  struct OpenOrders {
    std::set<domain::ClientOrderId> ids;
    // By price in YES terms: how many orders stand there.
    std::map<domain::Price, std::uint32_t> bids;
    std::map<domain::Price, std::uint32_t> asks;
    bool operator==(const OpenOrders&) const = default;
  };
  [[nodiscard]] const OpenOrders& open_in(const domain::MarketId& market) const;

 private:
  // What an order, or a position, counts with at present.
  struct Promise {
    domain::Money cash;
    domain::Quantity quantity;
    bool operator==(const Promise&) const = default;
  };
  struct Holding {
    domain::Money held;
    domain::Money unsettled;
    domain::EventGroupId event;  // under which `held` is counted
    bool operator==(const Holding&) const = default;
  };
  using Holdings = std::unordered_map<domain::MarketId, Holding>;

  void stand(const domain::Order& order);
  void leave(const domain::Order& order);
  static void promise(Sums& sums, const domain::Order& order, const Promise& more);
  static void hold(Sums& sums, const domain::MarketId& market, const Holding& was,
                   const Holding& is);

  Sums account_;
  std::map<domain::StrategyName, Sums> strategies_;
  std::unordered_map<domain::MarketId, OpenOrders> open_;
  std::unordered_map<domain::ClientOrderId, Promise> promises_;  // of open orders
  std::map<domain::StrategyName, Holdings> holdings_;
};

}  // namespace polybot::order_manager
