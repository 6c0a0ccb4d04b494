#include "services/venue-simulator/core/faults.hpp"

#include <algorithm>

namespace polybot::venue_simulator {

std::string to_string(Fault fault) {
  std::string name(domain::name_of(fault));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::optional<Fault> parse_fault(std::string_view name) {
  for (const Fault fault : domain::kEnumerators<Fault>) {
    if (to_string(fault) == name) return fault;
  }
  return std::nullopt;
}

void FaultBoard::set(Fault fault, FaultSettings settings, domain::Timestamp now) {
  Slot& slot = slots_[static_cast<std::size_t>(fault)];
  slot.on = true;
  slot.until = settings.duration.count() > 0 ? now + settings.duration : domain::Timestamp{};
  slot.settings = settings;
}

void FaultBoard::clear(Fault fault) {
  slots_[static_cast<std::size_t>(fault)] = Slot{};
}

const FaultSettings* FaultBoard::active(Fault fault, domain::Timestamp now) const {
  const Slot& slot = slots_[static_cast<std::size_t>(fault)];
  if (!slot.on) return nullptr;
  if (slot.until != domain::Timestamp{} && now >= slot.until) return nullptr;
  return &slot.settings;
}

const FaultSettings* FaultBoard::active(Fault fault, domain::Timestamp now,
                                        const domain::MarketId& market) const {
  const FaultSettings* settings = active(fault, now);
  if (settings != nullptr && settings->market && *settings->market != market) return nullptr;
  return settings;
}

std::optional<domain::Timestamp> FaultBoard::ends_at(Fault fault) const {
  const Slot& slot = slots_[static_cast<std::size_t>(fault)];
  if (!slot.on || slot.until == domain::Timestamp{}) return std::nullopt;
  return slot.until;
}

void FaultBoard::used(Fault fault) {
  Slot& slot = slots_[static_cast<std::size_t>(fault)];
  if (slot.settings.count == 0) return;
  if (--slot.settings.count == 0) clear(fault);
}

}  // namespace polybot::venue_simulator
