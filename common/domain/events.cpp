#include "common/domain/events.hpp"

#include <type_traits>

namespace polybot::domain {

std::string_view state_origin_name(StateReason reason) {
  switch (reason) {
    case StateReason::Requested:
    case StateReason::Flatten:
      return "operator";
    case StateReason::DailyLossExceeded:
    case StateReason::DrawdownExceeded:
      return "risk_limit";
    case StateReason::FirstStart:
      return "configuration";
    case StateReason::Restored:
      return "restore";
  }
  return "";
}

DenyReason deny_reason_of(StateReason reason) {
  switch (reason) {
    case StateReason::DailyLossExceeded:
      return DenyReason::DailyLossExceeded;
    case StateReason::DrawdownExceeded:
      return DenyReason::DrawdownExceeded;
    case StateReason::Requested:
    case StateReason::Flatten:
    case StateReason::FirstStart:
    case StateReason::Restored:
      break;
  }
  return DenyReason::TradingReducing;
}

std::string to_string(const AccountId& account) {
  std::string text = account.address + " (chain " + std::to_string(account.chain_id);
  if (account.signature_type != 0)
    text += ", signature type " + std::to_string(account.signature_type);
  if (!account.owner.empty()) text += ", key of " + account.owner;
  return text + ")";
}

std::optional<ClientOrderId> order_of(const EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::optional<ClientOrderId> {
        using Body = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Body, OrderSubmitted>) {
          return event.order.id;
        } else if constexpr (requires { event.fill.order; }) {
          return event.fill.order;
        } else if constexpr (requires { ClientOrderId(event.order); }) {
          return event.order;
        } else {
          return std::nullopt;
        }
      },
      body);
}

bool follows(const Event& event, std::uint64_t last) {
  if (event.seq == last + 1) return true;
  const auto* restored = std::get_if<JournalRestored>(&event.body);
  return restored != nullptr && restored->backup_seq == last && event.seq > last;
}

}  // namespace polybot::domain
