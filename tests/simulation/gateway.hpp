// The gateway: its core's book builder between the venue's market socket and the bus. Publishes
// books and trades per shard and quotes every 100 ms (numbered, so that readers notice a hole),
// vouches for them each second and tells them completely from time to time, as the real one plans
// it; definitions each second. Only the transport of the real one is left out: sockets,
// connections, discovery pages.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/follow/shard_follower.hpp"
#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/telling.hpp"
#include "services/order-manager/core/inputs.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/simulation/venue.hpp"

namespace polybot::simulation {

// One frame of md.<shard>. For the auditor it also holds the books it names, as they are after it
// where the gateway vouches for them.
struct MarketDataFrame {
  follow::FrameHead head;
  std::vector<std::string> messages;
  std::vector<domain::BookSnapshot> books_after;
};

// One frame of quote.<shard>.
struct QuoteFrame {
  follow::FrameHead head;
  std::vector<std::string> messages;
};

class Gateway {
 public:
  Gateway(Stage& stage, Venue& venue);

  // The bus; set once, before time runs.
  std::function<void(const MarketDataFrame&)> publish_frame;
  std::function<void(const std::vector<domain::Market>&)> publish_markets;
  std::function<void(const QuoteFrame&)> publish_quotes;

  void start();
  // All its knowledge is lost; it discovers the world again.
  void restart();
  // order-manager says of which shards it misses quotes.
  void hear_wanted(std::uint64_t shards);
  // The recovery port. Throws Violation for bytes that are no request.
  [[nodiscard]] std::string answer(std::string_view request);
  [[nodiscard]] ProcessClock& clock() { return clock_; }

 private:
  void on_socket(const venue_simulator::BookChanged& changed);
  void on_socket(const venue_simulator::TradePrinted& trade);
  void on_socket(const venue_simulator::TickSizeChanged& changed);
  void on_socket(const venue_simulator::MarketListed& listed);
  void on_socket(const venue_simulator::MarketClosed& closed);
  void on_socket(const venue_simulator::MarketResolved& resolved);
  void define(const domain::Market& market);
  void ask_for_book(const domain::MarketId& market);
  void tell();
  void tick();
  void complete();
  void crawl();
  void watch_clock();
  [[nodiscard]] std::vector<domain::BookSnapshot> books(domain::Shard shard) const;
  void send(domain::Shard shard, const std::vector<wire::MarketData>& messages);
  void send_quotes(domain::Shard shard, const std::vector<wire::QuoteData>& quotes);
  void tell_moved();
  void tell_whole(domain::Shard shard);
  void vouch(domain::Shard shard);
  [[nodiscard]] std::vector<domain::ShardVouched> vouched(domain::Shard shard) const;
  [[nodiscard]] std::vector<domain::MarketId> active_in(domain::Shard shard) const;
  [[nodiscard]] domain::QuoteTick quote_of(const domain::MarketId& market) const;
  [[nodiscard]] domain::Shard shard_of(const domain::MarketId& market) const;

  Stage& stage_;
  Venue& venue_;
  Random random_;
  ProcessClock clock_;
  std::uint64_t incarnation_ = 1;
  gateway::BookBuilder builder_;
  gateway::BookUpdates updates_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::set<domain::MarketId> moved_;
  gateway::TellingPlan telling_;
  wire::MarketDataCodec codec_;
  // Of the messages of this incarnation.
  std::map<domain::Shard, std::uint64_t> last_seqs_;
  std::map<domain::Shard, std::uint64_t> last_quote_seqs_;
};

}  // namespace polybot::simulation
