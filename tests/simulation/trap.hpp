// A planned death: order-manager dies at one boundary of the first turn that records one sort of
// event.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/domain/events.hpp"

namespace polybot::simulation {

enum class Occasion : std::uint8_t {
  Submit,
  Acknowledge,
  PartialFill,
  Fill,
  Cancel,
  Reversal,
  LegMiss,
  Resolution,
};
inline constexpr std::array<std::string_view, 8> kOccasions{
    "submit", "ack", "partial fill", "fill", "cancel", "reversal", "leg miss", "resolution"};

enum class Boundary : std::uint8_t {
  BeforeCommit,   // decided, not durable
  TornCommit,     // the power fails while it is written: any part of it survives
  UnheardCommit,  // written as a whole, but the process dies before it knows
  AfterCommit,    // durable, nothing of it sent, published or answered
  PartlySent,     // durable, and some of what follows from it is out
};
inline constexpr std::array<std::string_view, 5> kBoundaries{
    "before commit", "torn commit", "unheard commit", "after commit", "partly sent"};

struct Trap {
  Occasion occasion = Occasion::Submit;
  Boundary boundary = Boundary::BeforeCommit;
};

[[nodiscard]] inline bool springs(Occasion occasion, const domain::StreamedEvent& record) {
  const domain::EventBody& body = record.event.body;
  switch (occasion) {
    case Occasion::Submit:
      return std::holds_alternative<domain::OrderSubmitted>(body);
    case Occasion::Acknowledge:
      return std::holds_alternative<domain::OrderAccepted>(body);
    case Occasion::PartialFill:
      return std::holds_alternative<domain::OrderFilled>(body) &&
             record.status == domain::OrderStatus::PartiallyFilled;
    case Occasion::Fill:
      return std::holds_alternative<domain::OrderFilled>(body) &&
             record.status == domain::OrderStatus::Filled;
    case Occasion::Cancel:
      return std::holds_alternative<domain::OrderCanceled>(body);
    case Occasion::Reversal:
      return std::holds_alternative<domain::FillReversed>(body);
    case Occasion::LegMiss:
      return std::holds_alternative<domain::LegsImbalanced>(body);
    case Occasion::Resolution:
      return std::holds_alternative<domain::MarketResolved>(body);
  }
  return false;
}

}  // namespace polybot::simulation
