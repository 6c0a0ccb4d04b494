// Token-level venue events in, one trustworthy book per market in YES terms out.
//
// Only the YES token of a market is subscribed: the NO book is its exact mirror and the venue's
// price_change messages carry both sides anyway. Changes of the YES token build the book; changes
// of the NO token are checked against it (and build it when a message carries them alone).
//
// A book is Awaiting until its first snapshot, then Fresh until something contradicts it; then it
// is Stale, and must not be decided on until a snapshot arrives. Each failed check is one Resync:
// bid below ask, levels on the tick grid, the NO side mirrors the YES side, and our best prices are
// the venue's own. The last is judged when a burst of messages with the same venue millisecond has
// ended, since inside a burst the venue already quotes the state after it. Until the book agrees
// with that quote, changes are held back, so that no half-applied burst is published. A message is
// applied whole or, while the book is not fresh, kept (bounded) and applied on top of the snapshot
// that comes by REST.
//
// Pure: time is an argument, results are values. Knows nothing of sockets; FeedSupervisor decides
// how to repair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/domain/order_book.hpp"
#include "services/gateway/core/token_events.hpp"

namespace polybot::gateway {

// Whether a book may be believed: not before its first snapshot, and not after a contradiction.
enum class BookTrust : std::uint8_t { Awaiting, Fresh, Stale };

// Where a snapshot came from: on the socket it is in order with the changes; by REST, changes that
// arrived while it was under way are applied on top.
enum class SnapshotSource : std::uint8_t { Socket, Rest };

using BookUpdate =
    std::variant<domain::BookSnapshot, domain::BookDelta, domain::TradeTick, domain::BookStale>;

struct Resync {
  domain::MarketId market;
  domain::TokenId token;  // its YES token
  ResyncReason reason = ResyncReason::Crossed;
  bool operator==(const Resync&) const = default;
};

struct TickChange {
  domain::MarketId market;
  domain::Price tick;
  bool operator==(const TickChange&) const = default;
};

// The results of an input, in order. The caller reuses the object.
struct BookUpdates {
  std::vector<BookUpdate> updates;
  std::vector<Resync> resyncs;
  std::vector<TickChange> ticks;
  std::uint64_t ignored = 0;  // events of tokens that are not tracked
  void clear();
};

// How a REST book relates to ours.
enum class Agreement : std::uint8_t {
  Equal,         // same best levels: our book is current
  Inconclusive,  // they differ, but not by more than messages under way explain
  Behind,        // the venue moved on and we did not hear of it
};

class BookBuilder {
 public:
  // A burst is over when no further message of it came for this long, or when the next one begins.
  static constexpr domain::Duration kBurstQuiet = std::chrono::milliseconds(50);
  // How far a REST book may be ahead of ours before a difference proves that ours is dead.
  static constexpr domain::Duration kBehindAfter = std::chrono::seconds(2);
  // Messages kept while a snapshot is awaited; a busy market has a few hundred a second.
  static constexpr std::size_t kKeptMessagesMax = 1024;

  struct View {
    domain::TokenId yes;
    BookTrust trust = BookTrust::Awaiting;
    const domain::OrderBook* book = nullptr;
    domain::Price tick;
    std::optional<domain::Price> last;
    domain::Timestamp venue_at{};
    domain::Timestamp stamped_at{};  // when we last knew it to be current
    bool settled = true;             // false inside a burst whose end is not reached yet
    [[nodiscard]] bool fresh() const { return trust == BookTrust::Fresh; }
  };

  // Begins with a market, Awaiting. Tracking a known market again changes nothing.
  void track(const domain::MarketId& market, const domain::TokenId& yes, const domain::TokenId& no,
             domain::Price tick);
  void untrack(const domain::MarketId& market);

  void on(const TokenBook& book, SnapshotSource source, domain::Timestamp now, BookUpdates& out);
  void on(const TokenChanges& message, domain::Timestamp now, BookUpdates& out);
  void on(const TokenTrade& trade, domain::Timestamp now, BookUpdates& out);
  void on(const TokenTick& tick, domain::Timestamp now, BookUpdates& out);
  // Judges the bursts that have been quiet for kBurstQuiet; call every few tens of milliseconds.
  void judge(domain::Timestamp now, BookUpdates& out);
  // Withdraws trust from outside (a link closed, a feed found dead). A book that is not fresh stays
  // so. Messages kept for it belonged to the old connection and are dropped.
  void mark_stale(const domain::MarketId& market, ResyncReason reason, domain::Timestamp now,
                  BookUpdates& out);
  // Compares a fresh book with a REST one; Equal renews its stamp: it was current when asked for.
  [[nodiscard]] Agreement compare(const TokenBook& rest);

  [[nodiscard]] std::optional<View> find(const domain::MarketId& market) const;
  [[nodiscard]] std::optional<domain::MarketId> market_of(const domain::TokenId& token) const;
  // The book as it is published; `stamped_at` no older than `vouched_at` when it is fresh. An
  // unsettled book says that it is stale.
  [[nodiscard]] std::optional<domain::BookSnapshot> snapshot(const domain::MarketId& market,
                                                             domain::Timestamp vouched_at) const;
  [[nodiscard]] std::size_t size() const { return markets_.size(); }
  [[nodiscard]] std::size_t stale_count() const { return markets_.size() - fresh_; }

 private:
  // The venue's best prices in YES terms, from the last message of a burst.
  struct Expected {
    bool known = false;
    std::optional<domain::Price> bid;
    std::optional<domain::Price> ask;
  };
  struct Burst {
    bool open = false;
    domain::Timestamp venue_at{};
    domain::Timestamp received_at{};
    Expected by_yes;
    Expected by_no;
  };
  // A message in YES terms.
  struct Message {
    domain::Timestamp venue_at{};
    std::vector<domain::LevelChange> changes;
    std::vector<domain::LevelChange> mirrored;  // the NO entries, when the YES ones are there too
    Expected by_yes;
    Expected by_no;
  };
  struct MarketBook {
    domain::MarketId market;
    domain::TokenId yes;
    domain::TokenId no;
    domain::OrderBook book;
    BookTrust trust = BookTrust::Awaiting;
    domain::Price tick;
    std::optional<domain::Price> last;
    domain::Timestamp venue_at{};
    domain::Timestamp stamped_at{};
    Burst burst;
    std::vector<domain::LevelChange> held;  // applied and not told yet: the burst goes on
    std::deque<Message> kept;
    domain::Timestamp kept_from{};  // a REST book older than this misses messages that were dropped
  };
  struct TokenRef {
    MarketBook* market = nullptr;
    domain::Outcome outcome = domain::Outcome::Yes;
  };

  [[nodiscard]] TokenRef find_token(const domain::TokenId& token) const;
  [[nodiscard]] Message read(const TokenChanges& message, const MarketBook& market) const;
  void apply(MarketBook& market, Message message, domain::Timestamp now, BookUpdates& out);
  void keep(MarketBook& market, Message message);
  void replay_kept(MarketBook& market, domain::Timestamp from, domain::Timestamp now,
                   BookUpdates& out);
  void load(MarketBook& market, const TokenBook& book, domain::Outcome outcome);
  [[nodiscard]] std::optional<ResyncReason> judge_burst(MarketBook& market);
  void tell_held(MarketBook& market, BookUpdates& out);
  void fail(MarketBook& market, ResyncReason reason, domain::Timestamp now, BookUpdates& out);
  [[nodiscard]] static domain::BookSnapshot to_snapshot(const MarketBook& market);

  std::map<domain::MarketId, MarketBook> markets_;  // ordered: outputs do not depend on hashing
  std::unordered_map<domain::TokenId, TokenRef> tokens_;
  std::set<domain::MarketId> bursts_;  // markets that may have an open one
  std::size_t fresh_ = 0;              // books
};

}  // namespace polybot::gateway
