// The venue's public REST: listings, market records, books. Reads only, no keys. Every failure is
// logged and counted here, once; the caller gets an empty optional and asks again later. Requests
// are paced by the venue's limits: one that would wait for longer than a request may take fails at
// once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/http/client.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/rate_limits.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/gateway/feed/feed_metrics.hpp"

namespace polybot::gateway {

struct VenueUrls {
  std::string rest;                                            // CLOB: books and market records
  std::string gamma;                                           // listings
  std::string market_ws;                                       // market channel
  std::shared_ptr<const http::Transport> transport = nullptr;  // of all three; null: plain alone
};

// A page of the listing, as of now or `unchanged`: then it is empty.
struct ListingPage {
  polymarket::GammaPage page;
  bool unchanged = false;
  std::string etag;            // empty: the venue gives none
  domain::Duration max_age{};  // for how long the venue's caches answer the same
};
enum class WithTags : std::uint8_t { No, Yes };
// Why a page did not come. A cursor that the venue knows no more is of a listing that has changed
// since: only the first page leads on.
enum class PageFailure : std::uint8_t { NoAnswer, CursorUnknown };
using ListingAnswer = boost::system::result<ListingPage, PageFailure>;

class VenueRest {
 public:
  VenueRest(boost::asio::any_io_executor executor, VenueUrls urls, FeedMetrics& metrics,
            runtime::Clock clock);

  // One page of the markets that are not closed, most traded first. `etag`: of the same page when
  // it was last read, or empty.
  [[nodiscard]] boost::asio::awaitable<ListingAnswer> open_markets(std::string cursor,
                                                                   std::size_t limit, WithTags tags,
                                                                   std::string etag);
  // The given markets, whether open or closed; unknown ones are missing. At most 50 ids.
  [[nodiscard]] boost::asio::awaitable<std::optional<polymarket::GammaPage>> markets_by_id(
      std::vector<domain::MarketId> ids);
  // How many markets an event has in all; `NoSuchRoute` when this venue does not serve events.
  struct NoSuchRoute {};
  [[nodiscard]] boost::asio::awaitable<std::optional<std::variant<std::size_t, NoSuchRoute>>>
  event_total(std::string slug);
  // The venue's clock minus ours; zero when they may be equal, as it tells whole seconds.
  [[nodiscard]] boost::asio::awaitable<std::optional<domain::Duration>> clock_offset();
  // The CLOB's own record of one market; an error when the record exists and cannot be read.
  [[nodiscard]] boost::asio::awaitable<
      std::optional<polymarket::ParseResult<polymarket::ClobMarket>>>
  record(domain::MarketId id);
  // The winner of one market by the CLOB.
  [[nodiscard]] boost::asio::awaitable<std::optional<polymarket::ClobResult>> result(
      domain::MarketId id);
  // Books of at most 500 tokens, in any order; unknown tokens are missing.
  [[nodiscard]] boost::asio::awaitable<std::optional<std::vector<polymarket::BookSummary>>> books(
      std::vector<domain::TokenId> tokens);

 private:
  struct Asked {
    std::optional<http::ClientResponse> answer;  // of 200, or of `tolerate`
    unsigned status = 0;                         // zero: there was none
  };
  [[nodiscard]] boost::asio::awaitable<Asked> ask(RestOperation operation,
                                                  http::ClientRequest request, unsigned tolerate);
  // The body of a 200 answer; `tolerate` is a status that is an answer too (empty body then).
  [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> fetch(
      RestOperation operation, http::ClientRequest request, unsigned tolerate = 0);
  [[nodiscard]] boost::asio::awaitable<bool> look_up(const std::vector<domain::MarketId>& ids,
                                                     std::string_view closed,
                                                     polymarket::GammaPage& found);
  void tell_skipped(const polymarket::GammaPage& page);
  void unreadable(RestOperation operation, const polymarket::ParseError& error);
  // Waits for the venue's limit of that class; false when that would take too long.
  [[nodiscard]] boost::asio::awaitable<bool> admitted(polymarket::EndpointClass of);
  void heed(polymarket::EndpointClass of, const http::ClientResponse& answer);

  VenueUrls urls_;
  FeedMetrics& metrics_;
  runtime::Clock clock_;
  http::Client client_;
  polymarket::RateLimits limits_;
  runtime::log::Limited failures_;
  runtime::log::Limited skipped_;
  runtime::log::Limited facts_;
};

}  // namespace polybot::gateway
