// Which holdings the venue has a copy of: those that it was once told to read from the chain.
// Before that it says 0. A copy then follows every trade.
//
// Pure; part of the exchange's state.
#pragma once

#include <map>

#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

// An owner cannot fill the memory of the venue.
inline constexpr std::size_t kChainCopiesMax = 100'000;

class ChainCopies {
 public:
  void read(const ChainCopy& copy, domain::Timestamp now) {
    if (read_at_.size() < kChainCopiesMax) read_at_.emplace(copy, now);
  }
  [[nodiscard]] bool has(const ChainCopy& copy) const { return read_at_.contains(copy); }

  template <class Archive>
  void fields(Archive& archive) {
    archive(read_at_);
  }

 private:
  std::map<ChainCopy, domain::Timestamp> read_at_;
};

}  // namespace polybot::venue_simulator
