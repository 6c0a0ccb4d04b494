// Keeps the catalogue filled from the venue's REST: crawls the listing and, beside it, reads what
// the catalogue wants, a few requests at a time. MarketCatalogue decides about markets; this does
// not.
//
// The listing is read no more often than the venue's caches renew it (max-age of its answers), nor
// than a second a page; a long one in pages that are spread over half of that time, each asked for
// only if it has changed (ETag). What the market channel announces is looked up by id, without a
// crawl.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
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
  WithTags tags = WithTags::No;  // they are chosen by
};

// What a market is chosen by, as the venue lists it.
[[nodiscard]] ListedFacts facts_of(const polymarket::GammaMarket& listed);

class Discovery {
 public:
  // `on_progress` is called after each step that may have changed the catalogue. `pinned` names the
  // markets in which something is held or rests; it may be empty.
  Discovery(boost::asio::any_io_executor executor, DiscoverySettings settings, VenueRest& rest,
            MarketCatalogue& catalogue, runtime::Clock clock, std::function<void()> on_progress,
            std::function<std::set<domain::MarketId>()> pinned);

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
  using Job = std::function<boost::asio::awaitable<void>()>;

  [[nodiscard]] boost::asio::awaitable<void> crawls();
  [[nodiscard]] boost::asio::awaitable<void> readings();
  [[nodiscard]] boost::asio::awaitable<void> crawl();
  // The cursor of the next page; empty after the last one. None when it could not be read.
  [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> read_page(std::string cursor);
  void take_page(const std::string& cursor, ListingPage page);
  void tell_crawl(std::size_t left_out_before);
  void tell_unused_words();
  [[nodiscard]] domain::Duration crawl_interval() const;
  [[nodiscard]] boost::asio::awaitable<void> work(std::vector<Job>& jobs, std::size_t& next);
  [[nodiscard]] boost::asio::awaitable<void> read_wanted();
  [[nodiscard]] boost::asio::awaitable<void> read_record(domain::MarketId id);
  [[nodiscard]] boost::asio::awaitable<void> look_up(std::vector<domain::MarketId> ids);
  [[nodiscard]] boost::asio::awaitable<void> read_event(domain::EventGroupId event,
                                                        std::string slug);
  [[nodiscard]] boost::asio::awaitable<Listing> with_result(polymarket::GammaMarket listed);
  [[nodiscard]] boost::asio::awaitable<void> pause();
  void take_unreadable(const polymarket::SkippedMarket& skipped);
  static void tell_unreadable(const std::string& market, const polymarket::ParseError& error);

  boost::asio::any_io_executor executor_;
  DiscoverySettings settings_;
  VenueRest& rest_;
  MarketCatalogue& catalogue_;
  runtime::Clock clock_;
  std::function<void()> on_progress_;
  boost::asio::steady_timer timer_;
  bool hinted_ = false;
  std::function<std::set<domain::MarketId>()> pinned_;
  std::map<std::string, KnownPage> pages_;  // by their cursor; of the last crawl
  std::size_t pages_of_crawl_ = 0;
  domain::Duration max_age_{};  // the longest of the pages of the last crawl
  std::vector<std::string> told_unused_;
  bool listing_whole_ = false;  // the last crawl reached the last page
  std::uint64_t crawls_ = 0;
};

}  // namespace polybot::gateway
