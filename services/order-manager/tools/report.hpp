// What a journal says, as text for a person or JSON for a program: a pure rendering of a folded
// ledger.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// The name of the market for people; its id where the journal does not know it.
[[nodiscard]] std::string slug_of(const Ledger& ledger, const domain::MarketId& id);

enum class OrderList : std::uint8_t { Leave, Include };

// Totals over all strategies; what the venue and the metrics are compared with.
struct Totals {
  domain::OrderCounts counts;
  std::uint64_t orders_ambiguous = 0;  // of the live ones
  std::uint64_t orders_resurrected = 0;
  std::uint64_t orders_refused_late = 0;  // accepted, then refused when the venue's delay ended
  std::uint64_t orders_written_off = 0;   // without a trace; those that turned up again included
  domain::Money fees;                     // confirmed
  domain::Money volume;                   // confirmed
  domain::Money pnl;
};
[[nodiscard]] Totals totals_of(const Ledger& ledger);

// submitted = filled + canceled + rejected + expired + live, per strategy and side, and denied =
// the sum over the reasons; the text of each violation.
[[nodiscard]] std::vector<std::string> broken_identities(const Ledger& ledger);

[[nodiscard]] std::string text_report(const Ledger& ledger);
// {"journal_id","account":{"address","chain_id"} or null,"sequence","digest","cash","totals":{...},
//  "strategies":{name:{...,"positions":[...]}},"state_changes":{state:{reason:n}} (the account's),
//  "restores":[{"seq","at_ms","backup_seq","backup_at_ms","lost_seq"}],
//  "holdings":[{"market","outcome","token","quantity"}],
//  "orders":[{"venue_id","strategy","salt","ambiguous" (ever),"status","filled","cash"}]};
//  money, prices and quantities are strings.
[[nodiscard]] std::string json_report(const Ledger& ledger, OrderList orders);

}  // namespace polybot::order_manager
