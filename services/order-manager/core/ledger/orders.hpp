// Every order the account has, live and ended, with its fills, as a fold over order events. It
// knows the status table, first entries and reserves; it knows nothing of risk, money or the
// venue's limits.
//
// Ended orders are kept so that late messages find them, but only the newest kEndedOrdersMax whose
// fills are all final: what is older is forgotten, and forgotten_before() tells which trades are
// therefore too old to be believed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/domain/events.hpp"
#include "common/domain/order_table.hpp"
#include "services/order-manager/core/ledger/digest.hpp"

namespace polybot::order_manager {

inline constexpr std::size_t kEndedOrdersMax = 20'000;  // about 20 MB; hours of busy trading

// Orders that only get out of a position: they are sent first, and their refusals are paced.
[[nodiscard]] constexpr bool exits_position(domain::OrderPurpose purpose) {
  return purpose == domain::OrderPurpose::Exit || purpose == domain::OrderPurpose::Unwind ||
         purpose == domain::OrderPurpose::Flatten;
}

// Made by a person, or another program, with the account's keys. It is theirs to cancel: order-
// manager does so only when an operator asks for it, or when a restore has lost its reason.
[[nodiscard]] bool placed_by_hand(const domain::Order& order);
// The signed amount of an immediate buy is its cash: it spends that, at its limit or better, and
// cheaper shares are more shares than it asked for.
[[nodiscard]] bool spends_cash(const domain::Order& order);
// What the order's purchase costs at most, before fees; 0 for sells.
[[nodiscard]] domain::Money cash_worst(const domain::Order& order);
// What the order's fills can cost in fees at most; 0 for post-only.
[[nodiscard]] domain::Money fee_worst(const domain::Order& order,
                                      const domain::FeeSchedule& schedule);

struct FillRecord {
  domain::OrderFilled fill;  // `fill.status` is the newest known
  std::uint64_t seq = 0;     // of the record that booked it; 0 = never booked
  bool reversed = false;     // by a reversal, before or after the booking
  [[nodiscard]] bool booked() const { return seq != 0 && !reversed; }
};

struct OrderRecord {
  domain::Order order;
  domain::OrderStatus status = domain::OrderStatus::Submitted;
  std::uint16_t entered = 0;  // one bit per status, at its first entry
  domain::Quantity filled;    // booked and not reversed
  domain::Money filled_cash;
  std::uint32_t provisional = 0;  // booked fills that are not confirmed
  domain::Money fee_worst;        // of the whole order, when it takes; 0 for post-only
  bool cancel_requested = false;
  domain::CancelReason cancel_reason = domain::CancelReason::Venue;
  domain::AmbiguityCause ambiguity = domain::AmbiguityCause::Timeout;
  domain::Timestamp last_byte_at{};  // of an ambiguous order
  domain::RejectReason reject_reason = domain::RejectReason::Other;
  domain::Timestamp changed_at{};  // last change of status
  std::map<domain::TradeId, FillRecord> fills;

  [[nodiscard]] bool terminal() const { return domain::is_terminal(status); }
  // Whether the order has ever entered a terminal status: the counters use this.
  [[nodiscard]] bool ended() const;
  [[nodiscard]] bool entered_status(domain::OrderStatus which) const {
    return (entered >> static_cast<unsigned>(which)) & 1U;
  }
  // Why the order ends, once the venue has ended it.
  [[nodiscard]] domain::CancelReason end_reason() const {
    return cancel_requested ? cancel_reason : domain::CancelReason::Venue;
  }
  [[nodiscard]] domain::Quantity leaves() const;
  // What the open rest of a buy can cost at worst, fee included; 0 for sells and ended orders.
  [[nodiscard]] domain::Money reserved_cash() const;
  // Shares that the open rest of a sell may take; 0 for buys and ended orders.
  [[nodiscard]] domain::Quantity reserved_quantity() const;
};

// What an event did to an order, for the counters.
struct OrderChange {
  // The status entered for the first time. A terminal status counts only as the order's first one;
  // an answer that comes after the end still enters Accepted.
  std::optional<domain::OrderStatus> entered;
  bool corrected = false;  // a fill or a reversal after the order had ended
};

class Orders {
 public:
  using Table = std::map<domain::ClientOrderId, OrderRecord>;

  [[nodiscard]] const OrderRecord* find(const domain::ClientOrderId& id) const;
  [[nodiscard]] const OrderRecord* find(const domain::VenueOrderId& id) const;
  [[nodiscard]] const FillRecord* find_fill(const domain::FillId& id) const;
  // Orders whose status is not terminal, in the order of their ids.
  [[nodiscard]] const std::set<domain::ClientOrderId>& open() const { return open_; }
  [[nodiscard]] const Table& all() const { return orders_; }
  // One above the highest leg recorded under the signal.
  [[nodiscard]] std::uint32_t next_leg(const domain::SignalId& signal) const;
  // Whether an order in the market is remembered, ended or not.
  [[nodiscard]] bool names(const domain::MarketId& market) const {
    return by_market_.contains(market);
  }
  // The markets whose last order has been forgotten since the last call.
  [[nodiscard]] std::vector<domain::MarketId> take_unnamed() { return std::exchange(unnamed_, {}); }
  // Trades matched before this may belong to orders that were forgotten.
  [[nodiscard]] domain::Timestamp forgotten_before() const { return forgotten_before_; }

  // `fee_worst`: what the order's fills can cost in fees at most.
  OrderChange submitted(const domain::Order& order, domain::Money fee_worst, domain::Timestamp at);
  OrderChange ambiguous(const domain::OrderAmbiguous& event, domain::Timestamp at);
  OrderChange accepted(const domain::ClientOrderId& id, domain::Timestamp at);
  OrderChange rejected(const domain::OrderRejected& event, domain::Timestamp at);
  OrderChange cancel_requested(const domain::CancelRequested& event, domain::Timestamp at);
  OrderChange cancel_rejected(const domain::ClientOrderId& id, domain::Timestamp at);
  OrderChange canceled(const domain::OrderCanceled& event, domain::Timestamp at);
  OrderChange expired(const domain::ClientOrderId& id, domain::Timestamp at);
  OrderChange resurrected(const domain::ClientOrderId& id, domain::Timestamp at);
  OrderChange filled(const domain::OrderFilled& fill, std::uint64_t seq, domain::Timestamp at);
  void fill_advanced(const domain::FillAdvanced& event, domain::Timestamp at);
  // `was_booked`: whether a booked fill was taken back (else a tombstone is left).
  struct Reversal {
    bool was_booked = false;
    OrderChange change;
  };
  Reversal fill_reversed(const domain::FillReversed& event, domain::Timestamp at);

  // How often each row of the status table was taken since construction; not part of the digest.
  using RowCounts =
      std::array<std::array<std::uint64_t, domain::kOrderEventKinds>, domain::kOrderStatuses>;
  [[nodiscard]] const RowCounts& rows_taken() const { return rows_taken_; }

  void digest(Digest& digest) const;

 private:
  friend struct LedgerImage;
  OrderRecord& known(const domain::ClientOrderId& id);
  OrderChange move(OrderRecord& record, domain::OrderEventKind event, domain::Timestamp at);
  OrderChange enter(OrderRecord& record, domain::OrderStatus status) const;
  void retire_if_final(const OrderRecord& record, domain::Timestamp at);

  Table orders_;
  std::unordered_map<domain::VenueOrderId, domain::ClientOrderId> by_venue_id_;
  std::map<domain::MarketId, std::size_t> by_market_;  // number of orders remembered
  std::vector<domain::MarketId> unnamed_;
  std::set<domain::ClientOrderId> open_;
  std::deque<domain::ClientOrderId> final_;  // ended, all fills final, oldest first
  domain::Timestamp forgotten_before_{};
  RowCounts rows_taken_{};
};

}  // namespace polybot::order_manager
