// The faults that can be switched on at run time, and the board that says which are on.
//
// Faults of the exchange itself (reject, leg-miss, trade-failed, late-fill, fair-value-jump,
// venue-drift, past-end, fee-change, surplus-shares) act inside its core; faults of the network
// before it (feeds, sockets, answers) are only kept here and act in the shell. The board is part of
// the exchange's state and survives a restart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/domain/decimal.hpp"
#include "common/domain/enumeration.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"

namespace polybot::venue_simulator {

// Kept in the log by number, which is never given to another fault (domain/enumeration.hpp).
enum class Fault : std::uint8_t {
  FeedFreeze = 0,      // market sockets stay open and answer PING but carry no data
  FeedGap = 1,         // market messages get lost
  Reject = 2,          // orders are refused
  LegMiss = 3,         // one leg of a batch is refused: in `market`, else the last of the batch
  VenueHang = 4,       // requests are taken up and wait `delay` before anything happens
  AnswerLost = 5,      // orders are executed, then the connection dies without an answer
  ExecutedLate = 6,    // the connection dies; the orders are executed up to `delay` (15 s) later
  UserEvents = 7,      // private events come twice, late and out of order
  TradeFailed = 8,     // trades end FAILED instead of CONFIRMED
  UserSocketDrop = 9,  // private sockets are cut, and again each `delay` if that is given
  LateFill = 10,       // canceled orders are filled all the same, `delay` after the cancel
  FairValueJump = 11,  // the fair value of `market` jumps by `size`, and back after `delay`
  VenueDrift = 12,     // the cash of every account moves by `amount` without a trade
  VenueDown = 13,      // no request is answered, no socket stays open
  EmptyNumbers = 14,   // trades are reported with empty numbers
  RegionBlock = 15,    // orders are refused with a 403, by the venue or by its proxy
  PastEnd = 16,        // markets trade on past their end date
  FeeChange = 17,  // at once, and for good: the taker's rate of `market`, else of all, is `size`
  SurplusShares = 18,     // cheaper shares than any in the book meet an immediate buy
  SilentResult = 19,      // listings of resolved markets do not say that they are
  UnreadableMarket = 20,  // the fee of `market`, else of all, is sent in an unreadable form
  TradeStuck = 21,        // trades are not settled: they stay MATCHED until the fault ends
  KeyRevoked = 22,        // the API key that signs a request has ended, until it is made again
  ForeignHeartbeat = 23,  // another client of the account is first with its heartbeat
  SiteBlock = 24,         // the venue's own page says that this place is blocked; orders are taken
  VenueClock = 25,     // the venue's clock is `delay` (2 min) ahead, also when it judges requests
  OtherVersion = 26,   // the venue tells of a later version, and takes no orders of this one
  ClosedOnly = 27,     // accounts may only close: they are told so, and buys are refused
  NoAllowance = 28,    // the exchange of `market`, else each, may spend nothing
  ChainUnread = 29,    // the venue does not read the chain again when it is told to
  PostOnly = 30,       // only orders that rest are taken, for `delay` (2 min)
  CancelOnly = 31,     // no orders are taken
  OldCollateral = 32,  // all cash is USDC.e, which the exchange does not take
};
inline constexpr int kFaults = domain::kPlaces<Fault>;
// The numbers of faults in boards that older versions saved.
inline constexpr int kFaultsAtFirst = static_cast<int>(Fault::VenueDown) + 1;
inline constexpr int kFaultsThen = static_cast<int>(Fault::KeyRevoked) + 1;

// "feed-freeze", ...; the names of the admin port and of the metric proofs.
[[nodiscard]] std::string to_string(Fault fault);
[[nodiscard]] std::optional<Fault> parse_fault(std::string_view name);

struct FaultSettings {
  std::int64_t probability_ppm = 1'000'000;  // of each occasion
  domain::Duration duration{};               // 0 = until cleared
  domain::Duration delay{};                  // 0 = the fault's default
  std::optional<domain::MarketId> market;    // none = all
  domain::Price size;                        // of a jump, or a rate; 0 = the default
  domain::Money amount;                      // of a drift; 0 = the default
  std::int64_t count = 0;                    // occasions left; 0 = unlimited

  bool operator==(const FaultSettings&) const = default;
};

class FaultBoard {
 public:
  void set(Fault fault, FaultSettings settings, domain::Timestamp now);
  void clear(Fault fault);
  // The settings of an active fault, else null. A fault with a duration ends by itself.
  [[nodiscard]] const FaultSettings* active(Fault fault, domain::Timestamp now) const;
  // Active, and meant for this market.
  [[nodiscard]] const FaultSettings* active(Fault fault, domain::Timestamp now,
                                            const domain::MarketId& market) const;
  // When an active fault ends by itself; empty when it does not.
  [[nodiscard]] std::optional<domain::Timestamp> ends_at(Fault fault) const;
  // Counts one occasion of a fault with a `count`; the last one clears it.
  void used(Fault fault);

  template <class Archive>
  void fields(Archive& archive) {
    save_slots(archive, 0, kFaultsAtFirst);
  }
  // The later faults, which stand behind the exchange's state, and the latest at its very end.
  template <class Archive>
  void later_fields(Archive& archive) {
    save_slots(archive, kFaultsAtFirst, kFaultsThen);
  }
  template <class Archive>
  void latest_fields(Archive& archive) {
    save_slots(archive, kFaultsThen, kFaults);
  }

 private:
  template <class Archive>
  void save_slots(Archive& archive, int first, int last) {
    for (int i = first; i < last; ++i) {
      Slot& slot = slots_[static_cast<std::size_t>(i)];
      archive(slot.on, slot.until, slot.settings);
    }
  }

  struct Slot {
    bool on = false;
    domain::Timestamp until{};  // epoch = no end
    FaultSettings settings;
  };
  std::array<Slot, kFaults> slots_{};
};

}  // namespace polybot::venue_simulator
