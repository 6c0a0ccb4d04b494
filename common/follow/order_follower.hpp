// Follows one lossless stream order.<strategy>. Each message names the journal number of the one
// before it, so a hole is certain, not a guess. A hole is filled by a replay, which is read like
// the stream itself. When the replay is no longer kept, contradicts what was seen, or cannot be
// read, the state of the stream is read page by page instead. Every event is delivered once and in
// order.
//
// Pure: bytes go in, and events come out through the sink. The shell fetches questions for the
// recovery port with question(). No input can end it or make it grow.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/events.hpp"
#include "common/follow/inquiry.hpp"
#include "common/wire/decode_error.hpp"
#include "common/wire/recovery_codec.hpp"

namespace polybot::follow {

// The state of a stream after `seq`, as events to be folded in this order. The reader forgets what
// it knew of the stream before.
struct StreamState {
  domain::StrategyName stream;  // empty: order.all
  std::uint64_t seq = 0;
  std::vector<domain::StreamedEvent> entries;
};

struct OrderSink {
  // Called with each message of the stream, repetitions included, before it is judged.
  std::function<void(const domain::StreamedEvent&)> hear;
  // Called with each event once, in order, without holes.
  std::function<void(const domain::StreamedEvent&)> deliver;
  std::function<void(const StreamState&)> restore;
  // Something is missing. Called again whenever that shows again. Ends with mend or restore.
  std::function<void(const domain::StrategyName&)> broken;
  std::function<void(const domain::StrategyName&)> mend;
  std::function<void(wire::DecodeError)> refuse;  // a message or an answer that cannot be read
  std::function<void()> ask;                      // there is a question() to fetch
};

// Where a reader without any knowledge begins.
enum class Beginning : std::uint8_t {
  Events,  // with as many past events as are kept
  State,   // with the state
};

// The reader's own bound, whatever the answers promise: a state holds open orders and a few
// thousand ended ones.
inline constexpr std::uint32_t kStatePagesMax = 256;

class OrderFollower {
 public:
  // The sink outlives it.
  OrderFollower(domain::StrategyName stream, Beginning beginning, std::uint32_t pages_max,
                const OrderSink& sink);

  void on_message(std::string_view bytes);
  // The bus lost messages of the stream, and no message follows that would show the hole.
  void on_lost_tail();
  // A state topic names the number of the stream's last event, again and again.
  void on_announced(std::uint64_t last_seq);

  // The question to ask now, with a number that no other question has. Empty when there is nothing
  // to ask, or not yet.
  [[nodiscard]] std::optional<std::string> question(std::uint64_t number, domain::Duration now);
  // `std::nullopt`: no answer came.
  void on_answer(std::uint64_t number, std::optional<std::string_view> bytes, domain::Duration now);

  // As far as is known, nothing is missing.
  [[nodiscard]] bool whole() const { return need_ == Need::Nothing; }
  // The number of the last event delivered, or of the state.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }

 private:
  enum class Need : std::uint8_t { Nothing, Replay, State };
  enum class Place : std::uint8_t { Next, Known, BeyondAHole, OfAnotherHistory };
  struct Reading {  // of a state, page by page
    std::uint32_t pages_read = 0;
    std::uint32_t pages = 0;
    bool overtaken = false;  // something was missed while a page was under way
    StreamState state;
  };
  [[nodiscard]] Place place_of(const domain::StreamedEvent& event) const;
  void observe(const domain::StreamedEvent& event);
  void take(const wire::ReplayedEvents& replayed, Inquiry::Answer given);
  void take(const wire::StatePage& page, Inquiry::Answer given);
  void take(const wire::NotKept& nothing, Inquiry::Answer given);
  [[nodiscard]] bool continues(const wire::StatePage& page) const;
  [[nodiscard]] bool read(const std::vector<std::string>& encoded,
                          std::vector<domain::StreamedEvent>& out) const;
  void lack(Need need);
  void start_over();
  void restore();

  domain::StrategyName stream_;
  std::uint32_t pages_max_;
  const OrderSink& sink_;
  Inquiry inquiry_;
  Need need_;
  std::uint64_t last_seq_ = 0;
  bool at_state_ = false;            // last_seq_ is of a state: it may lie between two messages
  std::uint64_t newest_seq_ = 0;     // the highest number heard of
  std::uint64_t promised_seq_ = 0;   // newest_seq_ when the replay was asked for
  std::uint64_t announced_seq_ = 0;  // what the last state topic said
  Reading reading_;
};

}  // namespace polybot::follow
