// Which signals have been answered: per runner incarnation a watermark and the few ids above it. It
// is exact within its window and safe beyond: an id that falls out of the window counts as seen (a
// signal lives 60 s at most, so one that old has expired). A fold over SignalAccepted and
// SignalDenied.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"
#include "services/order-manager/core/ledger/digest.hpp"

namespace polybot::order_manager {

class SignalDedupe {
 public:
  static constexpr std::size_t kAboveMax = 4'096;      // ids kept per incarnation
  static constexpr std::size_t kIncarnationsMax = 64;  // the least recently heard is forgotten
  static constexpr domain::Duration kForgetAfter =
      std::chrono::seconds(120);  // and only when so old

  [[nodiscard]] bool seen(const domain::SignalId& id) const;
  void insert(const domain::SignalId& id, domain::Timestamp at);
  void digest(Digest& digest) const;

 private:
  friend struct LedgerImage;
  struct Window {
    std::uint64_t watermark = 0;  // every counter up to here is seen
    std::set<std::uint64_t> above;
    domain::Timestamp heard_at{};
  };
  std::map<std::uint64_t, Window> windows_;
};

}  // namespace polybot::order_manager
