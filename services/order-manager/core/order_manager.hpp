// The heart of the stack: decides about signals, quotes, commands and everything the venue says,
// and records each decision. Pure and deterministic: no clock, no I/O, no randomness. Durable state
// lives in the Ledger, which is a fold over domain::Event and nothing else; on() decides, records,
// and applies its records through the same fold that start-up uses. Other state (quotes, leases,
// targets, retry times) can be lost at any instant without harm.
//
// Life: construct -> restore() a snapshot if there is one -> apply() the journal records after it,
// in order -> start() -> on() for ever. The start asks for a reading of the account; the core is
// not ready, and denies, until that has been reconciled.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"
#include "services/order-manager/core/orders/order_identity.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/core/views/figures.hpp"

namespace polybot::order_manager {

enum class NotReady : std::uint8_t {
  NotStarted,
  JournalUnwritable,
  UserChannelDown,
  RestDown,
  HeartbeatNotTaken,  // what rests can be canceled
  NotReconciled,
  ShuttingDown,
  // The venue takes no orders. Nothing but sending them is affected: see forbids_orders().
  OrdersForbidden,
  TradingDisabled,
  ClosedOnly,
  CancelOnly,
};
[[nodiscard]] bool forbids_orders(NotReady reason);
[[nodiscard]] std::string_view to_string(NotReady reason);  // a sentence for /health

class OrderManager {
 public:
  OrderManager(Settings settings, OrderIdentity identity);
  ~OrderManager();
  OrderManager(OrderManager&&) noexcept;
  OrderManager& operator=(OrderManager&&) noexcept;

  // Start-up: one journal record, in order of seq. The result is what was, or would have been,
  // published for it (the shell fills its replay ring with these).
  domain::StreamedEvent apply(const domain::Event& event);

  // Start-up: replaces the records up to its last_seq().
  void restore(Ledger ledger);

  // After the fold, once. `journal_id` names a new journal (ignored when the journal has one).
  // Records the start, turns unanswered intents ambiguous, asks for a reading of the account.
  void start(std::uint64_t journal_id, domain::Timestamp now, Outputs& out);

  // One input. Appends to `out`.
  void on(const Input& input, domain::Timestamp now, Outputs& out);

  // Everything durable, for verify, tests and queries.
  [[nodiscard]] const Ledger& ledger() const;

  // Empty = ready.
  [[nodiscard]] std::vector<NotReady> not_ready() const;
  // After ShutdownRequested: no order is left that the venue might still fill.
  [[nodiscard]] bool drained() const;  // orders placed by hand may rest on

  // For polybot_* of METRICS.md; collect once a second, off the trading path.
  [[nodiscard]] Figures figures(domain::Timestamp now) const;
  // State topics, every 500 ms.
  [[nodiscard]] std::vector<domain::StrategyState> strategy_states(domain::Timestamp now) const;
  [[nodiscard]] domain::AccountState account_state(domain::Timestamp now) const;
  [[nodiscard]] std::vector<domain::Lease> leases() const;
  // Rises whenever a lease is granted, revoked or ended: then publish leases() at once.
  [[nodiscard]] std::uint64_t lease_changes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace polybot::order_manager
