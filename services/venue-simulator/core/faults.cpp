#include "services/venue-simulator/core/faults.hpp"

namespace polybot::venue_simulator {
namespace {

constexpr std::array<std::string_view, kFaults> kNames = {
    "feed-freeze",      "feed-gap",        "reject",      "leg-miss",       "venue-hang",
    "answer-lost",      "executed-late",   "user-events", "trade-failed",   "user-socket-drop",
    "late-fill",        "fair-value-jump", "venue-drift", "venue-down",     "empty-numbers",
    "region-block",     "past-end",        "fee-change",  "surplus-shares", "silent-result",
    "unreadable-market"};

}  // namespace

std::string_view to_string(Fault fault) {
  return kNames[static_cast<std::size_t>(fault)];
}

std::optional<Fault> parse_fault(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Fault>(i);
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
