// Keeps the catalogue filled from the venue's REST: crawls the listing and, beside it, reads what
// the catalogue wants, a few requests at a time. MarketCatalogue decides about markets; this does
// not.
//
// The listing is read no more often than the venue's caches renew it (max-age of its answers), nor
// than a second a page; a long one in pages that are spread over half of that time, each asked for
// only if it has changed (ETag). A page that does not come is asked for again, and the crawl goes
// on from there; one whose cursor the venue knows no more sends it back to the first page. What the
// market channel announces is looked up by id, without a crawl.
//
// Wanted readings wait in one line, from which as many as may be at once are under way: one that
// hangs holds up none of the others, nor those that come later.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/core/market_catalogue.hpp"
#include "services/gateway/feed/venue_rest.hpp"

namespace polybot::gateway {

struct DiscoverySettings {
  domain::Duration interval = std::chrono::seconds(2);             // between crawls, at least
  domain::Duration interval_min = std::chrono::milliseconds(250);  // between readings, if hinted
  domain::Duration reading = std::chrono::seconds(2);  // between looks at what is wanted, without
  std::size_t page_size = 100;                         // the venue's largest
  std::size_t pages_max = 1000;  // most traded first; beyond, markets come by hints only
  std::size_t requests_at_once = 8;
  // A page that does not come is asked for again after so long, then after twice as long.
  domain::Duration page_retry = std::chrono::seconds(1);
  int page_attempts = 6;         // in half a minute; then the next crawl begins with the first page
  WithTags tags = WithTags::No;  // they are chosen by
};

// A page of the listing, asked for again as `settings` say when it does not come. `rest` outlives
// the call.
[[nodiscard]] boost::asio::awaitable<ListingAnswer> read_listing_page(VenueRest& rest,
                                                                      DiscoverySettings settings,
                                                                      std::string cursor,
                                                                      std::string etag);
// Crawls of a listing begin again at most so often, before they wait for the next.
inline constexpr int kRestartsMax = 3;

// What a market is chosen by, as the venue lists it.
[[nodiscard]] ListedFacts facts_of(const polymarket::GammaMarket& listed);

class Discovery {
 public:
  // `on_progress` is called after each step that may have changed the catalogue. `pinned` names the
  // markets in which something is held or rests; it may be empty.
  Discovery(boost::asio::any_io_executor executor, DiscoverySettings settings, VenueRest& rest,
            MarketCatalogue& catalogue, FeedMetrics& metrics, runtime::Clock clock,
            std::function<void()> on_progress, std::function<std::set<domain::MarketId>()> pinned);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Something was announced or has ended: look at what is wanted soon.
  void hint();
  // At least one crawl has been read to its end, or so far that every place is taken.
  [[nodiscard]] bool complete() const { return crawls_ > 0 || catalogue_.full(); }

 private:
  // A page as it was read the last time.
  struct KnownPage {
    std::string etag;
    std::string next_cursor;
    std::vector<domain::MarketId> markets;
  };
  // Something to read. What is in line or under way is not put there again.
  struct Job {
    enum class Kind : std::uint8_t { LookUp, EventTotal, Record };
    Kind kind = Kind::Record;
    std::vector<domain::MarketId> markets;
    domain::EventGroupId event;
    std::string event_slug;
  };
  using Subject = std::pair<Job::Kind, decltype(domain::MarketId::bytes)>;

  [[nodiscard]] boost::asio::awaitable<void> crawls();
  [[nodiscard]] boost::asio::awaitable<void> readings();
  [[nodiscard]] boost::asio::awaitable<void> crawl();
  // The cursor of the next page; empty after the last one.
  using NextCursor = boost::system::result<std::string, PageFailure>;
  [[nodiscard]] boost::asio::awaitable<NextCursor> read_page(std::string cursor);
  void begin_again();
  void take_page(const std::string& cursor, ListingPage page);
  void tell_crawl(std::size_t left_out_before);
  void tell_unused_words();
  [[nodiscard]] domain::Duration crawl_interval() const;
  void queue_wanted();
  void put(Job job);
  [[nodiscard]] static std::vector<Subject> subjects_of(const Job& job);
  [[nodiscard]] boost::asio::awaitable<void> workers(std::size_t count);
  [[nodiscard]] boost::asio::awaitable<void> work();
  [[nodiscard]] boost::asio::awaitable<void> carry_out(Job job);
  [[nodiscard]] boost::asio::awaitable<void> read_record(domain::MarketId id);
  [[nodiscard]] boost::asio::awaitable<void> look_up(std::vector<domain::MarketId> ids);
  [[nodiscard]] boost::asio::awaitable<void> read_event(domain::EventGroupId event,
                                                        std::string slug);
  [[nodiscard]] boost::asio::awaitable<Listing> with_result(polymarket::GammaMarket listed);
  [[nodiscard]] boost::asio::awaitable<void> pause();
  void take_unreadable(const polymarket::SkippedMarket& skipped);
  static void tell_unreadable(const std::string& market, const polymarket::ParseError& error);

  DiscoverySettings settings_;
  VenueRest& rest_;
  MarketCatalogue& catalogue_;
  FeedMetrics& metrics_;
  runtime::Clock clock_;
  std::function<void()> on_progress_;
  boost::asio::steady_timer timer_;
  bool hinted_ = false;
  std::deque<Job> jobs_;           // in line
  std::set<Subject> taken_;        // in line or under way
  bool wanted_meanwhile_ = false;  // more was wanted while some were in line
  std::size_t carried_out_ = 0;
  boost::asio::steady_timer job_wake_;  // expires never; its cancellation wakes a worker
  std::function<std::set<domain::MarketId>()> pinned_;
  std::map<std::string, KnownPage> pages_;  // by their cursor; of the last crawl
  std::size_t pages_of_crawl_ = 0;
  domain::Duration max_age_{};  // the longest of the pages of the last crawl
  std::vector<std::string> told_unused_;
  bool listing_whole_ = false;  // the last crawl reached the last page
  std::uint64_t crawls_ = 0;
};

}  // namespace polybot::gateway
