// A runner with hand-made markets and books in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/strategy-runner/core/runner.hpp"

namespace polybot::strategy_runner {

using namespace std::chrono_literals;

inline domain::Price cents(std::int64_t count) {
  return domain::Price::from_raw(count * 100);
}
inline domain::Quantity shares(std::int64_t count) {
  return domain::Quantity::from_units(count);
}
inline domain::Money usd(std::int64_t count) {
  return domain::Money::from_units(count);
}
inline domain::Level level(std::int64_t price_cents, std::int64_t quantity) {
  return {cents(price_cents), shares(quantity)};
}

inline domain::MarketId market_id(int n) {
  domain::MarketId id;
  id.bytes[31] = static_cast<std::uint8_t>(n);
  id.bytes[0] = 0xAA;
  return id;
}
inline domain::EventGroupId event_id(int n) {
  domain::EventGroupId id;
  id.bytes[31] = static_cast<std::uint8_t>(n);
  return id;
}

// An active neg-risk market without fees.
inline domain::Market make_market(int n, int event, int event_markets) {
  domain::Market market;
  market.id = market_id(n);
  market.event = event_id(event);
  market.slug = "market-" + std::to_string(n);
  market.neg_risk = true;
  market.event_market_count = static_cast<std::uint16_t>(event_markets);
  return market;
}

inline const StrategyFactory& factory_of(
    const std::variant<StrategyFactory, ParameterErrors>& configured) {
  if (const auto* errors = std::get_if<ParameterErrors>(&configured))
    ADD_FAILURE() << errors->front();
  return std::get<StrategyFactory>(configured);
}

class World {
 public:
  static constexpr std::uint64_t kIncarnation = 77;
  static inline const domain::StrategyName kName{"tested"};

  explicit World(const std::string& type, const ParameterTexts& parameters = {},
                 DeskSettings desk = {})
      : runner_(settings(type, parameters, std::move(desk))) {
    on(OrdersRestored{kName, 0, {}});
  }

  // Enables the strategy, leases all shards to this runner and lets it warm up.
  void start() {
    enable();
    lease_all();
    enable();  // the state topic speaks all the time; a grant counts from the next word on
    advance(30s);
  }
  void enable(bool enabled = true, domain::TradingState state = domain::TradingState::Active) {
    on(StrategyHeard{{.strategy = kName,
                      .enabled = enabled,
                      .trading_state = state,
                      .parameters = {},
                      .last_seq = seq_,
                      .figures = {}}});
  }
  void lease_all(domain::Duration lasting = 1h, std::uint64_t granted_seq = 0,
                 std::uint32_t epoch = 1) {
    std::vector<domain::Lease> leases;
    for (int i = 0; i < domain::kShards; ++i) {
      leases.push_back({.strategy = kName,
                        .shard = {static_cast<std::uint8_t>(i)},
                        .replica = {"runner-1"},
                        .incarnation = kIncarnation,
                        .epoch = {1, epoch},
                        .expires_at = now_ + lasting,
                        .granted_seq = granted_seq});
    }
    on(LeasesHeard{leases});
  }
  void advance(domain::Duration span) {
    now_ += span;
    on(TimerFired{});
  }

  void define(const domain::Market& market) {
    shard_ = domain::shard_of(market.event);
    on(MarketHeard{market});
  }
  void book(int market, std::vector<domain::Level> bids, std::vector<domain::Level> asks) {
    on(BookLoaded{origin(),
                  {.market = market_id(market),
                   .bids = std::move(bids),
                   .asks = std::move(asks),
                   .stamped_at = now_}});
  }
  void trade(int market, domain::Side aggressor, std::int64_t price_cents, std::int64_t quantity,
             domain::Duration waited = {}) {
    on(TradeSeen{origin(),
                 {.market = market_id(market),
                  .aggressor = aggressor,
                  .price = cents(price_cents),
                  .quantity = shares(quantity),
                  .stamped_at = now_ - waited}});
  }

  // The next event of the strategy's order stream.
  void event(domain::EventBody body, std::optional<domain::PositionState> position = std::nullopt,
             std::optional<domain::OrderStatus> status = std::nullopt, domain::Duration age = {}) {
    domain::StreamedEvent streamed;
    streamed.event = {
        .seq = ++seq_, .at = now_ - age, .strategy = kName, .trace = {}, .body = std::move(body)};
    streamed.prev = seq_ - 1;
    streamed.position = position;
    streamed.status = status;
    on(OrderEventSeen{streamed});
  }
  void hold(int market, domain::Quantity yes, domain::Quantity no = {}, domain::Money cost = {}) {
    event(domain::MarketRecorded{},
          domain::PositionState{.market = market_id(market),
                                .yes = yes,
                                .no = no,
                                .yes_cost = yes.is_zero() ? domain::Money{} : cost,
                                .no_cost = no.is_zero() ? domain::Money{} : cost,
                                .realized = {}});
  }

  void on(const Input& input) {
    runner_.on(input, now_, out_);
    while (runner_.scan_next(now_, out_)) ++scans_;
  }
  // The signals emitted since the last call.
  std::vector<domain::Signal> signals() { return std::exchange(out_.signals, {}); }

  Runner& runner() { return runner_; }
  domain::Timestamp now() const { return now_; }
  std::uint64_t seq() const { return seq_; }
  int scans() const { return scans_; }
  FrameOrigin origin() const { return {.shard = shard_, .sent_at = now_, .trace = {5}}; }
  domain::Shard shard() const { return shard_; }

 private:
  static RunnerSettings settings(const std::string& type, const ParameterTexts& parameters,
                                 DeskSettings desk) {
    desk.strategy = kName;
    RunnerSettings settings{
        .replica = {"runner-1"}, .incarnation = kIncarnation, .book_age_max = 3s, .strategies = {}};
    settings.strategies.push_back(
        {.name = kName,
         .factory = factory_of(find_strategy_type(type)->configure(parameters)),
         .markets = {},
         .desk = desk});
    return settings;
  }

  domain::Timestamp now_ = domain::from_unix_ms(1'700'000'000'000);
  Runner runner_;
  Outputs out_;
  domain::Shard shard_;
  std::uint64_t seq_ = 0;
  int scans_ = 0;
};

inline const std::vector<domain::Leg>& legs_of(const domain::Signal& signal) {
  return std::get<std::vector<domain::Leg>>(signal.intent);
}
inline const domain::QuoteTarget& target_of(const domain::Signal& signal) {
  return std::get<domain::QuoteTarget>(signal.intent);
}

}  // namespace polybot::strategy_runner
