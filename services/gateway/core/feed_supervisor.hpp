// Keeps the market data alive: which token is carried by which connection, when a connection is
// dead, when a book is fetched by REST.
//
// "No update" is not "stale": quiet markets exist. A connection is judged by its own signs of life
// (a closed socket, a PING without answer) and by comparison: some books of a silent connection,
// and books that have been quiet for long on a busy one, are read by REST; if the venue has moved
// on without us, the connection is dead however politely it answers PING. If none of the sample has
// moved, the silent connection is believed for all its books: what the venue would have sent of
// others would have come the same way. The sample changes, and those that moved last are in it
// always, because a dead connection shows there first. The cure is always a new
// socket, never a second subscription on the old one. One failed integrity check costs that market
// a REST snapshot; several in a row cost the socket, when a lost message can explain them and the
// same book has not cost a socket lately. What the venue itself says wrongly of one book, again and
// again, costs that book alone: it is read by REST at a slow pace.
//
// Pure: the shell reports what happened and carries out the actions in order. `now` is monotonic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"
#include "services/gateway/core/book_builder.hpp"

namespace polybot::gateway {

struct SupervisorSettings {
  std::size_t tokens_per_link_max = 200;   // beyond some 250 the venue's sockets freeze
  std::size_t tokens_per_fetch_max = 100;  // of the 500 the venue allows: answers stay below 1 MB
  domain::Duration ping_interval = std::chrono::seconds(10);
  domain::Duration pong_timeout = std::chrono::seconds(10);  // for a PING; the link is dead then
  domain::Duration snapshot_timeout =
      std::chrono::seconds(5);                         // from subscribing to the opening book
  domain::Duration silence = std::chrono::seconds(1);  // of a link, then it is compared
  // Books that are compared for silent links within that time, all of these together.
  std::size_t compare_silent_max = 100;
  domain::Duration quiet = std::chrono::seconds(10);  // of one book, then it is compared
  domain::Duration compare_interval =
      std::chrono::seconds(2);                         // between comparisons of quiet books
  std::size_t compare_quiet_max = 25;                  // quiet books per comparison
  domain::Duration refetch = std::chrono::seconds(2);  // a book asked for and not got
  domain::Duration refetch_max = std::chrono::seconds(30);
  domain::Duration failure_window = std::chrono::seconds(30);
  int failures_max = 3;  // of one book within the window
  // A new socket does not help a book that goes on failing, so it causes no further one for this
  // long.
  domain::Duration blamed = std::chrono::minutes(10);
  domain::Duration reconnect_min = std::chrono::milliseconds(250);
  domain::Duration reconnect_max = std::chrono::seconds(10);
  domain::Duration healthy_after = std::chrono::seconds(30);
  std::uint64_t jitter_seed = 1;
};

struct LinkId {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const LinkId&) const = default;
};

// Why a link ended; a word in the log (domain/enumeration.hpp).
enum class LinkEnd : std::uint8_t {
  Closed = 0,
  PongTimeout = 1,
  FeedSilent = 2,
  BooksFail = 3,
  NoOpeningBooks = 4,
  Idle = 5
};

// Compare: a book that is quiet. Sample: of a silent link, to judge the whole link by.
enum class FetchPurpose : std::uint8_t { Resync, Compare, Sample };

// ---- what the shell must do --------------------------------------------------------------------
struct OpenLink {
  LinkId link;
  bool operator==(const OpenLink&) const = default;
};
// Cut the socket; the link's books have been declared stale before.
struct CutLink {
  LinkId link;
  LinkEnd why = LinkEnd::Closed;
  bool operator==(const CutLink&) const = default;
};
struct SubscribeTokens {
  LinkId link;
  std::vector<domain::TokenId> tokens;
  bool first = false;  // the connection's initial subscription, which has another shape
  bool operator==(const SubscribeTokens&) const = default;
};
struct UnsubscribeTokens {
  LinkId link;
  std::vector<domain::TokenId> tokens;
  bool operator==(const UnsubscribeTokens&) const = default;
};
struct SendPing {
  LinkId link;
  bool operator==(const SendPing&) const = default;
};
struct FetchBooks {
  std::vector<domain::TokenId> tokens;
  FetchPurpose purpose = FetchPurpose::Resync;
  bool operator==(const FetchBooks&) const = default;
};
struct StaleBooks {
  std::vector<domain::TokenId> tokens;
  ResyncReason reason = ResyncReason::Disconnected;
  bool operator==(const StaleBooks&) const = default;
};
using FeedAction = std::variant<OpenLink, CutLink, SubscribeTokens, UnsubscribeTokens, SendPing,
                                FetchBooks, StaleBooks>;
using FeedActions = std::vector<FeedAction>;

class FeedSupervisor {
 public:
  explicit FeedSupervisor(SupervisorSettings settings) : settings_(settings) {}

  // --- what is wanted ---
  void add(const domain::TokenId& token, domain::Duration now, FeedActions& out);
  void remove(const domain::TokenId& token, FeedActions& out);

  // --- what happened on a link ---
  void on_open(LinkId link, domain::Duration now, FeedActions& out);
  void on_data(LinkId link, domain::Duration now);
  void on_pong(LinkId link, domain::Duration now);
  // The peer ended it, it failed, or it could not be opened.
  void on_closed(LinkId link, domain::Duration now, FeedActions& out);

  // --- what happened to a book ---
  void on_book_data(const domain::TokenId& token, domain::Duration now);  // any message about it
  void on_book_fresh(const domain::TokenId& token, SnapshotSource source, domain::Duration now);
  // An integrity check failed, or its price grid changed.
  void on_book_failed(const domain::TokenId& token, ResyncReason reason, domain::Duration now,
                      FeedActions& out);
  void on_compared(const domain::TokenId& token, Agreement agreement, domain::Duration now,
                   FeedActions& out);

  // Everything that is due by now; call every 50-250 ms.
  void on_timer(domain::Duration now, FeedActions& out);

  [[nodiscard]] std::optional<LinkId> link_of(const domain::TokenId& token) const;
  [[nodiscard]] std::vector<domain::TokenId> tokens_of(LinkId link) const;
  [[nodiscard]] std::size_t links() const { return links_.size(); }
  [[nodiscard]] std::size_t links_open() const;

 private:
  enum class LinkState : std::uint8_t { Waiting, Connecting, Open };
  struct Link {
    LinkState state = LinkState::Waiting;
    std::set<domain::TokenId> tokens;
    domain::Duration open_at{};  // Waiting: when to connect
    domain::Duration opened_at{};
    domain::Duration data_at{};
    domain::Duration ping_at{};
    domain::Duration pong_due{};  // zero: no PING is unanswered
    domain::Duration compared_at{};
    bool subscribed = false;         // the initial subscription is out
    bool had_books = false;          // an opening book came on this socket
    bool retried_for_books = false;  // one new socket for missing opening books is enough
    bool was_silent = false;  // the last socket was dead: REST seeds no book before this one speaks
    std::uint32_t attempts = 0;  // in a row, not healthy
  };
  struct Token {
    LinkId link;
    bool fresh = false;
    domain::Duration data_at{};
    domain::Duration compared_at{};
    domain::Duration fetch_at{};     // when to ask by REST; zero: not asked for
    domain::Duration fetch_pause{};  // until the next time
    domain::Duration fetched_at{};   // last
    domain::Duration failures_since{};
    int failures = 0;
    domain::Duration cost_link_until{};  // it has ended a socket, and ends none before
  };

  [[nodiscard]] LinkId link_with_room(domain::Duration now);
  void subscribe(Link& link, LinkId id, domain::Duration now, FeedActions& out);
  void await_book(const domain::TokenId& token, domain::Duration from);
  void end(LinkId id, LinkEnd why, ResyncReason reason, domain::Duration now, FeedActions& out);
  [[nodiscard]] domain::Duration pause_before(LinkId id, std::uint32_t attempt) const;
  void check_link(LinkId id, Link& link, domain::Duration now, FeedActions& out);
  [[nodiscard]] bool lacks_opening_books(const Link& link, domain::Duration now) const;
  void compare_silent(domain::Duration now, FeedActions& out);
  [[nodiscard]] std::vector<domain::TokenId> sample(const Link& link, std::size_t count) const;
  void compare_quiet(domain::Duration now, FeedActions& out);
  void fetch_due(domain::Duration now, FeedActions& out);
  void fetch(std::vector<domain::TokenId> tokens, FetchPurpose purpose, FeedActions& out) const;

  SupervisorSettings settings_;
  std::map<LinkId, Link> links_;
  std::map<domain::TokenId, Token> tokens_;
  std::set<domain::TokenId> awaited_;  // that may be to fetch
  std::uint32_t next_link_ = 1;
  domain::Duration compared_quiet_at_{};
};

}  // namespace polybot::gateway
