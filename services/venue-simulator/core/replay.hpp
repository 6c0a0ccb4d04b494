// A recording as order flow: the recorded books are the visible depth of the markets.
//
// Recorded depth enters the matching engine as house orders. An outside taker walks it, and what it
// took stays taken until the recording shows new quantity at that price. An outside maker queues
// behind the quantity displayed when it came; recorded trades at its price and decreases of the level
// move it forward, and a recorded trade that reaches it or goes through its price fills it. The
// recorded feed itself is published as it was: outside orders are not added to it.
//
// Recorded trades are executed as house orders against the same queue, so that the decrease which the
// recording reports for a trade must not count again: each level remembers what trades have already
// taken, for a second.
#pragma once

#include <cstdint>
#include <map>

#include "services/venue-simulator/core/matching_engine.hpp"

namespace polybot::venue_simulator {

class Replay {
 public:
  void begin(MatchingEngine& engine);
  void play(const PlayFrames& frames, domain::Timestamp now, MatchingEngine& engine,
            FaultBoard& faults, Outputs& out);
  // How many frames have been played.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  template <class Archive>
  void fields(Archive& archive) {
    archive(begun_, crowd_, markets_, position_);
  }

 private:
  struct LevelState {
    domain::Quantity shown;      // by the recording
    domain::Quantity traded;     // executed here, the recorded decrease still to come
    domain::Quantity vanished;   // recorded decreases whose trade may still come
    domain::Timestamp traded_at{};
    domain::Timestamp vanished_at{};
    template <class Archive>
    void fields(Archive& archive) {
      archive(shown, traded, vanished, traded_at, vanished_at);
    }
  };
  struct MarketDepth {
    std::map<domain::Price, LevelState> bids;
    std::map<domain::Price, LevelState> asks;
    template <class Archive>
    void fields(Archive& archive) {
      archive(bids, asks);
    }
  };
  struct Turn {
    domain::Timestamp now;
    MatchingEngine& engine;
    FaultBoard& faults;
    Outputs& out;
  };
  void load(const RecordedBook& book, Turn& turn);
  void apply(const RecordedChange& change, Turn& turn);
  void trade(const RecordedTrade& trade, Turn& turn);
  void show(MarketNo market, domain::BookSide side, domain::Price price, domain::Quantity quantity,
            Turn& turn);

  bool begun_ = false;
  AccountId crowd_;
  std::map<MarketNo, MarketDepth> markets_;
  std::uint64_t position_ = 0;
};

}  // namespace polybot::venue_simulator
