// Feeds the exchange with what a gateway publishes of a live venue: dials that gateway's market
// data (common/follow, like a runner), and has MirrorFeed make inputs of it. Books of the exchange
// are published as its own, our orders and what they took included; trades as the gateway says
// them.
//
// Health component "mirror": not ready while more than a tenth of the markets are halted that take
// orders at the venue.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/follow/shard_followers.hpp"
#include "common/runtime/health.hpp"
#include "common/runtime/logging.hpp"
#include "services/venue-simulator/api/market_channel.hpp"
#include "services/venue-simulator/core/crowd/mirror_feed.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class MirrorDriver {
 public:
  // Throws as bus::Subscriber does. All of them outlive it.
  MirrorDriver(boost::asio::any_io_executor executor, const MirrorConfig& config,
               ExchangeHost& host, MarketChannel& channel, runtime::Health& health);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Halts what has become too old.
  void turn();
  // For /status: {"markets","fresh","halted","paused","refused"}.
  [[nodiscard]] std::string status() const;

 private:
  [[nodiscard]] follow::MarketSink sink();
  [[nodiscard]] boost::asio::awaitable<void> read();
  void take(const bus::Received& received);
  void take_markets(const bus::Received& received);
  // A message of md.<shard>.
  void take(domain::Shard shard, const domain::BookSnapshot& book);
  void take(domain::Shard shard, const domain::TradeTick& trade);
  void take(domain::Shard shard, const domain::ShardVouched& vouched);
  template <class Message>
  void take(domain::Shard shard, const Message& message);
  void define(const domain::Market& market);
  void load(const domain::BookSnapshot& book);
  void tell(const domain::TradeTick& trade);
  void apply(const MirrorFeed::Inputs& inputs);
  void refuse(const std::string& topic, wire::DecodeError error);
  [[nodiscard]] bool halted(const domain::MarketId& market) const;

  ExchangeHost& host_;
  MarketChannel& channel_;
  runtime::Health& health_;
  runtime::Clock clock_;
  MirrorFeed feed_;
  bus::Stats stats_;
  bus::Subscriber subscriber_;
  bus::RecoveryClient recovery_;
  boost::asio::steady_timer wake_;
  follow::ShardFollowers followers_;
  std::uint64_t refused_ = 0;
  runtime::log::Limited refusals_log_;
  runtime::log::Limited halts_log_;
};

}  // namespace polybot::venue_simulator
