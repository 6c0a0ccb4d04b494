// A live venue as order flow: each market has the rules, the depth and the result of a real one.
//
// The real depth enters the engine as in a replay (replay.hpp): an outside taker walks it, and what
// it took stays taken until the feed shows more at that price; an outside maker queues behind what
// was displayed when it came. What the real market trades moves the maker forward and reaches it;
// where no maker of ours is meant, the feed's book alone tells the depth. A trade that this book
// does not show within a second is undone for the depth, not for the maker that it filled.
//
// A market is halted from the moment in which nobody vouches for its book until its next whole
// book: it takes no orders and matches none, also not those that are held; cancels go through.
// What happened meanwhile is not known, so afterwards our orders stand behind everything that is
// shown, and depth that came through their price fills them.
//
// Pure; part of the exchange's state.
#pragma once

#include <map>
#include <vector>

#include "services/venue-simulator/core/crowd/replay.hpp"

namespace polybot::venue_simulator {

class Mirror {
 public:
  void begin(MatchingEngine& engine) { books_.begin(engine); }

  // Its own rules from now on; a market that is new, or takes orders again, waits for its book.
  void follow(domain::Market market, domain::Timestamp now, MatchingEngine& engine,
              FaultBoard& faults, Outputs& out);
  void play(const PlayMirror& moment, domain::Timestamp now, MatchingEngine& engine,
            FaultBoard& faults, Outputs& out);
  void halt(const std::vector<domain::MarketId>& markets, domain::Timestamp now,
            MatchingEngine& engine, FaultBoard& faults, Outputs& out);
  void halt_all(domain::Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out);
  // At rest all markets are halted, and no book opens one.
  void set_running(bool running, domain::Timestamp now, MatchingEngine& engine, FaultBoard& faults,
                   Outputs& out);
  // An outside taker took this of the depth.
  void took(const TradePrinted& trade, const MatchingEngine& engine);

  [[nodiscard]] bool halted(MarketNo market) const { return halted_.contains(market); }

  template <class Archive>
  void fields(Archive& archive) {
    archive(books_, halted_, taken_, settle_at_, running_);
  }

 private:
  using Place = Replay::Place;
  struct Turn {
    domain::Timestamp now;
    MatchingEngine& engine;
    FaultBoard& faults;
    Outputs& out;
  };
  [[nodiscard]] static bool reaches_outside(const RecordedTrade& trade,
                                            const MatchingEngine& engine);
  void halt(MarketNo market, const Turn& turn);
  void resume(MarketNo market, const Turn& turn);
  void set_status(MarketNo market, domain::MarketStatus status, const Turn& turn);
  // Shows what the feed shows, less what was taken.
  void settle(MarketNo market, const Turn& turn);
  void settle(const Place& place, const Turn& turn);
  void settle_due(const Turn& turn);

  Replay books_;
  std::map<MarketNo, domain::MarketStatus> halted_;  // with what the venue says of them
  std::map<Place, domain::Quantity> taken_;          // of what is shown
  std::map<MarketNo, domain::Timestamp> settle_at_;  // after trades
  bool running_ = true;
};

}  // namespace polybot::venue_simulator
