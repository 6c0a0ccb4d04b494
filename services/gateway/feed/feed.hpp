// The market data side of the gateway as a whole: owns the catalogue, the books, the connections
// and what is published about them. It carries events from the venue to the cores and the cores'
// results to the bus; every rule about trust, repair and completeness is theirs.
//
// One loop; the object outlives run().
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/health.hpp"
#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/feed_supervisor.hpp"
#include "services/gateway/core/market_catalogue.hpp"
#include "services/gateway/core/shard_map.hpp"
#include "services/gateway/core/telling.hpp"
#include "services/gateway/feed/clock_watch.hpp"
#include "services/gateway/feed/discovery.hpp"
#include "services/gateway/feed/feed_metrics.hpp"
#include "services/gateway/feed/feed_recorder.hpp"
#include "services/gateway/feed/market_link.hpp"
#include "services/gateway/feed/publication.hpp"
#include "services/gateway/feed/venue_rest.hpp"

namespace polybot::gateway {

struct FeedSettings {
  VenueUrls urls;
  DiscoverySettings discovery;
  ClockSettings clock;
  CatalogueSettings catalogue;
  SupervisorSettings supervisor;
  PublicationSettings publication;
  domain::Duration quote_interval = std::chrono::milliseconds(100);  // quotes are conflated to this
};

// Listens to market data beside the bus (the client stream), and says what must not be left. May be
// empty.
struct FeedListener {
  std::function<void(const domain::Market&, const domain::QuoteTick&)> on_quote;
  std::function<void(const domain::Market&, const domain::TradeTick&)> on_trade;
  std::function<void(const domain::Market&)> on_market;
  // Markets in which something is held or rests.
  std::function<std::set<domain::MarketId>()> pinned;
  // Bit n: order-manager misses quotes of shard n.
  std::function<std::uint64_t()> quotes_wanted;
};

class Feed {
 public:
  // Throws when a bus address is taken or not allowed.
  Feed(boost::asio::any_io_executor executor, FeedSettings settings, FeedMetrics& metrics,
       runtime::Health& health, runtime::Clock clock, bus::Stats& stats, FeedListener listener);
  ~Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // From now on what is heard and known is recorded there, too; it outlives this object. Before
  // run().
  void record_to(FeedRecorder& recorder) { recorder_ = &recorder; }
  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Says that every book is stale, closes the connections and the bus.
  void close();

  [[nodiscard]] const MarketCatalogue& catalogue() const { return catalogue_; }
  [[nodiscard]] const BookBuilder& books() const { return books_; }
  [[nodiscard]] std::optional<domain::QuoteTick> quote(const domain::MarketId& market) const;
  [[nodiscard]] std::optional<domain::BookSnapshot> book(const domain::MarketId& market) const;
  [[nodiscard]] const ClockWatch& clock_watch() const { return clock_watch_; }
  [[nodiscard]] std::size_t links_open() const { return supervisor_.links_open(); }
  [[nodiscard]] std::uint64_t events_seen() const { return events_seen_; }

 private:
  // Components of the service's health.
  static constexpr std::string_view kFeed = "feed";
  static constexpr std::string_view kBooks = "books";

  struct OpenSocket {
    std::unique_ptr<MarketLink> link;
    domain::Timestamp data_at{};        // changes are known up to here: vouches for all its books
    domain::Timestamp subscribed_at{};  // the last time
  };

  // --- from the venue ---
  void on_text(LinkId id, std::string_view text, domain::Timestamp received_at);
  // The venue's market data is known up to here.
  void on_known(domain::Timestamp at);
  void refuse(const polymarket::ParseError& error, std::string_view frame);
  void take_messages(LinkId id, std::string_view frame, domain::Timestamp received_at);
  void doubt(LinkId link, const std::optional<domain::MarketId>& market, domain::Timestamp now);
  void on_event(const polymarket::BookEvent& event, domain::Timestamp now);
  void on_event(const polymarket::PriceChangeEvent& event, domain::Timestamp now);
  void on_event(const polymarket::LastTradeEvent& event, domain::Timestamp now);
  void on_event(const polymarket::TickSizeChangeEvent& event, domain::Timestamp now);
  void on_event(const polymarket::BestBidAskEvent& event, domain::Timestamp now);
  void on_event(const polymarket::NewMarketEvent& event, domain::Timestamp now);
  void on_event(const polymarket::MarketResolvedEvent& event, domain::Timestamp now);
  void on_rest_books(const std::vector<polymarket::BookSummary>& answer, FetchPurpose purpose,
                     domain::Timestamp asked_at);
  void compare(const std::vector<polymarket::BookSummary>& answer, FetchPurpose purpose,
               domain::Timestamp asked_at);

  // --- what follows ---
  enum class Origin : std::uint8_t { Integrity, Supervisor };  // whose verdict a resync is
  void take_updates(SnapshotSource source, Origin origin);
  void record_gaps();
  void on_clock(domain::Duration offset);
  void apply_catalogue();
  void perform(FeedActions actions);
  void perform_one(const OpenLink& action);
  void perform_one(const CutLink& action);
  void perform_one(const SubscribeTokens& action);
  void perform_one(const UnsubscribeTokens& action);
  void perform_one(const SendPing& action);
  void perform_one(const FetchBooks& action);
  void perform_one(const StaleBooks& action);
  [[nodiscard]] boost::asio::awaitable<void> fetch_books();

  // --- time ---
  [[nodiscard]] boost::asio::awaitable<void> tick();
  void tell(domain::Duration now);
  void hear_what_is_missed();
  void publish_quotes();
  void publish_shard(domain::Shard shard);
  void publish_whole(const domain::MarketId& market);
  void publish_owed();
  void publish_quote(const domain::MarketId& market);
  enum class Told : std::uint8_t { Changes, Everything };  // of the shard, just before
  void vouch(domain::Shard shard, Told told);
  void report();
  // The connection that carries a YES token; null while there is none.
  [[nodiscard]] const OpenSocket* socket_of(const domain::TokenId& token) const;
  [[nodiscard]] domain::Timestamp vouched_at(const domain::MarketId& market) const;
  [[nodiscard]] Publication::Contents contents_of(domain::Shard shard);

  boost::asio::any_io_executor executor_;
  FeedSettings settings_;
  FeedMetrics& metrics_;
  runtime::Health& health_;
  runtime::Clock clock_;
  FeedListener listener_;
  FeedRecorder* recorder_ = nullptr;

  MarketCatalogue catalogue_;
  BookBuilder books_;
  FeedSupervisor supervisor_;
  ShardMap shards_;
  VenueRest rest_;
  Discovery discovery_;
  ClockWatch clock_watch_;
  Publication publication_;

  std::map<LinkId, OpenSocket> sockets_;
  polymarket::MarketFrame frame_;     // reused by every parse
  std::vector<TokenChange> changes_;  // reused
  BookUpdates updates_;               // reused
  TellingPlan telling_;
  std::set<domain::MarketId> changed_quotes_;
  std::set<domain::MarketId> owed_;  // to be told whole as soon as the burst in them ends
  domain::Timestamp known_at_{};
  std::uint64_t events_seen_ = 0;
  runtime::log::Limited bad_frames_;
  runtime::log::Limited resyncs_;
  std::deque<FetchBooks> fetches_;        // waiting for one of the fetchers
  boost::asio::steady_timer fetch_wake_;  // expires never; its cancellation wakes a fetcher
};

}  // namespace polybot::gateway
