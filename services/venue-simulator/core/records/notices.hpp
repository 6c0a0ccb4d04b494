// The notifications of an account: an order of it was filled or canceled, a market that it holds
// shares of was resolved. They stay until their owner drops them, the latest ones alone.
//
// Pure; part of the exchange's state.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

inline constexpr std::size_t kNoticesMax = 200;  // of an account

// The venue's numbers.
enum class NoticeKind : std::uint8_t { OrderCanceled = 1, OrderFilled = 2, MarketResolved = 4 };

struct Notice {
  std::uint64_t id = 0;
  NoticeKind kind = NoticeKind::OrderFilled;
  domain::Timestamp at{};
  domain::MarketId market;
  // Of an order.
  domain::VenueOrderId order;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  domain::Quantity original;
  domain::Quantity matched;  // so far
};

class Notices {
 public:
  void add(const OrderOutput& event);
  void add(const MarketResolved& event, const MatchingEngine& engine);
  void drop(AccountId account, const std::vector<std::uint64_t>& ids);
  // Oldest first.
  [[nodiscard]] const std::deque<Notice>& of(AccountId account) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(notices_, count_);
  }

 private:
  void add(AccountId account, Notice notice);

  std::map<AccountId, std::deque<Notice>> notices_;
  std::uint64_t count_ = 0;  // ids are unique over all accounts
};

}  // namespace polybot::venue_simulator
