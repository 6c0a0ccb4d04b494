// The simulated crowd: seeded synthetic order flow over a world of events and markets.
//
// Every market has a latent fair value that moves by itself. Makers quote around what they believe,
// noise traders trade for no reason, informed takers know the fair value and take wrong prices.
//
// With an edge (the default) the makers learn late, fair values have episodes of drift (something
// for momentum), noise traders cross the spread (something for quotes), and now and then the makers
// of a neg-risk event misprice it as a whole for some seconds, in both directions, while
// competitors race for it (something for arbitrage). Without an edge fair values are martingales
// that resolve by their own probability, makers quote exactly around them without delay, and the
// only trade against outside quotes is an informed taker's: no strategy has a positive expectation
// before fees.
//
// The world: binary markets, neg-risk events of 3 to 6 outcomes, an augmented neg-risk event whose
// listed outcomes do not cover the future and a non-exclusive event (both look mispriced and are
// not), four staggered up/down series whose markets follow each other, and a market that resolves
// one half. Events that end are succeeded by new ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

class OrderFlow {
 public:
  explicit OrderFlow(const FlowSettings& settings);

  // Opens the house accounts and lists the first markets.
  void begin(MatchingEngine& engine, FaultBoard& faults, domain::Timestamp now, Outputs& out);

  // While paused or asleep the crowd does nothing, but markets still end and are succeeded.
  void set_running(bool running, MatchingEngine& engine, FaultBoard& faults, domain::Timestamp now,
                   Outputs& out);
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] const FlowSettings& settings() const { return settings_; }
  // Takes effect from now on. The seed stays.
  void reconfigure(const FlowSettings& settings, MatchingEngine& engine, FaultBoard& faults,
                   domain::Timestamp now, Outputs& out);

  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  void run_due(domain::Timestamp now, MatchingEngine& engine, FaultBoard& faults, Outputs& out);
  // Moves a fair value by `size` (the other way when there is no room), and back at `back_at`.
  void jump(MarketNo market, domain::Price size, domain::Timestamp back_at, domain::Timestamp now,
            MatchingEngine& engine, FaultBoard& faults, Outputs& out);
  [[nodiscard]] std::optional<domain::Price> fair_value(MarketNo market) const;
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  template <class Archive>
  void fields(Archive& archive) {
    archive(settings_, random_, running_, begun_, maker_, noise_, informed_, events_, markets_,
            series_, next_step_, next_episode_, next_drift_, jumps_, steps_, event_count_);
  }

  // Kept in the log by number (domain/enumeration.hpp).
  enum class Shape : std::uint8_t {
    Binary = 0,
    NegRisk = 1,
    Augmented = 2,
    NonExclusive = 3,
    UpDown = 4,
    Half = 5
  };

 private:
  // A template of events that follow each other for ever.
  struct Series {
    Shape shape = Shape::Binary;
    std::uint32_t theme = 0;  // which texts
    std::uint32_t outcomes = 1;
    std::int64_t fee_rate_ppm = 0;
    std::uint32_t generation = 0;  // how many have been listed
    domain::Timestamp next_listing{};
    domain::Timestamp next_end{};
  };
  // A neg-risk event mispriced as a whole.
  struct Episode {
    bool on = false;
    domain::Timestamp until{};
    domain::Timestamp racers_from{};
    int direction = 0;  // -1: asks too low, +1: bids too high
  };
  struct EventState {
    Shape shape = Shape::Binary;
    std::vector<MarketNo> markets;
    std::int64_t other_value = 0;  // fair value of what is not listed (augmented), 1e-4
    domain::Timestamp ends_at{};
    Episode episode;
  };
  static constexpr int kQuoteLevels = 4;
  struct Quote {
    std::uint64_t order = 0;
    domain::Price price;
  };
  struct MarketFlow {
    std::uint32_t event = 0;
    Shape shape = Shape::Binary;
    std::int64_t fee_rate_ppm = 0;
    std::int64_t fair = 5'000;    // 1e-4
    std::int64_t belief = 5'000;  // the makers'
    std::int64_t skew = 0;        // added to the belief during an episode
    std::int64_t deviation = 10;  // of one step of the fair value, 1e-4
    std::int64_t half_spread = 100;
    std::int64_t tick = 100;
    std::int64_t drift = 0;  // per step, during a drift
    domain::Timestamp drift_until{};
    std::array<Quote, kQuoteLevels> bids{};
    std::array<Quote, kQuoteLevels> asks{};
    std::vector<std::uint64_t> noise;  // resting, oldest first
    bool fixed = false;                // never moves
  };
  struct Jump {
    domain::Timestamp back_at{};
    MarketNo market;
    std::int64_t size = 0;
  };
  struct Turn {
    domain::Timestamp now;
    MatchingEngine& engine;
    FaultBoard& faults;
    Outputs& out;
  };

  // The world.
  void build_series(domain::Timestamp now);
  void list_next(Series& series, Turn& turn);
  void list_event(const Series& series, domain::Timestamp ends_at, Turn& turn);
  [[nodiscard]] Listing describe(const Series& series, std::uint32_t event, std::uint32_t index,
                                 domain::Timestamp ends_at) const;
  [[nodiscard]] std::vector<std::int64_t> fair_values(const Series& series);
  void end_events(Turn& turn);
  void decide(const EventState& event, Turn& turn);
  void return_jumps(Turn& turn);

  // The crowd.
  void step(Turn& turn);
  [[nodiscard]] MarketNo pick_market(domain::Timestamp now);
  void act(MarketNo number, Turn& turn);
  void act_without_edge(MarketNo number, Turn& turn);
  void move_fair_value(MarketNo number, MarketFlow& market, Turn& turn);
  [[nodiscard]] bool shift(MarketNo number, std::int64_t by);
  [[nodiscard]] MarketFlow* partner_of(MarketNo number);
  void settle_quotes(MarketNo number, Turn& turn);
  void refresh_quotes(MarketNo number, MarketFlow& market, Turn& turn);
  void jitter(MarketNo number, MarketFlow& market, Turn& turn);
  void refine_tick(MarketNo number, MarketFlow& market, Turn& turn);
  [[nodiscard]] domain::Price quote_price(const MarketFlow& market, domain::BookSide side,
                                          int level) const;
  void trade_noise(MarketNo number, const MarketFlow& market, Turn& turn);
  void rest_noise(MarketNo number, MarketFlow& market, Turn& turn);
  void trade_informed(MarketNo number, const MarketFlow& market, Turn& turn);
  void pick_off_outside(MarketNo number, const MarketFlow& market, Turn& turn);
  void manage_episodes(Turn& turn);
  void start_episode(EventState& event, Turn& turn);
  void end_episode(EventState& event, Turn& turn);
  void race(const EventState& event, Turn& turn);
  void start_drift(domain::Timestamp now);
  FlowSettings settings_;
  Random random_;
  bool running_ = true;
  bool begun_ = false;
  AccountId maker_;
  AccountId noise_;
  AccountId informed_;
  std::map<std::uint32_t, EventState> events_;
  std::map<MarketNo, MarketFlow> markets_;  // open ones
  std::vector<Series> series_;
  domain::Timestamp next_step_{};
  domain::Timestamp next_episode_{};
  domain::Timestamp next_drift_{};
  std::vector<Jump> jumps_;
  std::uint64_t steps_ = 0;
  std::uint32_t event_count_ = 0;
};

}  // namespace polybot::venue_simulator
