#include "services/order-manager/execution/chain_reads.hpp"

#include <algorithm>

namespace polybot::order_manager {

std::vector<ChainReads::Planned> ChainReads::plan(const std::vector<domain::TokenId>& tokens,
                                                  domain::Duration now, std::size_t reads) {
  std::vector<Planned> planned;
  planned.reserve(tokens.size());
  std::vector<std::size_t> due;
  for (const domain::TokenId& token : tokens) {
    Copy& copy = copies_[token];
    copy.wanted_at = now;
    if (!copy.read_at || now - *copy.read_at >= kOldAfter) due.push_back(planned.size());
    planned.push_back({token, copy.read_at ? Step::Ask : Step::Wait});
  }
  // For which it was never tried: before any time.
  std::stable_sort(due.begin(), due.end(), [&](std::size_t a, std::size_t b) {
    return copies_[planned[a].token].told_at < copies_[planned[b].token].told_at;
  });
  due.resize(std::min({due.size(), reads, kPerReading}));
  for (const std::size_t i : due) planned[i].step = Step::ReadAndAsk;
  std::stable_partition(planned.begin(), planned.end(),
                        [&](const Planned& one) { return !copies_[one.token].silent; });
  std::erase_if(copies_,
                [&](const auto& entry) { return now - entry.second.wanted_at > kForgottenAfter; });
  return planned;
}

bool ChainReads::was_read(const domain::TokenId& token) const {
  const auto copy = copies_.find(token);
  return copy != copies_.end() && copy->second.read_at.has_value();
}

}  // namespace polybot::order_manager
