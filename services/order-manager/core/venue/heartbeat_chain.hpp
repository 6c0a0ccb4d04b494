// Our side of the venue's dead man's switch, and the lock on the account that its ids make: which
// id the next heartbeat carries and when it is due, whether the venue still believes us alive, and
// whether the account is ours. Pure; the shell sends.
//
//   chain.id() -> request -> chain.on_answer(answer, sent_at, now) -> wait so long -> chain.id() ->
//   …
//
// The venue knows one chain of ids for an API key, and tells the expected id to who sends
// another. Two order-managers on one account (two hosts, a backup that was restored elsewhere)
// would trade against the same limits twice, so the chain is taken by one of them only:
//
// - A chain whose last id this journal has written down is ours, and goes on at once.
// - Any other expected id must stand still for kStandStill. A living owner sends more often.
// - An id that is not ours while we hold the chain ends the hold at once: nothing is sent, and the
//   account is claimed again as at a start. An answer that got lost moves the id as well; within
//   kStandStill of the last accepted heartbeat nobody else can have claimed it.
// - The second foreign id proves that another process lives: fenced, for good.
// - Heartbeats that only fail tell of nobody else: no order leaves then, and cancels do.
#pragma once

#include <optional>
#include <string>

#include "common/domain/venue.hpp"

namespace polybot::order_manager {

// Longer than any owner may be silent: the venue would cancel its orders.
inline constexpr domain::Duration kStandStill =
    domain::kHeartbeatPatience + std::chrono::seconds(2);

struct HeartbeatAnswer {
  enum class Result : std::uint8_t {
    Accepted,
    WrongId,  // nothing was taken
    Failed,   // no readable answer: it may have been taken
  };
  Result result = Result::Failed;
  std::string id;  // to be sent next; not when Failed
};

// What the answers tell of the account.
enum class Standing : std::uint8_t {
  Held,       // ours, and the venue would cancel everything if this process died
  Unclaimed,  // no answer has made it ours yet, and nobody else was seen to live
  Silent,     // the venue takes no heartbeats: whose it is cannot be told, and nobody else was seen
  Contested,  // a heartbeat of somebody else was seen, which may have been the last
  Fenced,     // another process holds it: this one must end
};

class HeartbeatChain {
 public:
  // Sends one each `interval`, which must leave time for a retry within the venue's patience.
  // `remembered`: the last id that an order-manager of this journal was given; empty when none was.
  explicit HeartbeatChain(domain::Duration interval, std::string remembered = {})
      : interval_(interval), id_(std::move(remembered)) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  // How long to wait before the next one. Times are of one clock that never goes back and counts
  // time in which the machine was suspended: `sent_at` before the first byte left, so that we never
  // believe longer than the venue does, `now` after the last came.
  [[nodiscard]] domain::Duration on_answer(const HeartbeatAnswer& answer, domain::Duration sent_at,
                                           domain::Duration now);
  // The account is ours as far as the answers tell. Without it no order is sent, and heartbeats are
  // refused as long as another owner lives.
  [[nodiscard]] bool ours() const { return claim_ == Claim::Ours; }
  // Another process holds the account: this one must end.
  [[nodiscard]] bool fenced() const { return claim_ == Claim::Fenced; }
  // How often another process was certainly seen to use the account.
  [[nodiscard]] std::uint64_t contests() const { return contests_; }
  [[nodiscard]] Standing standing(domain::Duration now) const;
  // What rests may be canceled: the venue expects no id that somebody else may have been given.
  [[nodiscard]] bool may_cancel() const { return !fenced() && !watched_; }
  // The id that somebody else was given, as far as known; else empty.
  [[nodiscard]] std::string foreign_id() const { return watched_ ? watched_->id : std::string(); }

 private:
  enum class Claim : std::uint8_t { Open, Ours, Fenced };
  // The id that the venue expects while the account is not ours.
  struct Watched {
    std::string id;
    domain::Duration seen_at{};  // first
  };

  [[nodiscard]] domain::Duration on_wrong_id(const std::string& expected, domain::Duration sent_at,
                                             domain::Duration now);
  void give_up();
  void note_move();
  // The venue has taken a heartbeat so recently that it does not cancel.
  [[nodiscard]] bool held(domain::Duration now) const {
    return accepted_at_ && now - *accepted_at_ < domain::kHeartbeatPatience;
  }

  domain::Duration interval_;
  std::string id_;
  Claim claim_ = Claim::Open;
  bool in_doubt_ = false;  // one of ours may have been taken without an answer: explains one move
  std::optional<domain::Duration> accepted_at_;
  std::optional<Watched> watched_;
  int moves_ = 0;  // of the expected id that no heartbeat of ours explains, since it was last ours
  std::uint64_t contests_ = 0;
};

}  // namespace polybot::order_manager
