#include "services/gateway/feed/venue_rest.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/http/fault.hpp"
#include "common/http/retry_after.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::MarketId;
using polymarket::GammaMarket;

namespace {

http::ClientRequest get(std::string url) {
  return {.method = http::Method::Get,
          .url = std::move(url),
          .headers = {},
          .body = {},
          .content_type = {},
          .timeout = {}};
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      result.push_back(c);
    } else {
      result.push_back('%');
      result.push_back(kHex[byte >> 4U]);
      result.push_back(kHex[byte & 15U]);
    }
  }
  return result;
}

http::ClientOptions options_of(const VenueUrls& urls) {
  http::ClientOptions options;
  options.transport = urls.transport;
  return options;
}

polymarket::EndpointClass class_of(RestOperation operation) {
  using polymarket::EndpointClass;
  switch (operation) {
    case RestOperation::ListMarkets:
    case RestOperation::LookUpMarkets:
      return EndpointClass::Listings;
    case RestOperation::ReadEvent:
      return EndpointClass::Events;
    case RestOperation::ReadBooks:
      return EndpointClass::Books;
    case RestOperation::ReadMarket:
    case RestOperation::ReadResult:
    case RestOperation::Time:
      break;
  }
  return EndpointClass::General;
}

RestOutcome outcome_of(const http::Failure& failure) {
  if (http::is_certificate_fault(failure.ec)) return RestOutcome::Certificate;
  return failure.ec == http::Fault::Redirected ? RestOutcome::Refused : RestOutcome::Failed;
}

// "public, max-age=300" -> 300 s; zero when it says nothing of the kind.
domain::Duration max_age_of(std::string_view cache_control) {
  constexpr std::string_view kName = "max-age=";
  const std::size_t at = cache_control.find(kName);
  if (at == std::string_view::npos) return {};
  const std::string_view digits = cache_control.substr(at + kName.size());
  std::uint32_t seconds = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  return wrong == std::errc{} ? std::chrono::seconds(seconds) : domain::Duration{};
}

// The venue does not document how it answers a cursor that it does not know: any answer that says
// that the request itself is wrong. What else is in the request was right for the page before.
bool refuses_cursor(unsigned status) {
  return status == 400 || status == 404 || status == 410 || status == 422;
}

bool has_market(const polymarket::GammaPage& page, const MarketId& id) {
  return std::any_of(page.markets.begin(), page.markets.end(),
                     [&](const GammaMarket& market) { return market.id == id; }) ||
         std::any_of(page.skipped.begin(), page.skipped.end(),
                     [&](const polymarket::SkippedMarket& market) { return market.id == id; });
}

}  // namespace

VenueRest::VenueRest(asio::any_io_executor executor, VenueUrls urls, FeedMetrics& metrics,
                     runtime::Clock clock)
    : urls_(std::move(urls)),
      metrics_(metrics),
      clock_(clock),
      client_(std::move(executor), options_of(urls_)) {}

asio::awaitable<bool> VenueRest::admitted(polymarket::EndpointClass of) {
  const domain::Duration give_up_at = clock_.monotonic() + http::ClientOptions{}.request_timeout;
  while (true) {
    const domain::Duration now = clock_.monotonic();
    const domain::Duration wait = limits_.take(of, now);
    if (wait == domain::Duration::zero()) co_return true;
    if (now + wait > give_up_at) co_return false;
    co_await runtime::sleep_for(wait);
  }
}

void VenueRest::heed(polymarket::EndpointClass of, const http::ClientResponse& answer) {
  const domain::Timestamp at = clock_.now();
  const auto field = [&](std::string_view name) { return answer.headers.find(name).value_or(""); };
  polymarket::RateLimitFields fields = polymarket::read_rate_limit_fields(
      field("Poly-RateLimit-Remaining"), field("Poly-RateLimit-Reset"),
      field("Poly-RateLimit-Warning"));
  fields.retry_after = http::parse_retry_after(field("Retry-After"), domain::to_unix_ms(at) / 1000);
  limits_.answered(of, answer.status, fields, answer.body, clock_.monotonic(), at);
}

asio::awaitable<VenueRest::Asked> VenueRest::ask(RestOperation operation,
                                                 http::ClientRequest request, unsigned tolerate) {
  const std::string url = request.url;
  const polymarket::EndpointClass of = class_of(operation);
  if (!co_await admitted(of)) {
    metrics_.requests.ended(operation, RestOutcome::Throttled, domain::Duration::zero());
    failures_.warning("A request is held back: the venue asked to be left alone",
                      {{"operation", domain::name_of(operation)}});
    co_return Asked{};
  }
  const domain::Duration started = clock_.monotonic();
  http::Outcome outcome = co_await client_.send(std::move(request));
  const domain::Duration elapsed = clock_.monotonic() - started;
  if (!outcome) {
    metrics_.requests.ended(operation, outcome_of(outcome.error()), elapsed);
    metrics_.rest_connected.set(0);
    failures_.warning("Venue request failed", {{"operation", domain::name_of(operation)},
                                               {"url", url.substr(0, 200)},
                                               {"error", outcome.error().message()}});
    co_return Asked{};
  }
  metrics_.rest_connected.set(1);
  const unsigned status = outcome->status;
  const bool answered = status == 200 || (tolerate != 0 && status == tolerate);
  heed(of, *outcome);
  const RestOutcome refused = status == 429 ? RestOutcome::Throttled : RestOutcome::Refused;
  metrics_.requests.ended(operation, answered ? RestOutcome::Ok : refused, elapsed);
  if (!answered) {
    failures_.warning("Venue refused a request", {{"operation", domain::name_of(operation)},
                                                  {"url", url.substr(0, 200)},
                                                  {"status", status},
                                                  {"body", outcome->body.substr(0, 200)}});
    co_return Asked{std::nullopt, status};
  }
  co_return Asked{std::move(*outcome), status};
}

asio::awaitable<std::optional<std::string>> VenueRest::fetch(RestOperation operation,
                                                             http::ClientRequest request,
                                                             unsigned tolerate) {
  Asked asked = co_await ask(operation, std::move(request), tolerate);
  std::optional<http::ClientResponse>& answer = asked.answer;
  if (!answer) co_return std::nullopt;
  co_return answer->status == 200 ? std::move(answer->body) : std::string();
}

void VenueRest::unreadable(RestOperation operation, const polymarket::ParseError& error) {
  metrics_.requests.ended(operation, RestOutcome::Unreadable, domain::Duration::zero());
  failures_.warning("Venue answer could not be read", {{"operation", domain::name_of(operation)},
                                                       {"error", polymarket::to_string(error)}});
}

asio::awaitable<ListingAnswer> VenueRest::open_markets(std::string cursor, std::size_t limit,
                                                       WithTags tags, std::string etag) {
  constexpr unsigned kNotModified = 304;
  std::string url = urls_.gamma + "/markets/keyset?closed=false&limit=" + std::to_string(limit) +
                    "&order=volume24hr&ascending=false";
  if (tags == WithTags::Yes) url += "&include_tag=true";
  if (!cursor.empty()) url += "&after_cursor=" + percent_encoded(cursor);
  http::ClientRequest request = get(std::move(url));
  if (!etag.empty()) request.headers.set("If-None-Match", etag);
  const Asked asked =
      co_await ask(RestOperation::ListMarkets, std::move(request), etag.empty() ? 0 : kNotModified);
  const std::optional<http::ClientResponse>& answer = asked.answer;
  if (!answer) {
    const bool unknown = !cursor.empty() && refuses_cursor(asked.status);
    co_return unknown ? PageFailure::CursorUnknown : PageFailure::NoAnswer;
  }
  ListingPage result;
  result.etag = answer->headers.find("ETag").value_or("");
  result.max_age = max_age_of(answer->headers.find("Cache-Control").value_or(""));
  result.unchanged = answer->status == kNotModified;
  if (result.unchanged) {
    result.etag = std::move(etag);
    co_return result;
  }
  auto page = polymarket::parse_gamma_page(answer->body);
  if (!page) {
    unreadable(RestOperation::ListMarkets, page.error());
    co_return PageFailure::NoAnswer;
  }
  result.page = std::move(*page);
  tell_skipped(result.page);
  co_return result;
}

void VenueRest::tell_skipped(const polymarket::GammaPage& page) {
  if (!page.skipped.empty()) {
    skipped_.warning("Listed markets left out, they cannot be read",
                     {{"count", page.skipped.size()},
                      {"first", polymarket::to_string(page.skipped.front().error)}});
  }
  for (const GammaMarket& market : page.markets) {
    if (market.unreadable_fact.empty()) continue;
    facts_.warning("A figure by which markets are chosen cannot be read: it counts as not said",
                   {{"market", market.slug}, {"field", market.unreadable_fact}});
  }
}

asio::awaitable<bool> VenueRest::look_up(const std::vector<MarketId>& ids, std::string_view closed,
                                         polymarket::GammaPage& found) {
  std::string url = urls_.gamma + "/markets/keyset?limit=100&closed=" + std::string(closed);
  for (const MarketId& id : ids) url += "&condition_ids=" + domain::to_string(id);
  const auto body = co_await fetch(RestOperation::LookUpMarkets, get(std::move(url)));
  if (!body) co_return false;
  auto page = polymarket::parse_gamma_page(*body);
  if (!page) {
    unreadable(RestOperation::LookUpMarkets, page.error());
    co_return false;
  }
  const auto wanted = [&](const MarketId& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  for (GammaMarket& market : page->markets) {
    if (wanted(market.id)) found.markets.push_back(std::move(market));
  }
  for (polymarket::SkippedMarket& market : page->skipped) {
    if (market.id && wanted(*market.id)) found.skipped.push_back(std::move(market));
  }
  co_return true;
}

// A market is in exactly one of the two listings. A market that is looked up has usually just
// closed.
asio::awaitable<std::optional<polymarket::GammaPage>> VenueRest::markets_by_id(
    std::vector<MarketId> ids) {
  polymarket::GammaPage found;
  if (!co_await look_up(ids, "true", found)) co_return std::nullopt;
  std::erase_if(ids, [&](const MarketId& id) { return has_market(found, id); });
  if (!ids.empty() && !co_await look_up(ids, "false", found)) co_return std::nullopt;
  co_return found;
}

asio::awaitable<std::optional<std::variant<std::size_t, VenueRest::NoSuchRoute>>>
VenueRest::event_total(std::string slug) {
  using Answer = std::variant<std::size_t, NoSuchRoute>;
  const auto body = co_await fetch(RestOperation::ReadEvent,
                                   get(urls_.gamma + "/events/slug/" + percent_encoded(slug)), 404);
  if (!body) co_return std::nullopt;
  if (body->empty()) co_return Answer(NoSuchRoute{});
  // An event object carries its markets under the same key as a page does.
  const auto page = polymarket::parse_gamma_page(*body);
  if (!page) {
    unreadable(RestOperation::ReadEvent, page.error());
    co_return std::nullopt;
  }
  co_return Answer(page->markets.size() + page->skipped.size());
}

asio::awaitable<std::optional<domain::Duration>> VenueRest::clock_offset() {
  const domain::Timestamp begun = clock_.now();
  const auto body = co_await fetch(RestOperation::Time, get(urls_.rest + "/time"));
  const domain::Timestamp ended = clock_.now();
  if (!body) co_return std::nullopt;
  const auto seconds = polymarket::parse_time(*body);
  if (!seconds) {
    unreadable(RestOperation::Time, seconds.error());
    co_return std::nullopt;
  }
  // The venue's clock was somewhere in [seconds, seconds + 1) while ours was in [begun, ended].
  const domain::Timestamp earliest = domain::from_unix_ms(*seconds * 1'000);
  const domain::Timestamp latest = earliest + std::chrono::seconds(1);
  if (ended < earliest) co_return earliest - ended;
  if (begun >= latest) co_return latest - begun;
  co_return domain::Duration::zero();
}

asio::awaitable<std::optional<polymarket::ParseResult<polymarket::ClobMarket>>> VenueRest::record(
    MarketId id) {
  const auto body = co_await fetch(RestOperation::ReadMarket,
                                   get(urls_.rest + "/clob-markets/" + domain::to_string(id)));
  if (!body) co_return std::nullopt;
  auto record = polymarket::parse_clob_market(*body);
  if (!record) unreadable(RestOperation::ReadMarket, record.error());
  co_return record;
}

asio::awaitable<std::optional<polymarket::ClobResult>> VenueRest::result(MarketId id) {
  const auto body = co_await fetch(RestOperation::ReadResult,
                                   get(urls_.rest + "/markets/" + domain::to_string(id)), 404);
  if (!body || body->empty()) co_return std::nullopt;
  const auto result = polymarket::parse_clob_result(*body);
  if (!result) {
    unreadable(RestOperation::ReadResult, result.error());
    co_return std::nullopt;
  }
  co_return *result;
}

asio::awaitable<std::optional<std::vector<polymarket::BookSummary>>> VenueRest::books(
    std::vector<domain::TokenId> tokens) {
  http::ClientRequest request = get(urls_.rest + "/books");
  request.method = http::Method::Post;
  request.content_type = "application/json";
  request.headers.set("Accept-Encoding", "gzip");  // hundreds of books are a megabyte
  request.body = polymarket::write_books_request(tokens);
  const auto body = co_await fetch(RestOperation::ReadBooks, std::move(request));
  if (!body) co_return std::nullopt;
  auto books = polymarket::parse_books(*body);
  if (!books) {
    unreadable(RestOperation::ReadBooks, books.error());
    co_return std::nullopt;
  }
  if (!books->skipped.empty()) {
    skipped_.warning("Books left out, they cannot be read",
                     {{"count", books->skipped.size()},
                      {"first", polymarket::to_string(books->skipped.front())}});
  }
  co_return std::move(books->books);
}

}  // namespace polybot::gateway
