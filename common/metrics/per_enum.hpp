// Instruments of families that have an enum as a label: resolved once, at start, and found by the
// enumerator afterwards. The label is the enumerator's word (domain/enumeration.hpp).
#pragma once

#include <vector>

#include "common/domain/enumeration.hpp"
#include "common/metrics/registry.hpp"

namespace polybot::metrics {

template <class Enum, class Instrument>
class PerEnum {
  static_assert(domain::kPlaces<Enum> == domain::kEnumerators<Enum>.size(), "numbers without gap");

 public:
  // `resolve(word)` gives the instrument of one label value.
  template <class Resolve>
  explicit PerEnum(const Resolve& resolve) {
    for (const Enum value : domain::kEnumerators<Enum>)
      instruments_.push_back(resolve(domain::name_of(value)));
  }
  Instrument& operator[](Enum value) { return instruments_[domain::place_of(value)]; }

 private:
  std::vector<Instrument> instruments_;
};

// The requests that a service sends to the venue, by what was asked for and how that ended.
template <class Operation, class Outcome>
class VenueRequests {
 public:
  explicit VenueRequests(Registry& registry)
      : durations_([&](std::string_view operation) {
          return registry.histogram("polybot_venue_request_duration_seconds", {operation});
        }),
        counts_([&](std::string_view operation) {
          return PerEnum<Outcome, Counter>([&](std::string_view outcome) {
            return registry.counter("polybot_venue_requests_total", {operation, outcome});
          });
        }) {}
  void ended(Operation operation, Outcome outcome, domain::Duration elapsed) {
    counts_[operation][outcome].increment();
    durations_[operation].observe(elapsed);
  }

 private:
  PerEnum<Operation, Histogram> durations_;
  PerEnum<Operation, PerEnum<Outcome, Counter>> counts_;
};

}  // namespace polybot::metrics
