// A recording as order flow: the recorded books are the visible depth of the markets.
//
// Recorded depth enters the matching engine as house orders. An outside taker walks it, and what it
// took stays taken until the recording shows new quantity at that price. An outside maker queues
// behind the quantity displayed when it came; recorded trades at its price and decreases of the
// level move it forward, and a recorded trade that reaches it or goes through its price fills it.
// The recorded feed itself is published as it was: outside orders are not added to it.
//
// Recorded trades are executed as house orders against the same queue, so that the decrease which
// the recording reports for a trade must not count again: each level remembers what trades have
// already taken, for a second.
#pragma once

#include <cstdint>
#include <map>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

class Replay {
 public:
  struct Place {
    MarketNo market;
    domain::BookSide side = domain::BookSide::Bid;
    domain::Price price;
    auto operator<=>(const Place&) const = default;
  };
  // New depth that met outside orders as it came, and so never stood in the book.
  struct Met {
    Place place;
    domain::Quantity quantity;
  };

  void begin(MatchingEngine& engine);
  void play(const PlayFrames& frames, domain::Timestamp now, MatchingEngine& engine,
            FaultBoard& faults, Outputs& out);
  // The same for the events of one moment that are of no recording.
  std::vector<Met> step(const std::vector<RecordedEvent>& events, domain::Timestamp now,
                        MatchingEngine& engine, FaultBoard& faults, Outputs& out);
  // What was last said of a level.
  [[nodiscard]] domain::Quantity shown(const Place& place) const;
  // The places of a market of which anything was said.
  [[nodiscard]] std::vector<Place> places(MarketNo market) const;
  // No trade here waits for the decrease that it caused; one that waited for long was never shown.
  [[nodiscard]] bool settled(const Place& place, domain::Timestamp now) const;
  [[nodiscard]] AccountId crowd() const { return crowd_; }
  // The book of this market is gone; what it showed counts no more.
  void forget(MarketNo market);
  // How many frames have been played.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  template <class Archive>
  void fields(Archive& archive) {
    archive(begun_, crowd_, levels_, position_);
  }

 private:
  struct LevelState {
    domain::Quantity shown;     // by the recording
    domain::Quantity traded;    // executed here, the recorded decrease still to come
    domain::Quantity vanished;  // recorded decreases whose trade may still come
    domain::Quantity behind;    // of these, what stood behind an outside order
    domain::Timestamp traded_at{};
    domain::Timestamp vanished_at{};
  };
  struct Turn {
    domain::Timestamp now;
    MatchingEngine& engine;
    FaultBoard& faults;
    Outputs& out;
    std::vector<Met> met;
  };
  void collect(const RecordedBook& book, const MatchingEngine& engine,
               std::map<Place, domain::Quantity>& totals);
  void collect(const RecordedChange& change, const MatchingEngine& engine,
               std::map<Place, domain::Quantity>& totals);
  [[nodiscard]] LevelState& level(const Place& place);
  void decrease(const Place& place, domain::Quantity total, Turn& turn);
  void increase(const Place& place, domain::Quantity total, Turn& turn);
  void clear_crossed(const Place& place, Turn& turn);
  void execute(const RecordedTrade& trade, Turn& turn);

  bool begun_ = false;
  AccountId crowd_;
  std::map<Place, LevelState> levels_;
  std::uint64_t position_ = 0;
};

}  // namespace polybot::venue_simulator
