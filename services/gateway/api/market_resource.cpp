#include "services/gateway/api/market_resource.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "services/gateway/api/query.hpp"
#include "services/gateway/api/render.hpp"

namespace polybot::gateway {

using domain::Market;

namespace {

constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kPageMax = 500;
constexpr std::size_t kDepthDefault = 50;
constexpr std::size_t kDepthMax = 10'000;

bool contains_ignoring_case(std::string_view text, std::string_view wanted) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same) != text.end();
}

}  // namespace

std::optional<domain::MarketId> MarketResource::find(std::string_view slug_or_id) const {
  if (const Market* market = feed_.catalogue().find_slug(slug_or_id)) return market->id;
  return domain::parse_hex<domain::MarketId>(slug_or_id);
}

// Sorted by slug, so that a page's cursor (its last slug) stays valid while markets come and go.
http::Response MarketResource::list(const http::Request& request) const {
  const auto limit = count_parameter(request, "limit", kPageDefault, 1, kPageMax);
  if (const auto* refused = std::get_if<http::Response>(&limit)) return *refused;
  const auto after = request.query_value("cursor");
  const auto event = request.query_value("event");
  const auto wanted = request.query_value("q");
  std::optional<domain::MarketStatus> status;
  if (const auto text = request.query_value("status")) {
    status = domain::enumerator_named<domain::MarketStatus>(*text);
    if (!status) return http::problem(400, "status must be " + one_of<domain::MarketStatus>());
  }
  std::vector<const Market*> markets = feed_.catalogue().tracked();
  const std::size_t total = markets.size();
  std::erase_if(markets, [&](const Market* market) {
    return (after && market->slug <= *after) || (event && market->event_slug != *event) ||
           (status && market->status != *status) ||
           (wanted && !contains_ignoring_case(market->question, *wanted) &&
            !contains_ignoring_case(market->slug, *wanted));
  });
  std::sort(markets.begin(), markets.end(),
            [](const Market* a, const Market* b) { return a->slug < b->slug; });
  const std::size_t page = std::min(markets.size(), std::get<std::size_t>(limit));
  JsonWriter out;
  out.begin_object().field("tracked", total).key("markets").begin_array();
  for (std::size_t i = 0; i < page; ++i) {
    const domain::MarketId& id = markets[i]->id;
    write_market(out, *markets[i], feed_.catalogue().choice(id).value_or(Choice{}),
                 feed_.quote(id));
  }
  out.end_array().key("next_cursor");
  if (page < markets.size()) {
    out.value(markets[page - 1]->slug);
  } else {
    out.null();
  }
  out.end_object();
  return http::json(out.take());
}

http::Response MarketResource::book(const http::Request& request) const {
  const auto depth = count_parameter(request, "depth", kDepthDefault, 1, kDepthMax);
  if (const auto* refused = std::get_if<http::Response>(&depth)) return *refused;
  const std::string_view outcome = request.query_value("outcome").value_or("yes");
  if (outcome != "yes" && outcome != "no") return http::problem(400, "outcome must be yes or no");
  const auto id = find(request.param("slug"));
  const Market* const market = id ? feed_.catalogue().find(*id) : nullptr;
  if (market == nullptr) return http::problem(404, "no such market is tracked");
  const auto book = feed_.book(*id);
  if (!book) {
    return http::problem(
        404, "this market is " + std::string(name_of(market->status)) + " and has no book");
  }
  JsonWriter out;
  write_book(out, *market, *book, outcome == "yes" ? domain::Outcome::Yes : domain::Outcome::No,
             std::get<std::size_t>(depth));
  return http::json(out.take());
}

}  // namespace polybot::gateway
