// Where orders came from, beyond what matching needs to know: the API key that sent them, the
// builder code that they were signed with, and the wallet that made them. The engine never sees any
// of these.
//
// Only what is out of the ordinary is kept (another key than the one of nonce 0, a builder, a
// wallet), and of the latest orders alone.
//
// Pure; part of the exchange's state.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>

#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

inline constexpr std::size_t kOriginsMax = 100'000;

// Nothing that has to be kept.
[[nodiscard]] inline bool is_ordinary(const OrderOrigin& origin) {
  return origin.key_nonce == 0 && origin.builder == BuilderCode{} && origin.wallet == 0;
}

class OrderOrigins {
 public:
  void note(const OrderOrigin& origin);
  // The ordinary origin for an order that is not known.
  [[nodiscard]] OrderOrigin of(const domain::VenueOrderId& order) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(origins_, age_);
  }

 private:
  std::map<domain::VenueOrderId, OrderOrigin> origins_;
  std::deque<domain::VenueOrderId> age_;  // oldest first
};

}  // namespace polybot::venue_simulator
