// When the venue was told to read the chain for its copy of a token's balance. A copy is 0 until
// the first time, and nothing promises that it follows the chain afterwards. Each read is a look at
// the chain, of which the venue takes few, so a reading of the account gets a share of them: first
// for the copies that were never read, then for those that are old. Pure.
#pragma once

#include <map>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

namespace polybot::order_manager {

class ChainReads {
 public:
  // The venue takes 50 in ten seconds, and readings may come every three; the cash needs one each.
  static constexpr std::size_t kPerReading = 12;
  static constexpr domain::Duration kOldAfter = std::chrono::minutes(1);

  enum class Step : std::uint8_t {
    Ask,         // the copy was read before
    ReadAndAsk,  // first have the chain read
    Wait,        // it was never read, and is none of those whose turn it is
  };
  // One for each of the tokens that a reading asks for. `now` is monotonic.
  [[nodiscard]] std::vector<Step> plan(const std::vector<domain::TokenId>& tokens,
                                       domain::Duration now) const;
  void done(const domain::TokenId& token, domain::Duration now) { read_at_[token] = now; }
  // The venue keeps its copies by key and wallet.
  void forget() { read_at_.clear(); }

 private:
  std::map<domain::TokenId, domain::Duration> read_at_;
};

}  // namespace polybot::order_manager
