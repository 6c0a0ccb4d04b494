#include "tests/simulation/end_watch.hpp"

#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

void EndWatch::heard(const order_manager::Input& input) {
  if (std::holds_alternative<domain::VenueAccount>(input)) return matched_.clear();
  if (const auto* answer = std::get_if<domain::CancelAnswered>(&input)) {
    // The answer to a cancel names no quantity: it ends the order at once.
    matched_.erase(answer->order);
    return;
  }
  const auto* update = std::get_if<domain::VenueOrderUpdate>(&input);
  if (update == nullptr) return;
  const bool ended = update->status == domain::VenueOrderStatus::Canceled ||
                     update->status == domain::VenueOrderStatus::Invalid;
  if (ended) matched_[update->order] = std::max(matched_[update->order], update->matched_quantity);
}

void EndWatch::decided(const order_manager::Ledger& ledger,
                       std::span<const domain::StreamedEvent> records) const {
  for (const domain::StreamedEvent& record : records) {
    const auto* canceled = std::get_if<domain::OrderCanceled>(&record.event.body);
    if (canceled == nullptr) continue;
    const order_manager::OrderRecord* order = ledger.orders().find(canceled->order);
    if (order == nullptr) continue;  // forgotten meanwhile
    const auto told = matched_.find(order->order.venue_id);
    if (told == matched_.end()) continue;
    domain::Quantity booked;  // reversed ones too: they had been told as well
    for (const auto& [trade, fill] : order->fills) booked += fill.fill.quantity;
    require(booked >= told->second,
            domain::to_string(canceled->order) + " is canceled with " + booked.to_string() +
                " shares booked, though its end spoke of " + told->second.to_string());
  }
}

}  // namespace polybot::simulation
