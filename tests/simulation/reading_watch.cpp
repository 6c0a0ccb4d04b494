#include "tests/simulation/reading_watch.hpp"

#include <algorithm>

namespace polybot::simulation {

namespace om = order_manager;
using domain::VenueOrderStatus;

namespace {

// For the trade itself, for the pause between two readings, and for the timer.
constexpr Duration kSoon = seconds(3);
// A trade that is not settled by then is asked for by its id.
constexpr Duration kSettledWithin = minutes(15);
// Matches are reported late, and clocks differ a little.
constexpr Duration kMargin = minutes(3);

bool living(VenueOrderStatus status) {
  return status == VenueOrderStatus::Live || status == VenueOrderStatus::Delayed;
}

}  // namespace

void ReadingWatch::ended(Timestamp now) {
  free_since_ = now;
  asked_at_.reset();
}

void ReadingWatch::heard(const om::Input& input, Timestamp now) {
  if (const auto* change = std::get_if<om::VenueSessionChanged>(&input)) {
    if (change->channel == om::VenueChannel::User) user_up_ = change->link == om::Link::Up;
    if (change->channel == om::VenueChannel::Rest) rest_up_ = change->link == om::Link::Up;
    free_since_ = now;
  } else if (std::holds_alternative<om::ClockOffset>(input)) {
    if (!std::exchange(clock_known_, true)) free_since_ = now;
  } else if (const auto* throttled = std::get_if<om::VenueThrottled>(&input)) {
    free_since_ = std::max(free_since_, now + throttled->retry_after);
  } else if (std::holds_alternative<om::AccountReadFailed>(input)) {
    ended(now);
  } else if (std::holds_alternative<domain::VenueAccount>(input)) {
    if (asked_at_) covered_ = *asked_at_;
    ended(now);
  } else if (const auto* update = std::get_if<domain::VenueOrderUpdate>(&input)) {
    domain::Quantity& counted = counted_[update->order];
    if (!living(update->status) || update->matched_quantity <= counted) return;
    counted = update->matched_quantity;
    unasked_[update->order] = now;
  }
}

void ReadingWatch::decided(const om::Ledger& ledger, Timestamp now) {
  std::erase_if(unasked_, [&](const auto& entry) {
    const om::OrderRecord* order = ledger.orders().find(entry.first);
    return order == nullptr || order->terminal() || order->filled >= counted_[entry.first];
  });
  for (const auto& [id, told_at] : unasked_) {
    require(!can_ask() || now <= std::max(told_at, free_since_) + kSoon,
            domain::to_string(id) + " has matched " + counted_[id].to_string() +
                " by the word of its event, and nobody asks for the trades");
  }
}

void ReadingWatch::asked(const om::ReadAccount& reading, const om::Ledger& ledger, Timestamp now) {
  asked_at_ = now;
  unasked_.clear();
  if (!covered_) return;
  Timestamp since = *covered_;
  for (const domain::ClientOrderId& id : ledger.orders().open())
    since = std::min(since, ledger.orders().find(id)->order.submitted_at);
  require(
      reading.trades_since >= since - kSettledWithin - kMargin,
      "a reading of trades reaches back " +
          std::to_string(std::chrono::duration_cast<seconds>(now - reading.trades_since).count()) +
          " s, though all before the last " +
          std::to_string(std::chrono::duration_cast<seconds>(now - since).count()) + " s is known");
}

}  // namespace polybot::simulation
