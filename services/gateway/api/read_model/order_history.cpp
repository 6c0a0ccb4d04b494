#include "services/gateway/api/read_model/order_history.hpp"

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>

namespace polybot::gateway {

using domain::ClientOrderId;
using domain::OrderStatus;
using domain::StreamedEvent;
using domain::Timestamp;

namespace {

constexpr std::size_t kDenialsMax = 1024;  // enough for "what was denied most in the last minute"
constexpr std::string_view kDenied = "denied";

bool matches(const OrderFilter& filter, const domain::StrategyName& strategy,
             const domain::MarketId& market) {
  return (!filter.strategy || *filter.strategy == strategy) &&
         (!filter.market || *filter.market == market);
}

bool matches(const OrderFilter& filter, const OrderView& view) {
  if (!matches(filter, view.order.strategy, view.order.instrument.market)) return false;
  if (!filter.status) return true;
  return *filter.status == "live" ? view.live() : *filter.status == status_name(view);
}

template <class Map>
auto newest_before(const Map& map, std::optional<Place> before) {
  return std::make_reverse_iterator(before ? map.lower_bound(*before) : map.end());
}

std::string with_detail(std::string_view reason, const std::string& text) {
  std::string result(reason);
  if (!text.empty()) result.append(": ").append(text);
  return result;
}

}  // namespace

std::string_view status_name(const OrderView& order) {
  return order.status ? name_of(*order.status) : kDenied;
}

std::string to_string(const Place& place) {
  return std::to_string(place.at_ns) + "-" + std::to_string(place.number);
}

std::optional<Place> parse_place(std::string_view text) {
  Place place;
  const char* const end = text.data() + text.size();
  const auto [dash, at_failed] = std::from_chars(text.data(), end, place.at_ns);
  if (at_failed != std::errc{} || dash == end || *dash != '-') return std::nullopt;
  const auto [rest, number_failed] = std::from_chars(dash + 1, end, place.number);
  if (number_failed != std::errc{} || rest != end) return std::nullopt;
  return place;
}

void OrderHistory::forget(const domain::StrategyName& strategy) {
  for (auto at = orders_.begin(); at != orders_.end();) {
    if (at->second.order.strategy != strategy) {
      ++at;
      continue;
    }
    if (at->second.live()) --live_;
    order_places_.erase(at->second.order.id);
    at = orders_.erase(at);
  }
  for (auto at = fills_.begin(); at != fills_.end();) {
    if (at->second.strategy != strategy) {
      ++at;
      continue;
    }
    fill_places_.erase(at->second.fill.fill);
    at = fills_.erase(at);
  }
}

// ---- the fold --------------------------------------------------------------------------------

void OrderHistory::apply(const StreamedEvent& event) {
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, domain::OrderSubmitted>) {
          OrderView& view = insert(body.order, event.event.at);
          set_status(view, event.status.value_or(OrderStatus::Submitted), Counted::NotYet);
          last_submitted_at_ = std::max(last_submitted_at_, event.event.at);
        } else if constexpr (std::is_same_v<Body, domain::OrderDenied>) {
          deny(event, body);
        } else if constexpr (std::is_same_v<Body, domain::SignalDenied>) {
          note_denial(event.event.at, body.reason);
        } else if constexpr (std::is_same_v<Body, domain::OrderAmbiguous>) {
          note(event, body.order, std::string(name_of(body.cause)));
        } else if constexpr (std::is_same_v<Body, domain::OrderRejected>) {
          note(event, body.order, with_detail(name_of(body.reason), body.text));
        } else if constexpr (std::is_same_v<Body, domain::OrderCanceled>) {
          note(event, body.order, std::string(name_of(body.reason)));
        } else if constexpr (std::is_same_v<Body, domain::OrderCancelRejected>) {
          note(event, body.order, with_detail("cancel_rejected", body.text));
        } else if constexpr (std::is_same_v<Body, domain::OrderAccepted> ||
                             std::is_same_v<Body, domain::OrderExpired> ||
                             std::is_same_v<Body, domain::OrderResurrected>) {
          note(event, body.order, {});
        } else if constexpr (std::is_same_v<Body, domain::OrderFilled>) {
          book(event, body);
        } else if constexpr (std::is_same_v<Body, domain::FillAdvanced>) {
          const auto at = fill_places_.find(body.fill);
          if (at != fill_places_.end()) fills_.at(at->second).fill.status = body.status;
        } else if constexpr (std::is_same_v<Body, domain::FillReversed>) {
          reverse(event, body);
        }
      },
      event.event.body);
  trim();
}

Place OrderHistory::next_place(Timestamp at) {
  return {domain::to_unix_ns(at), next_number_++};
}

OrderView& OrderHistory::insert(domain::Order order, Timestamp at) {
  const Place place = next_place(at);
  order_places_[order.id] = place;
  OrderView& view = orders_[place];
  view.place = place;
  view.order = std::move(order);
  view.updated_at = at;
  return view;
}

OrderView* OrderHistory::find_mutable(const ClientOrderId& id) {
  const auto at = order_places_.find(id);
  return at == order_places_.end() ? nullptr : &orders_.at(at->second);
}

void OrderHistory::set_status(OrderView& view, std::optional<OrderStatus> status, Counted before) {
  if (before == Counted::Already && view.live()) --live_;
  view.status = status;
  if (view.live()) ++live_;
}

void OrderHistory::note_denial(Timestamp at, domain::DenyReason reason) {
  if (denials_.size() < kDenialsMax) {
    denials_.push_back({at, reason});
  } else {
    denials_[next_denial_++ % kDenialsMax] = {at, reason};
  }
}

void OrderHistory::note(const StreamedEvent& event, const ClientOrderId& id, std::string reason) {
  OrderView* view = find_mutable(id);
  if (view == nullptr) return;
  view->updated_at = event.event.at;
  view->reason = std::move(reason);
  if (event.status) set_status(*view, event.status, Counted::Already);
}

// A denied order never had fields to sign, so only what was asked for is known.
void OrderHistory::deny(const StreamedEvent& event, const domain::OrderDenied& denied) {
  note_denial(event.event.at, denied.reason);
  domain::Order order;
  order.id = denied.order;
  order.strategy = event.event.strategy;
  order.instrument = denied.instrument;
  order.side = denied.side;
  order.decided_at = event.event.at;
  order.trace = event.event.trace;
  OrderView& view = insert(std::move(order), event.event.at);
  view.reason = name_of(denied.reason);
  set_status(view, std::nullopt, Counted::NotYet);
}

void OrderHistory::book(const StreamedEvent& event, const domain::OrderFilled& fill) {
  const Place place = next_place(event.event.at);
  fill_places_[fill.fill] = place;
  fills_[place] = {.place = place,
                   .strategy = event.event.strategy,
                   .fill = fill,
                   .reversed = false,
                   .at = event.event.at};
  OrderView* view = find_mutable(fill.fill.order);
  if (view == nullptr) return;
  view->filled_quantity += fill.quantity;
  view->filled_cash += fill.cash;
  view->fees += fill.fee;
  view->updated_at = event.event.at;
  if (event.status) set_status(*view, event.status, Counted::Already);
}

void OrderHistory::reverse(const StreamedEvent& event, const domain::FillReversed& reversal) {
  const auto at = fill_places_.find(reversal.fill);
  if (at == fill_places_.end()) return;
  FillView& fill = fills_.at(at->second);
  if (std::exchange(fill.reversed, true)) return;
  OrderView* view = find_mutable(reversal.fill.order);
  if (view == nullptr) return;
  view->filled_quantity -= fill.fill.quantity;
  view->filled_cash -= fill.fill.cash;
  view->fees -= fill.fill.fee;
  view->updated_at = event.event.at;
  if (event.status) set_status(*view, event.status, Counted::Already);
}

// Pushes out the oldest finished orders and fills.
void OrderHistory::trim() {
  for (auto at = orders_.begin();
       at != orders_.end() && orders_.size() - live_ > settings_.orders_max;) {
    if (at->second.live()) {
      ++at;
      continue;
    }
    const auto known = order_places_.find(at->second.order.id);
    if (known != order_places_.end() && known->second == at->first) order_places_.erase(known);
    at = orders_.erase(at);
  }
  while (fills_.size() > settings_.fills_max) {
    fill_places_.erase(fills_.begin()->second.fill.fill);
    fills_.erase(fills_.begin());
  }
}

// ---- reading ---------------------------------------------------------------------------------

std::vector<const OrderView*> OrderHistory::orders(const OrderFilter& filter,
                                                   std::optional<Place> before,
                                                   std::size_t limit) const {
  std::vector<const OrderView*> result;
  for (auto at = newest_before(orders_, before); at != orders_.rend() && result.size() < limit;
       ++at) {
    if (matches(filter, at->second)) result.push_back(&at->second);
  }
  return result;
}

const OrderView* OrderHistory::find(const ClientOrderId& id) const {
  const auto at = order_places_.find(id);
  return at == order_places_.end() ? nullptr : &orders_.at(at->second);
}

std::vector<const FillView*> OrderHistory::fills(const OrderFilter& filter,
                                                 std::optional<Place> before,
                                                 std::size_t limit) const {
  std::vector<const FillView*> result;
  for (auto at = newest_before(fills_, before); at != fills_.rend() && result.size() < limit;
       ++at) {
    if (matches(filter, at->second.strategy, at->second.fill.instrument.market))
      result.push_back(&at->second);
  }
  return result;
}

const FillView* OrderHistory::find(const domain::FillId& id) const {
  const auto at = fill_places_.find(id);
  return at == fill_places_.end() ? nullptr : &fills_.at(at->second);
}

std::map<std::string_view, std::uint64_t> OrderHistory::denials_since(Timestamp since) const {
  std::map<std::string_view, std::uint64_t> result;
  for (const Denial& denial : denials_) {
    if (denial.at >= since) ++result[name_of(denial.reason)];
  }
  return result;
}

}  // namespace polybot::gateway
