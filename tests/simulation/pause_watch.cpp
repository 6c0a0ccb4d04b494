#include "tests/simulation/pause_watch.hpp"

#include <algorithm>

#include "services/order-manager/core/settings.hpp"

namespace polybot::simulation {

namespace om = order_manager;
using domain::DenyReason;

namespace {

bool about_the_venue(const domain::SubmitAnswered& answer) {
  using domain::RejectReason;
  const auto* refusal = std::get_if<domain::SubmitRejected>(&answer.outcome);
  return refusal != nullptr && (refusal->reason == RejectReason::RateLimited ||
                                refusal->reason == RejectReason::TradingDisabled ||
                                refusal->reason == RejectReason::PostOnlyMode ||
                                refusal->reason == RejectReason::ClosedOnly ||
                                refusal->reason == RejectReason::CancelOnly ||
                                refusal->reason == RejectReason::Unauthorized ||
                                refusal->reason == RejectReason::Forbidden);
}

DenyReason denial(const domain::EventBody& body) {
  if (const auto* signal = std::get_if<domain::SignalDenied>(&body)) return signal->reason;
  if (const auto* order = std::get_if<domain::OrderDenied>(&body)) return order->reason;
  return DenyReason::None;
}

}  // namespace

void PauseWatch::heard(const om::Input& input, Timestamp now) {
  if (const auto* change = std::get_if<om::VenueSessionChanged>(&input)) {
    links_up_[change->channel] = change->link == om::Link::Up;
  }
  if (const auto* throttled = std::get_if<om::VenueThrottled>(&input)) {
    if (throttled->what == om::VenueThrottled::What::Orders)
      excused_until_ = std::max(excused_until_, now + throttled->retry_after);
  }
  if (const auto* answer = std::get_if<domain::SubmitAnswered>(&input)) {
    if (about_the_venue(*answer))
      excused_until_ = std::max(excused_until_, now + om::kRefusalPauseMax);
  }
}

void PauseWatch::decided(std::span<const domain::StreamedEvent> records, Timestamp now) const {
  const bool all_up =
      std::all_of(links_up_.begin(), links_up_.end(), [](const auto& link) { return link.second; });
  if (!all_up || now < excused_until_) return;
  for (const domain::StreamedEvent& record : records) {
    require(denial(record.event.body) != DenyReason::VenueUnavailable,
            "an order is denied because of the venue, which takes orders");
  }
}

}  // namespace polybot::simulation
