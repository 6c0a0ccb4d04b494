// What the core remembers beside the ledger: retry times, targets, hints. Volatile: a restart loses
// it without harm, because a reading of the account and the repeated state topics bring back what
// matters. Private to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/domain/venue.hpp"
#include "services/order-manager/core/figures.hpp"
#include "services/order-manager/core/settings.hpp"

namespace polybot::order_manager {

using domain::Timestamp;

// What is remembered about an order beside the ledger; lost at a restart, when a reading replaces
// it.
struct OrderWatch {
  bool answered = false;  // the submission's answer has come
  bool delayed = false;   // held back by the venue's taker delay
  Timestamp seen_at{};    // last sign of life
  // Matched so far by an event of the order, which comes before or after the trades it counts.
  domain::Quantity told_matched;
  Timestamp told_at{};
  std::optional<Timestamp> missing_since;
  std::optional<Timestamp> last_byte_at;  // of one that is in doubt, if this process has sent it
  std::vector<domain::TradeId> expected_trades;  // named by the answer to an immediate order
  bool matched_at_once = false;                  // `expected_trades` is all there will be
  // The venue has ended it; it is closed here once the fills it names are in, or after a while.
  std::optional<Timestamp> closing_since;
  domain::Quantity closing_quantity;
  Timestamp next_cancel_at{};
  domain::Duration cancel_pause{};
};

struct TargetKey {
  StrategyName strategy;
  domain::MarketId market;
  auto operator<=>(const TargetKey&) const = default;
};

struct Target {
  domain::QuoteTarget quotes;
  domain::SignalId signal;
  domain::TraceId trace;
  std::uint32_t next_leg = 0;
  Timestamp since{};
  // Whose lease it was set under: a later holder has to set its own.
  domain::Shard shard;
  domain::LeaseEpoch epoch;
  std::uint64_t applied_seq = 0;  // what its runner knew
};

// Keeps a refused quote from being tried again at once; survives the target it belongs to.
struct RequotePause {
  Timestamp until{};
  domain::Duration pause{};
  domain::DenyReason told = domain::DenyReason::None;  // recorded last
};

struct ParkedSignal {
  domain::Signal signal;
  domain::MarketId waits_for;
};

// What the venue or the gateway said about a market, beside the ledger's record.
struct MarketWatch {
  domain::MarketStatus hinted = domain::MarketStatus::Active;
  std::optional<domain::Payout> hinted_payout;  // of one that is said to be resolved
  Timestamp hinted_at{};
  Timestamp next_read_at{};  // not before: reads of the record
  bool reading = false;
  Timestamp asked_result_at{};  // last
  Timestamp not_found_until{};
  bool account_waits = false;  // something foreign is to be booked there
  // The record of a market that was over when it was read, for what is to be booked there. The
  // ledger keeps no such record where nothing is at stake.
  std::shared_ptr<const domain::Market> ended;
};

// Refusals that were about the venue, not about an order.
struct SubmissionPause {
  PauseCause cause = PauseCause::Throttled;  // of the last
  Timestamp refused_at{};                    // last
  int lasting = 0;  // attempts in a row that were refused for a cause that lasts
};

// What the venue has said of the account and could not be read, as far as the last readings tell.
struct Unread {
  struct Trade {
    Timestamp since{};  // when it was seen first
    std::optional<Timestamp> matched_at;
    std::optional<domain::MarketId> market;  // none: it may be of any
  };
  std::map<std::string, Trade> trades;  // by id
  std::set<std::string> given_up;       // trades that are sought no more
  // Fills of ours that are in none of the books: the ledger may forget the order, which is kept as
  // it was with the quantity that was open, before its trade can be read.
  struct Missing {
    domain::Order order;
    Timestamp until{};  // sought
  };
  std::map<std::pair<domain::TradeId, domain::VenueOrderId>, Missing> missing;
  std::size_t open_orders = 0;
  std::set<domain::TokenId> balances;
  std::set<domain::VenueOrderId> orders;  // that it may concern
  bool any_order = false;                 // it may concern any
};

// A settlement that a reading of the account may or may not have seen.
struct RecentFlow {
  Timestamp at{};
  domain::Instrument instrument;
  domain::Quantity quantity;  // signed
  Money cash;                 // signed
};

inline constexpr std::size_t kParkedSignalsMax = 256;
inline constexpr std::size_t kMarketWatchesMax = 50'000;
inline constexpr std::size_t kRecentFlowsMax = 10'000;
inline constexpr domain::Duration kRecentFlowKept = std::chrono::seconds(60);
inline constexpr domain::Duration kMarketReadPause = std::chrono::seconds(2);
inline constexpr domain::Duration kMarketReadTimeout = std::chrono::seconds(10);
inline constexpr domain::Duration kConfirmPause = std::chrono::seconds(2);
inline constexpr domain::Duration kConfirmPauseOverdue = std::chrono::seconds(15);
inline constexpr domain::Duration kConfirmPauseFlat = std::chrono::minutes(5);
// The gateway repeats what it knows of each market every second.
inline constexpr domain::Duration kUntoldAfter = std::chrono::minutes(2);
inline constexpr domain::Duration kClaimReadPause = std::chrono::seconds(3);
inline constexpr domain::Duration kNotFoundRemembered = std::chrono::seconds(30);
inline constexpr domain::Duration kUnbookedSoughtFor = std::chrono::hours(24);
// What could not be read is read again this soon.
inline constexpr domain::Duration kUnreadPause = std::chrono::seconds(5);
inline constexpr std::size_t kUnreadTradesMax = 1'000;
// A trade that is being settled gets its numbers within seconds: one that has none by then is told.
inline constexpr domain::Duration kUnreadTold = std::chrono::seconds(30);
// How long after its order's event a trade may come before it is asked for.
inline constexpr domain::Duration kTradeDue = std::chrono::seconds(1);
inline constexpr domain::Duration kTradesMargin = std::chrono::seconds(60);
// The same for orders that rest: the venue may tell of their trades late.
inline constexpr domain::Duration kRestingTradesMargin = std::chrono::hours(1);
// Of the times between which a lost history placed orders: the venue's clock is another.
inline constexpr domain::Duration kRestoreMargin = std::chrono::seconds(2);
// After its pause; an exit that is still wanted is tried again long before.
inline constexpr domain::Duration kExitPaceRemembered = std::chrono::minutes(2);
// How long one refusal of all orders stands for the venue's state when no further order is tried.
inline constexpr domain::Duration kRefusalRemembered = std::chrono::minutes(5);
static_assert(kRefusalPauseMax < kRefusalRemembered, "the next attempt would find it forgotten");
inline constexpr int kRefusalDoublingsMax = 4;
inline constexpr domain::Duration kRequotePauseMax = std::chrono::seconds(8);

}  // namespace polybot::order_manager
