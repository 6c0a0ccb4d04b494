#include "services/order-manager/core/ledger/leg_groups.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::ClientOrderId;
using domain::Quantity;
using domain::Side;
using domain::SignalId;

namespace {

bool has_instrument(const LegGroup& group, const domain::Instrument& instrument) {
  return std::any_of(group.legs.begin(), group.legs.end(),
                     [&](const LegGroup::Leg& leg) { return leg.instrument == instrument; });
}

}  // namespace

void LegGroups::submitted(const domain::Order& order) {
  const SignalId& signal = order.id.signal;
  if (order.purpose == domain::OrderPurpose::Unwind) {
    const auto it = groups_.find(signal);
    if (it == groups_.end()) return;
    it->second.correctors.push_back(order.id);
    members_[order.id] = signal;
    return;
  }
  const LegGroup* unlevel_group = unlevel(order.strategy, order.event);
  if (unlevel_group != nullptr && has_instrument(*unlevel_group, order.instrument)) {
    const SignalId corrected = unlevel_group->legs.front().order.signal;
    groups_[corrected].correctors.push_back(order.id);
    members_[order.id] = corrected;
    return;
  }
  if (order.purpose != domain::OrderPurpose::Leg || order.side != Side::Buy) return;
  LegGroup& group = groups_[signal];
  group.strategy = order.strategy;
  group.event = order.event;
  group.trace = order.trace;
  group.legs.push_back({order.id, order.instrument});
  members_[order.id] = signal;
  index(signal, group);
}

void LegGroups::index(const SignalId& signal, const LegGroup& group) {
  if (group.unlevel) {
    unlevel_.insert(signal);
  } else {
    unlevel_.erase(signal);
  }
  if (group.unlevel || group.legs.size() > 1) {
    judged_.insert(signal);
  } else {
    judged_.erase(signal);
  }
}

void LegGroups::imbalanced(const domain::LegsImbalanced& event, domain::Timestamp at) {
  const auto it = groups_.find(event.signal);
  if (it == groups_.end()) return;
  it->second.unlevel = true;
  it->second.unlevel_since = at;
  index(it->first, it->second);
}

void LegGroups::levelled(const domain::LegsLevelled& event, Quantity held_spread,
                         const Orders& orders) {
  const auto it = groups_.find(event.signal);
  if (it == groups_.end()) return;
  it->second.unlevel = false;
  index(it->first, it->second);
  it->second.accepted_spread = std::max(held_spread, spread(quantities(it->second, orders)));
  forget_if_final(it->second.legs.front().order, orders);
}

void LegGroups::forget_if_final(const ClientOrderId& order, const Orders& orders) {
  const auto member = members_.find(order);
  if (member == members_.end()) return;
  const auto it = groups_.find(member->second);
  const LegGroup& group = it->second;
  if (group.unlevel || !ended(group, orders)) return;
  const auto provisional = [&](const ClientOrderId& id) {
    const OrderRecord* record = orders.find(id);
    return record != nullptr && record->provisional != 0;
  };
  for (const LegGroup::Leg& leg : group.legs) {
    if (provisional(leg.order)) return;
  }
  if (std::any_of(group.correctors.begin(), group.correctors.end(), provisional)) return;
  const Quantity difference = spread(quantities(group, orders));
  if (difference >= kLevelTolerance && difference > group.accepted_spread) return;
  for (const LegGroup::Leg& leg : group.legs) members_.erase(leg.order);
  for (const ClientOrderId& id : group.correctors) members_.erase(id);
  judged_.erase(it->first);
  groups_.erase(it);
}

const LegGroup* LegGroups::unlevel(const domain::StrategyName& strategy,
                                   const domain::EventGroupId& event) const {
  const LegGroup* oldest = nullptr;
  for (const SignalId& signal : unlevel_) {
    const LegGroup& group = groups_.at(signal);
    if (group.strategy != strategy || group.event != event) continue;
    if (oldest == nullptr || group.unlevel_since < oldest->unlevel_since) oldest = &group;
  }
  return oldest;
}

std::vector<LegQuantity> LegGroups::quantities(const LegGroup& group, const Orders& orders) {
  std::vector<LegQuantity> quantities;
  for (const LegGroup::Leg& leg : group.legs) {
    const OrderRecord* record = orders.find(leg.order);
    quantities.push_back({leg.instrument, record == nullptr ? Quantity{} : record->filled});
  }
  for (const ClientOrderId& id : group.correctors) {
    const OrderRecord* record = orders.find(id);
    if (record == nullptr) continue;
    for (LegQuantity& leg : quantities) {
      if (leg.instrument != record->order.instrument) continue;
      leg.quantity += record->order.side == Side::Buy ? record->filled : -record->filled;
    }
  }
  // A leg that was sold before its own purchase failed has sold other shares of the position. The
  // group then holds none of it, not less than none, or it could never be level again.
  for (LegQuantity& leg : quantities) leg.quantity = std::max(leg.quantity, Quantity{});
  return quantities;
}

bool LegGroups::ended(const LegGroup& group, const Orders& orders) {
  const auto open = [&](const ClientOrderId& id) { return orders.open().contains(id); };
  return std::none_of(group.correctors.begin(), group.correctors.end(), open) &&
         std::none_of(group.legs.begin(), group.legs.end(),
                      [&](const LegGroup::Leg& leg) { return open(leg.order); });
}

Quantity LegGroups::spread(const std::vector<LegQuantity>& quantities) {
  if (quantities.empty()) return {};
  const auto [least, most] = std::minmax_element(
      quantities.begin(), quantities.end(),
      [](const LegQuantity& a, const LegQuantity& b) { return a.quantity < b.quantity; });
  return most->quantity - least->quantity;
}

void LegGroups::digest(Digest& digest) const {
  for (const auto& [signal, group] : groups_) {
    digest.add(signal).add(group.strategy).add(group.event).add(group.unlevel);
    digest.add(group.unlevel_since).add(group.accepted_spread);
    for (const LegGroup::Leg& leg : group.legs) digest.add(leg.order).add(leg.instrument);
    for (const ClientOrderId& id : group.correctors) digest.add(id);
  }
  for (const auto& [order, signal] : members_) digest.add(order).add(signal);
}

}  // namespace polybot::order_manager
