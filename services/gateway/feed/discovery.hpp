// Keeps the catalogue filled from the venue's REST: crawls the listing and reads what the catalogue
// wants, a few requests at a time. MarketCatalogue decides about markets; this does not.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "services/gateway/core/market_catalogue.hpp"
#include "services/gateway/feed/venue_rest.hpp"

namespace polybot::gateway {

struct DiscoverySettings {
  domain::Duration interval = std::chrono::seconds(2);             // between crawls
  domain::Duration interval_min = std::chrono::milliseconds(250);  // also when hints ask for more
  std::size_t page_size = 100;                                     // the venue's largest
  std::size_t pages_max = 20;  // most traded first; beyond, markets come by hints only
  std::size_t requests_at_once = 8;
};

class Discovery {
 public:
  // `on_progress` is called after each step that may have changed the catalogue.
  Discovery(boost::asio::any_io_executor executor, DiscoverySettings settings, VenueRest& rest,
            MarketCatalogue& catalogue, runtime::Clock clock, std::function<void()> on_progress);

  // Until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Something was listed or resolved: crawl soon.
  void hint();
  // At least one crawl has been read to its end.
  [[nodiscard]] bool complete() const { return crawls_ > 0; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> crawl();
  [[nodiscard]] boost::asio::awaitable<void> read_wanted();
  [[nodiscard]] boost::asio::awaitable<void> read_record(domain::MarketId id);
  [[nodiscard]] boost::asio::awaitable<void> look_up(std::vector<domain::MarketId> ids);
  [[nodiscard]] boost::asio::awaitable<void> read_event(domain::EventGroupId event,
                                                        std::string slug);
  [[nodiscard]] boost::asio::awaitable<domain::Market> with_result(polymarket::GammaMarket listed);
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
  bool listing_whole_ = false;  // the last crawl reached the last page
  std::uint64_t crawls_ = 0;
};

}  // namespace polybot::gateway
