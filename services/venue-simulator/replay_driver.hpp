// Plays a recording to the exchange and to the market feed at its own pace, times a speed.
//
// Where the recording has notes, markets, their events, outcomes, fees, ends and results are those
// of its notes, at their moments. A market that no note describes is guessed: its first token is
// YES, it is an event of its own, and it never ends.
//
// Frames of one recorded millisecond are one burst and stay together: they are due at the same
// moment and get the same stamp. A restart goes on where the last run stopped; the time in between
// does not count. After the end the markets stay as they are.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/domain/order_book.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/recording/reader.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

// Appends the frame's events that the exchange needs.
void append_recorded_events(const polymarket::MarketFrame& frame,
                            std::vector<RecordedEvent>& events);

class ReplayDriver {
 public:
  using Publish = std::function<void(const polymarket::MarketFrame&, domain::Timestamp now)>;
  // Throws runtime::CannotStart when the recording cannot be read or shows no book to trade on.
  ReplayDriver(const std::string& path, std::int64_t speed_percent);

  [[nodiscard]] const std::string& fingerprint() const { return recording_.fingerprint(); }
  // Fills in the events of logged frames, in order; for the fold at start.
  void resolve(PlayFrames& frames);
  // Lists the recorded markets and sets the pace. Call it once, after the fold.
  void begin(ExchangeHost& host);
  // Plays what is due.
  void play(ExchangeHost& host, const Publish& publish);

  [[nodiscard]] bool finished() { return recording_.at_end(); }
  // Frames that could not be read, and notes that contradict what is listed.
  [[nodiscard]] std::uint64_t unreadable_frames() const { return unreadable_; }
  // "frames.jsonl:17", the first of them; empty when there are none.
  [[nodiscard]] const std::string& first_unreadable() const { return first_unreadable_; }
  // What the file says of its lines and of its end.
  [[nodiscard]] const recording::Recording& recording() const { return recording_; }
  // The recorded book of a token: what its feed has said so far.
  [[nodiscard]] std::optional<polymarket::BookSummary> book_of(const domain::TokenId& token,
                                                               const MatchingEngine& engine,
                                                               domain::Timestamp now) const;

 private:
  struct TokenState {
    domain::OrderBook book;  // in the token's own terms
    bool whole = false;      // it had a snapshot
    std::optional<domain::Price> last_trade;
  };
  // Parses the present frame, follows its books and moves on.
  void take_frame(polymarket::MarketFrame& frame);
  void follow(const polymarket::MarketFrame& frame);
  void follow(const recording::Note& note);
  // Takes the present note to the exchange and moves on.
  void take_note(ExchangeHost& host);
  void tell(const domain::MarketId& market, ExchangeHost& host);
  // The market of a note in the time of this replay.
  [[nodiscard]] domain::Market in_our_time(domain::Market market) const;
  void list_markets(const polymarket::MarketFrame& frame, ExchangeHost& host);
  [[nodiscard]] domain::Timestamp due_of(std::int64_t recorded_ms) const;

  recording::Recording recording_;
  std::int64_t speed_percent_;
  domain::Timestamp anchor_{};  // when the first frame was, or would have been, due
  std::unordered_map<domain::TokenId, TokenState> tokens_;
  std::map<domain::MarketId, domain::TokenId>
      first_tokens_;                                      // of markets seen with one token so far
  std::map<domain::MarketId, domain::Market> described_;  // by notes so far
  std::size_t listed_ = 0;
  std::uint64_t unreadable_ = 0;
  std::string first_unreadable_;
};

}  // namespace polybot::venue_simulator
