// Everything the order-manager core can be told. The shell turns bytes into these and adds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "common/domain/state_topics.hpp"
#include "common/domain/venue.hpp"

namespace polybot::order_manager {

// `sent_at` = the frame's sent_unix_ns: its distance from now is the producer's clock error plus
// age.
struct SignalReceived {
  domain::Signal signal;
  domain::Timestamp sent_at{};
};

// A message of quote.<shard>.
struct QuoteHeard {
  domain::Shard shard;
  domain::QuoteTick quote;
};
// The quotes of the shard that count here still stood then, except these.
struct QuotesVouched {
  domain::Shard shard;
  domain::ShardVouched vouched;
};
// Messages of quote.<shard> are missing, or come from another process: what was heard before may
// have changed since.
struct QuotesMissed {
  domain::Shard shard;
};

// The gateway's idea of a market: a hint, never trusted with money.
struct MarketHinted {
  domain::Market market;
};

// Answer to ReadMarket.
struct MarketRead {
  enum class Outcome : std::uint8_t { Found, NotFound, Failed };
  domain::MarketId id;
  Outcome outcome = Outcome::Failed;
  std::optional<domain::Market> market;  // when Found
};

// The venue's REST record says that the market is resolved. Answers ConfirmResolution; while the
// market is not resolved no answer is needed (the core asks again).
struct ResolutionConfirmed {
  domain::MarketId market;
  domain::Payout payout;
};

// A requested reading of the account (domain::VenueAccount) failed.
struct AccountReadFailed {};

enum class VenueChannel : std::uint8_t {
  User,
  Rest,
  Heartbeat,  // up: the account is ours, and the venue would cancel all of it if we died
};
enum class Link : std::uint8_t { Down, Up };
struct VenueSessionChanged {
  VenueChannel channel = VenueChannel::User;
  Link link = Link::Down;
};

// The user channel brought news of the account that could not be read.
struct UserEventMissed {};

// 429, or a maintenance window: the venue wants to be left alone for so long. Orders and readings
// have limits of their own there, so readings that are throttled never hold up an order.
struct VenueThrottled {
  enum class What : std::uint8_t { Orders, Readings };
  domain::Duration retry_after{};
  What what = What::Orders;
};

// The venue's clock minus ours.
struct ClockOffset {
  domain::Duration offset{};
};

// Every 100 ms or so; all deadlines are computed inside.
struct TimerFired {};

// The records of the last turn are not in the journal and never will be. From here on the core only
// cancels, again and again. The shell builds a new core from the journal when that is writable
// again.
struct CommitFailed {};

// No new orders; cancels everything when so configured; takes final marks. See drained().
struct ShutdownRequested {};

using Input = std::variant<SignalReceived, domain::Command, domain::RunnerAnnounced, QuoteHeard,
                           QuotesVouched, QuotesMissed, MarketHinted, MarketRead,
                           ResolutionConfirmed, domain::SubmitAnswered, domain::CancelAnswered,
                           domain::VenueOrderUpdate, domain::VenueTrade, domain::VenueAccount,
                           AccountReadFailed, VenueSessionChanged, UserEventMissed, VenueThrottled,
                           ClockOffset, TimerFired, CommitFailed, ShutdownRequested>;

}  // namespace polybot::order_manager
