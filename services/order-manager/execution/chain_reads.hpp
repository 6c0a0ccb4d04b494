// When the venue was told to read the chain for its copy of a token's balance. A copy is 0 until
// the first time, and nothing promises that it follows the chain afterwards. Each read is a look at
// the chain, of which the venue takes few, so a reading of the account gets a share of them. Tokens
// take turns: first those for which it was never tried, then those that have waited the longest
// since. One that the venue refuses each time waits like the others, and one for which it gave no
// answer comes last in the next reading, which ends where no answer comes. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

namespace polybot::order_manager {

class ChainReads {
 public:
  // However many the venue would take: orders and trades of the same reading wait for them.
  static constexpr std::size_t kPerReading = 12;
  static constexpr domain::Duration kOldAfter = std::chrono::minutes(1);
  // What no reading has asked for so long is most likely over.
  static constexpr domain::Duration kForgottenAfter = std::chrono::hours(24);

  enum class Step : std::uint8_t {
    Ask,         // the copy was read before
    ReadAndAsk,  // first have the chain read
    Wait,        // it was never read, and is none of those whose turn it is
  };
  struct Planned {
    domain::TokenId token;
    Step step = Step::Wait;
    bool operator==(const Planned&) const = default;
  };
  // The tokens that a reading asks for, in the order in which to ask. `reads`: as many the venue
  // would take now. `now` is monotonic.
  [[nodiscard]] std::vector<Planned> plan(const std::vector<domain::TokenId>& tokens,
                                          domain::Duration now, std::size_t reads);

  // Of tokens that were planned: the venue was told to read; it has done so; it has answered for
  // the token at all, be it by a refusal.
  void told(const domain::TokenId& token, domain::Duration now) { copies_[token].told_at = now; }
  void done(const domain::TokenId& token, domain::Duration now) { copies_[token].read_at = now; }
  void heard(const domain::TokenId& token, bool answered) { copies_[token].silent = !answered; }
  [[nodiscard]] bool was_read(const domain::TokenId& token) const;
  // The venue keeps its copies by key and wallet.
  void forget() { copies_.clear(); }

 private:
  struct Copy {
    std::optional<domain::Duration> told_at;
    std::optional<domain::Duration> read_at;
    domain::Duration wanted_at{};
    bool silent = false;
  };
  std::map<domain::TokenId, Copy> copies_;
};

}  // namespace polybot::order_manager
