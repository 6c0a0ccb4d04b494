// The truth about the exchange as JSON, for the admin port and the history files: a verification
// compares books with it. Money and quantities are exact decimal strings.
#pragma once

#include <cstdint>
#include <string>

#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

struct StatePage {
  std::uint64_t orders_after = 0;
  std::uint64_t trades_after = 0;
  std::size_t limit = 5'000;
};
// Accounts with cash, holdings and totals, the conservation sums, and a page of orders and trades:
// "orders_next"/"trades_next" give the next page and are absent on the last one.
[[nodiscard]] std::string state_json(const Exchange& exchange, const StatePage& page);
// Orders and trades that have left memory, in the same shape: {"orders":[..],"trades":[..]} with
// "…_next" as above; here the numbers count what left, in the order in which it left.
[[nodiscard]] std::string history_json(const ExchangeHost& host, const StatePage& page);
// Events with their markets: slugs, status, best prices, fair values.
[[nodiscard]] std::string events_json(const Exchange& exchange);
// Every fault with its settings.
[[nodiscard]] std::string faults_json(const Exchange& exchange);

}  // namespace polybot::venue_simulator
