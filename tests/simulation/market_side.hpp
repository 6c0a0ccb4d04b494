// The exchange, and what a gateway without faults would publish about it: the half of a world
// without trouble. A test derives from it, names the listeners, and drives time.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "services/strategy-runner/core/runner.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot::simulation {

class MarketSide {
 public:
  MarketSide(const MarketSide&) = delete;
  MarketSide& operator=(const MarketSide&) = delete;
  virtual ~MarketSide() = default;

 protected:
  // Opens the one account. The exchange's outputs meanwhile wait for deliver().
  MarketSide(const venue_simulator::ExchangeSettings& settings, domain::Money deposit);

  // An input of order-manager, and of every runner.
  virtual void manage(const order_manager::Input& input) = 0;
  virtual void tell(const strategy_runner::Input& input) = 0;

  [[nodiscard]] domain::Timestamp now() const { return now_; }
  void pass(domain::Duration span) { now_ += span; }
  [[nodiscard]] const venue_simulator::Exchange& exchange() const { return exchange_; }
  // The markets as published.
  [[nodiscard]] const std::map<domain::MarketId, domain::Market>& markets() const {
    return markets_;
  }

  // The exchange's outputs to these wait for deliver() as well.
  void ask(const venue_simulator::Input& input) { ask(input, now_); }
  void ask(const venue_simulator::Input& input, domain::Timestamp at) {
    exchange_.on(input, at, out_);
  }
  void submit(const std::vector<domain::Order>& orders);
  void cancel(std::vector<domain::VenueOrderId> orders);
  void answer(const order_manager::Read& read);
  [[nodiscard]] venue_simulator::Outputs take_outputs() { return std::exchange(out_, {}); }
  // Delivers what the exchange has said so far. True when that led to more.
  bool deliver();
  // Every second the gateway repeats what has not changed.
  void vouch_for_books();

 private:
  [[nodiscard]] strategy_runner::FrameOrigin origin_of(const domain::MarketId& market) const;
  void publish(const venue_simulator::MarketListed& listed);
  void publish(const venue_simulator::BookChanged& changed);
  void publish(const venue_simulator::TradePrinted& trade);
  void publish(const venue_simulator::TickSizeChanged& changed);
  void publish(const venue_simulator::MarketClosed& closed);
  void publish(const venue_simulator::MarketResolved& resolved);
  void define(const domain::MarketId& market);
  void load(const domain::MarketId& market);
  void publish_quote(const domain::MarketId& market);

  domain::Timestamp now_ = domain::from_unix_ms(1'800'000'000'000);
  venue_simulator::Outputs out_;
  venue_simulator::Exchange exchange_;
  venue_simulator::AccountId account_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::map<domain::MarketId, domain::OrderBook> books_;
  std::set<domain::MarketId> moved_;
};

}  // namespace polybot::simulation
