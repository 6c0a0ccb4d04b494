// The book of one market in YES terms. Two sorted vectors, best level last, so that changes near
// the top move few elements. Knows nothing of feeds, staleness or venues; its owner decides when to
// trust it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "common/domain/market_data.hpp"

namespace polybot::domain {

class OrderBook {
 public:
  // Replaces everything. Levels may come in any order; of repeated prices the last counts; zero
  // quantities are dropped. False: nothing changed by it.
  bool load(std::span<const Level> bids, std::span<const Level> asks);
  // Sets the total quantity at a price; 0 removes the level (removing an unknown level is
  // harmless).
  void apply(const LevelChange& change);
  void apply(std::span<const LevelChange> changes);
  void clear();

  [[nodiscard]] std::optional<Level> best_bid() const;
  [[nodiscard]] std::optional<Level> best_ask() const;
  // (bid + ask) / 2 rounded down to 1e-4; empty when a side is empty.
  [[nodiscard]] std::optional<Price> mid() const;
  // bid >= ask: never true of a sound book.
  [[nodiscard]] bool crossed() const;

  // Worst first, best last, as stored.
  [[nodiscard]] std::span<const Level> bids() const { return bids_; }
  [[nodiscard]] std::span<const Level> asks() const { return asks_; }
  [[nodiscard]] Quantity quantity_at(BookSide side, Price price) const;

  // What buying (from the asks) or selling (into the bids) up to `quantity` would do, no worse than
  // `limit`. `outcome` No reads the mirrored book: buying NO at p lifts YES bids at 1 - p, and
  // `limit` and `cash` are in NO terms. Cash is rounded against us.
  struct Sweep {
    Quantity quantity;  // what the visible depth gives, at most the quantity asked for
    Money cash;         // paid (buy) or received (sell), before fees
    Price worst;        // price of the last level touched; meaningless when quantity is 0
  };
  [[nodiscard]] Sweep sweep(Outcome outcome, Side side, Quantity quantity, Price limit) const;

  // Best price to take `outcome` on `side` (buy: its ask; sell: its bid) with the quantity there.
  [[nodiscard]] std::optional<Level> best_to_take(Outcome outcome, Side side) const;

 private:
  std::vector<Level> bids_;  // ascending price
  std::vector<Level> asks_;  // descending price
};

}  // namespace polybot::domain
