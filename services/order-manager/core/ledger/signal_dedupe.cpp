#include "services/order-manager/core/ledger/signal_dedupe.hpp"

namespace polybot::order_manager {

bool SignalDedupe::seen(const domain::SignalId& id) const {
  const auto window = windows_.find(id.incarnation);
  if (window == windows_.end()) return false;
  return id.counter <= window->second.watermark || window->second.above.contains(id.counter);
}

void SignalDedupe::insert(const domain::SignalId& id, domain::Timestamp at) {
  Window& window = windows_[id.incarnation];
  window.heard_at = at;
  if (id.counter > window.watermark) window.above.insert(id.counter);
  if (window.above.size() > kAboveMax) window.watermark = *window.above.begin();
  while (!window.above.empty() && *window.above.begin() <= window.watermark + 1) {
    window.watermark = *window.above.begin();
    window.above.erase(window.above.begin());
  }
  if (windows_.size() <= kIncarnationsMax) return;
  auto oldest = windows_.begin();
  for (auto it = windows_.begin(); it != windows_.end(); ++it) {
    if (it->second.heard_at < oldest->second.heard_at) oldest = it;
  }
  if (oldest->second.heard_at + kForgetAfter < at) windows_.erase(oldest);
}

void SignalDedupe::digest(Digest& digest) const {
  for (const auto& [incarnation, window] : windows_) {
    digest.add(incarnation).add(window.watermark).add(window.heard_at).add(window.above.size());
    for (const std::uint64_t counter : window.above) digest.add(counter);
  }
}

}  // namespace polybot::order_manager
