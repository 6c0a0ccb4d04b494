#include "services/order-manager/execution/chain_reads.hpp"

namespace polybot::order_manager {

std::vector<ChainReads::Step> ChainReads::plan(const std::vector<domain::TokenId>& tokens,
                                               domain::Duration now) const {
  std::vector<Step> steps;
  steps.reserve(tokens.size());
  std::size_t left = kPerReading;
  for (const domain::TokenId& token : tokens) {
    const bool known = read_at_.contains(token);
    const bool reads = !known && left > 0;
    if (reads) --left;
    steps.push_back(known ? Step::Ask : reads ? Step::ReadAndAsk : Step::Wait);
  }
  for (std::size_t i = 0; i < tokens.size() && left > 0; ++i) {
    if (steps[i] != Step::Ask || now - read_at_.at(tokens[i]) < kOldAfter) continue;
    steps[i] = Step::ReadAndAsk;
    --left;
  }
  return steps;
}

}  // namespace polybot::order_manager
