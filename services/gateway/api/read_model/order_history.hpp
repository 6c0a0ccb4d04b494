// Orders and fills as clients may read them: a fold over order-manager's stream. Live orders are
// all here (order-manager bounds how many there can be); of finished ones the most recent.
//
// It does not count how many there have been in all: order-manager does (OrderCounts).
//
// Pure; nothing is ever written back. Orders and fills are listed by time, newest first; the place
// in that list is the cursor of a page, so that paging is stable while new ones arrive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/domain/events.hpp"

namespace polybot::gateway {

// A place in a list: when it happened, then the order in which we heard of it.
struct Place {
  std::int64_t at_ns = 0;
  std::uint64_t number = 0;
  constexpr auto operator<=>(const Place&) const = default;
};
// "1780795911767000000-17", the cursor of a page.
[[nodiscard]] std::string to_string(const Place& place);
[[nodiscard]] std::optional<Place> parse_place(std::string_view text);

struct OrderView {
  Place place;
  domain::Order order;
  std::optional<domain::OrderStatus> status;  // none: denied by us, never submitted
  domain::Quantity filled_quantity;
  domain::Money filled_cash;
  domain::Money fees;
  std::string reason;  // why it was denied, rejected, canceled or is ambiguous; may be empty
  domain::Timestamp updated_at{};
  [[nodiscard]] bool live() const { return status && !domain::is_terminal(*status); }
};
// "denied", "submitted", ... "filled"
[[nodiscard]] std::string_view status_name(const OrderView& order);

struct FillView {
  Place place;
  domain::StrategyName strategy;
  domain::OrderFilled fill;
  bool reversed = false;
  domain::Timestamp at{};
};

struct OrderFilter {
  std::optional<domain::StrategyName> strategy;
  std::optional<std::string> status;  // a status_name(), or "live"
  std::optional<domain::MarketId> market;
};

struct HistorySettings {
  std::size_t orders_max = 10'000;  // finished ones, some 700 bytes each
  std::size_t fills_max = 10'000;
};

class OrderHistory {
 public:
  explicit OrderHistory(HistorySettings settings) : settings_(settings) {}

  // An event of the stream, or an entry of a snapshot.
  void apply(const domain::StreamedEvent& event);
  // A snapshot of this strategy follows; empty: the account-wide records.
  void forget(const domain::StrategyName& strategy);

  // Newest first, those before `before` (none: from the newest).
  [[nodiscard]] std::vector<const OrderView*> orders(const OrderFilter& filter,
                                                     std::optional<Place> before,
                                                     std::size_t limit) const;
  [[nodiscard]] const OrderView* find(const domain::ClientOrderId& id) const;
  [[nodiscard]] std::vector<const FillView*> fills(const OrderFilter& filter,
                                                   std::optional<Place> before,
                                                   std::size_t limit) const;
  [[nodiscard]] const FillView* find(const domain::FillId& id) const;
  // When an order was last submitted, as journaled; the epoch: none yet.
  [[nodiscard]] domain::Timestamp last_submitted_at() const { return last_submitted_at_; }
  // Denials by reason since `since`, newest records only.
  [[nodiscard]] std::map<std::string_view, std::uint64_t> denials_since(
      domain::Timestamp since) const;

 private:
  OrderView& insert(domain::Order order, domain::Timestamp at);
  [[nodiscard]] Place next_place(domain::Timestamp at);
  OrderView* find_mutable(const domain::ClientOrderId& id);
  void note(const domain::StreamedEvent& event, const domain::ClientOrderId& id,
            std::string reason);
  enum class Counted : std::uint8_t { NotYet, Already };  // among the live ones, when it is one
  void set_status(OrderView& view, std::optional<domain::OrderStatus> status, Counted before);
  void book(const domain::StreamedEvent& event, const domain::OrderFilled& fill);
  void reverse(const domain::StreamedEvent& event, const domain::FillReversed& reversal);
  void deny(const domain::StreamedEvent& event, const domain::OrderDenied& denied);
  void note_denial(domain::Timestamp at, domain::DenyReason reason);
  void trim();

  HistorySettings settings_;
  std::map<Place, OrderView> orders_;
  std::unordered_map<domain::ClientOrderId, Place> order_places_;
  std::map<Place, FillView> fills_;
  std::unordered_map<domain::FillId, Place> fill_places_;
  std::uint64_t next_number_ = 1;
  std::size_t live_ = 0;
  domain::Timestamp last_submitted_at_{};
  struct Denial {
    domain::Timestamp at;
    domain::DenyReason reason;
  };
  std::vector<Denial> denials_;  // a ring of the newest
  std::size_t next_denial_ = 0;
};

}  // namespace polybot::gateway
