// Turns a target in YES terms into orders: what should rest, and how to change what does. Pure
// functions; risk, budgets and timing are the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/domain/signal.hpp"

namespace polybot::order_manager {

// One order that should rest.
struct WantedQuote {
  domain::BookSide book_side = domain::BookSide::Bid;  // in YES terms
  domain::Instrument instrument;
  domain::Side side = domain::Side::Buy;
  domain::Price limit;  // in terms of the instrument
  domain::Quantity quantity;
  bool operator==(const WantedQuote&) const = default;
};

// Selling what is held comes before buying the complement: a bid for YES sells held NO, an ask
// sells held YES. `sellable_*`: settled and not promised to others. Prices off the tick move away
// from the market; parts below the market's minimum size are left out.
[[nodiscard]] std::vector<WantedQuote> wanted_quotes(const domain::QuoteTarget& target,
                                                     const domain::Market& market,
                                                     domain::Quantity sellable_yes,
                                                     domain::Quantity sellable_no);

struct LiveQuote {
  domain::ClientOrderId id;
  domain::Instrument instrument;
  domain::Side side = domain::Side::Buy;
  domain::Price limit;
  domain::Quantity leaves;
  bool leaving = false;  // a cancel is under way, or its existence is in doubt
};

struct QuotePlan {
  std::vector<domain::ClientOrderId> cancel;
  std::vector<WantedQuote> place;
};

// A live order with the wanted instrument, side and price and about the wanted quantity keeps its
// place in the queue. A side with an order that has to go gets no new one until it is gone, so the
// book never holds twice the wanted size.
[[nodiscard]] QuotePlan plan_quotes(std::span<const WantedQuote> wanted,
                                    std::span<const LiveQuote> live, std::int64_t tolerance_ppm);

}  // namespace polybot::order_manager
