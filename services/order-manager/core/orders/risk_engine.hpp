// The rules an order must pass before anything is sent. Counts what is held at mark, and what rests
// or is in flight at its worst case, fees included. Orders that belong together are judged
// together: each is counted when the next is judged.
//
// Pure: reads the ledger and the quotes, owns only the rate limits. The rules about the strategy
// (lease, state, staleness of the decision) come before these and are order-manager's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/core/venue/quote_board.hpp"
#include "services/order-manager/core/venue/token_bucket.hpp"

namespace polybot::order_manager {

// A metric label: domain/enumeration.hpp.
enum class LimitKind : std::uint8_t {
  OrderNotional = 0,
  Position = 1,
  Event = 2,
  Exposure = 3,
  OpenOrders = 4,
  OrderRate = 5,
  DailyLoss = 6,
  Drawdown = 7,
  Balance = 8,
};

// Used share of each limit in parts per million.
using Utilization = std::array<std::int64_t, domain::kPlaces<LimitKind>>;

class RiskEngine {
 public:
  explicit RiskEngine(const Settings& settings);

  // The first rule that one of `orders` breaks, or None. All are of one strategy. `accepting`:
  // whether a market is known to take orders now, beyond the ledger's record. Consumes no rate.
  template <class Accepting>
  [[nodiscard]] domain::DenyReason check(const Ledger& ledger, const QuoteBoard& quotes,
                                         std::span<const domain::Order> orders,
                                         domain::Timestamp now, const Accepting& accepting);

  // Takes the orders' share of the rate limits; returns the reason when one is exhausted. Orders
  // that only reduce pass our limit, but count.
  [[nodiscard]] domain::DenyReason take_rate(std::span<const domain::Order> orders,
                                             domain::Timestamp now);

  // Without a strategy: account-wide losses. None, DailyLossExceeded or DrawdownExceeded.
  [[nodiscard]] std::optional<domain::StateReason> breach(
      const Ledger& ledger, const std::optional<domain::StrategyName>& strategy) const;

  [[nodiscard]] Utilization utilization(const Ledger& ledger,
                                        const std::optional<domain::StrategyName>& strategy) const;
  // What buys may spend: the book's cash, corrected by what the last reading found more or less of,
  // without what is promised or not settled.
  [[nodiscard]] static domain::Money free_collateral(const Ledger& ledger);
  // What the limits on exposure let the enabled strategies commit beyond what they have, and what
  // must stay free besides (balance_min). With less free collateral than this it is the balance
  // that ends trading, not a limit.
  [[nodiscard]] domain::Money headroom(const Ledger& ledger) const;
  // Positions at mark + open buys at worst, over one strategy.
  [[nodiscard]] static domain::Money exposure(const Ledger& ledger,
                                              const domain::StrategyName& strategy);
  // Settled and not promised to an open sell, by the strategy's own book and by the account's.
  [[nodiscard]] static domain::Quantity sellable(const Ledger& ledger,
                                                 const domain::StrategyName& strategy,
                                                 const domain::Instrument& instrument);
  // What can be sold of the outcome without breaking a pair with the other one: beyond what is held
  // of that, and of what open sells may take already. Negative: so much these alone would break.
  [[nodiscard]] static domain::Quantity unpaired(const Ledger& ledger,
                                                 const domain::StrategyName& strategy,
                                                 const domain::Instrument& instrument);
  [[nodiscard]] const domain::RiskLimits& limits(
      const std::optional<domain::StrategyName>& strategy) const;

 private:
  // What is used of the limits by one strategy, or by all, in the place of one order.
  struct Usage {
    domain::Money market;
    domain::Money event;
    domain::Money total;
    std::uint32_t open_orders = 0;
  };
  [[nodiscard]] domain::DenyReason check_market(const Ledger& ledger, const QuoteBoard& quotes,
                                                const domain::Order& order,
                                                domain::Timestamp now) const;
  [[nodiscard]] domain::DenyReason check_own_orders(const Ledger& ledger,
                                                    const domain::Order& order,
                                                    std::span<const domain::Order> earlier) const;
  [[nodiscard]] domain::DenyReason check_sell(const Ledger& ledger, const domain::Order& order,
                                              std::span<const domain::Order> earlier) const;
  [[nodiscard]] domain::DenyReason check_buy(const Ledger& ledger, const domain::Order& order,
                                             std::span<const domain::Order> earlier) const;
  [[nodiscard]] domain::DenyReason check_legs(const Ledger& ledger,
                                              const domain::Order& order) const;
  [[nodiscard]] Usage usage(const Ledger& ledger,
                            const std::optional<domain::StrategyName>& strategy,
                            const domain::Order& order,
                            std::span<const domain::Order> earlier) const;
  // The limit that so much more exposure in the order's market would break, if any.
  [[nodiscard]] static domain::DenyReason beyond(const domain::RiskLimits& limit, const Usage& used,
                                                 domain::Money more);
  [[nodiscard]] domain::DenyReason check_one(const Ledger& ledger, const QuoteBoard& quotes,
                                             const domain::Order& order,
                                             std::span<const domain::Order> earlier,
                                             domain::Timestamp now) const;

  domain::RiskLimits account_;
  std::map<domain::StrategyName, domain::RiskLimits> strategies_;
  domain::Duration opening_stops_before_end_;
  TokenBucket account_rate_;
  std::map<domain::StrategyName, TokenBucket> strategy_rates_;
};

template <class Accepting>
domain::DenyReason RiskEngine::check(const Ledger& ledger, const QuoteBoard& quotes,
                                     std::span<const domain::Order> orders, domain::Timestamp now,
                                     const Accepting& accepting) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (!accepting(orders[i])) return domain::DenyReason::MarketNotAccepting;
    const auto reason = check_one(ledger, quotes, orders[i], orders.first(i), now);
    if (reason != domain::DenyReason::None) return reason;
  }
  return domain::DenyReason::None;
}

}  // namespace polybot::order_manager
