// A simulated world of many markets, to see what a stack costs with them. Half of the markets
// belong to neg-risk events of 2 to 100 outcomes, the others stand alone. Each has a rank by its
// volume, which falls with the rank as it does at the venue, and so does how often its book
// changes. Nobody knows anything here: prices stay about where they began, and no strategy can
// expect to earn.
//
// What it costs follows from how often something changes, not from how many markets there are. An
// event that ends is succeeded by another one in its place.
//
// Pure; part of the exchange's state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

class BroadFlow {
 public:
  // Listing so many takes seconds, not minutes.
  static constexpr std::int64_t kMarketsMax = 50'000;

  // Lists the markets and fills their books. `settings` are those of the whole crowd; of them it
  // uses the seed, the rate and the lifes.
  void begin(const FlowSettings& settings, std::uint32_t markets, MatchingEngine& engine,
             FaultBoard& faults, domain::Timestamp now, Outputs& out);
  void set_running(bool running, domain::Timestamp now);
  // Takes effect from now on. The seed and the number of markets stay.
  void reconfigure(const FlowSettings& settings, domain::Timestamp now);

  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  void run_due(domain::Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out);

  // What a market may be chosen by. Rank 0 has the most volume; no two markets have the same.
  struct Facts {
    std::uint32_t rank = 0;
    domain::Money volume_24h;
    domain::Money liquidity;
    std::string category;
    std::vector<std::string> tags;
  };
  // Empty for a market that is not of this world, or has ended.
  [[nodiscard]] std::optional<Facts> facts(MarketNo market) const;
  // From that rank on, until `use` returns false.
  void read_by_rank(std::uint32_t rank, const std::function<bool(MarketNo)>& use) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(settings_, random_, running_, maker_, taker_, events_, places_, next_step_, listed_);
  }
  // After its fields were loaded. False: they are damaged.
  [[nodiscard]] bool restore();

 private:
  // Where markets follow each other. Its number, in the order of the first listing, decides its
  // rank.
  struct Place {
    MarketNo market;
    std::uint32_t event = 0;
    std::int64_t fair = 0;  // 1e-4
    std::int64_t tick = 100;
    // Orders from the best price away; 0: none now.
    std::vector<std::uint64_t> bids;
    std::vector<std::uint64_t> asks;
  };
  struct Event {
    std::uint32_t first = 0;  // of its places
    std::uint32_t outcomes = 1;
    std::uint32_t generation = 0;
    domain::Timestamp ends_at{};
  };
  struct Turn {
    domain::Timestamp now;
    MatchingEngine& engine;
    FaultBoard& faults;
    Outputs& out;
  };
  void plan(std::uint32_t markets, domain::Timestamp now);
  void list(std::uint32_t number, Turn& turn);
  [[nodiscard]] Listing describe(std::uint32_t number, std::uint32_t index) const;
  void end_events(Turn& turn);
  void decide(const Event& event, Turn& turn);
  void step(Turn& turn);
  void quote(Place& place, domain::BookSide side, std::size_t level, Turn& turn);
  void change_level(Place& place, Turn& turn);
  void trade(const Place& place, Turn& turn);
  [[nodiscard]] std::uint32_t rank_of(std::uint32_t place) const;
  [[nodiscard]] std::size_t depth_of(std::uint32_t place) const;
  void find_again();

  FlowSettings settings_;
  Random random_;
  bool running_ = true;
  AccountId maker_;
  AccountId taker_;
  std::vector<Event> events_;
  std::vector<Place> places_;
  domain::Timestamp next_step_{};
  std::uint64_t listed_ = 0;  // events so far
  // Derived from the above.
  std::vector<std::uint32_t> by_rank_;                                // places
  std::set<std::pair<domain::Timestamp, std::uint32_t>> ends_;        // events
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_market_;  // by MarketNo::value
};

}  // namespace polybot::venue_simulator
