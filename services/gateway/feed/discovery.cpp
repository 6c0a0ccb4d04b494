#include "services/gateway/feed/discovery.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>

#include "common/runtime/until_all_end.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::Market;
using domain::MarketId;

namespace {

// A listing answers up to 100; a URL of 50 condition ids is some 4 KB.
constexpr std::size_t kLookupIdsMax = 50;

}  // namespace

Discovery::Discovery(asio::any_io_executor executor, DiscoverySettings settings, VenueRest& rest,
                     MarketCatalogue& catalogue, runtime::Clock clock,
                     std::function<void()> on_progress)
    : executor_(executor),
      settings_(settings),
      rest_(rest),
      catalogue_(catalogue),
      clock_(clock),
      on_progress_(std::move(on_progress)),
      timer_(executor) {}

void Discovery::hint() {
  hinted_ = true;
  timer_.cancel();
}

asio::awaitable<void> Discovery::run() {
  for (;;) {
    co_await crawl();
    co_await read_wanted();
    catalogue_.expire(clock_.monotonic());
    on_progress_();
    co_await pause();
  }
}

// The interval, cut short by a hint but never below `interval_min`.
asio::awaitable<void> Discovery::pause() {
  co_await runtime::sleep_for(settings_.interval_min);
  if (!hinted_) {
    timer_.expires_after(settings_.interval - std::min(settings_.interval, settings_.interval_min));
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
  hinted_ = false;
}

asio::awaitable<void> Discovery::crawl() {
  std::string cursor;
  bool last_page = false;
  for (std::size_t page_number = 0; page_number < settings_.pages_max && !last_page;
       ++page_number) {
    auto page = co_await rest_.open_markets(cursor, settings_.page_size);
    if (!page) co_return;  // markets of pages not read are not missing
    std::vector<Market> markets;
    markets.reserve(page->markets.size());
    for (const auto& listed : page->markets) markets.push_back(polymarket::to_market(listed));
    catalogue_.on_listed(markets, clock_.monotonic());
    for (const auto& skipped : page->skipped) {
      if (skipped.neg_risk_market) catalogue_.on_unreadable(*skipped.neg_risk_market);
      if (skipped.id) take_unreadable(skipped);
    }
    last_page = page->next_cursor.empty();
    cursor = std::move(page->next_cursor);
  }
  listing_whole_ = last_page;
  const std::size_t left_out_before = catalogue_.left_out();
  catalogue_.on_crawl_finished();
  if (catalogue_.left_out() != left_out_before) {
    runtime::log::warning(
        "Other listed markets than before are left out: no room, or their slug or token is taken",
        {{"left_out", catalogue_.left_out()}, {"kept", catalogue_.entries()}});
  }
  ++crawls_;
  runtime::log::debug("Listing read",
                      {{"markets", catalogue_.entries()}, {"whole", listing_whole_}});
}

void Discovery::take_unreadable(const polymarket::SkippedMarket& skipped) {
  std::optional<Market> state;
  if (skipped.state) state = polymarket::to_market(*skipped.state);
  const bool news =
      catalogue_.on_unreadable_listing(*skipped.id, skipped.error.where, state, clock_.monotonic());
  if (news) tell_unreadable(skipped.slug, skipped.error);
}

void Discovery::tell_unreadable(const std::string& market, const polymarket::ParseError& error) {
  runtime::log::error(
      "What the venue says of a market cannot be read any more: nothing is opened there",
      {{"market", market}, {"error", polymarket::to_string(error)}});
}

asio::awaitable<void> Discovery::read_wanted() {
  CatalogueWants wants = catalogue_.wanted(clock_.monotonic());
  std::vector<asio::awaitable<void>> tasks;
  const auto flush = [&]() { return runtime::until_all_end(executor_, std::exchange(tasks, {})); };
  for (std::size_t from = 0; from < wants.lookups.size(); from += kLookupIdsMax) {
    const auto first = wants.lookups.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = wants.lookups.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                  from + kLookupIdsMax, wants.lookups.size()));
    tasks.push_back(look_up({first, last}));
    if (tasks.size() == settings_.requests_at_once) co_await flush();
  }
  for (auto& [event, slug] : wants.event_totals) {
    tasks.push_back(read_event(event, std::move(slug)));
    if (tasks.size() == settings_.requests_at_once) co_await flush();
  }
  for (const MarketId& id : wants.records) {
    tasks.push_back(read_record(id));
    if (tasks.size() == settings_.requests_at_once) {
      co_await flush();
      on_progress_();  // the first books need not wait for the last record
    }
  }
  co_await flush();
}

asio::awaitable<void> Discovery::read_record(MarketId id) {
  const auto answer = co_await rest_.record(id);
  const Market* listed = catalogue_.listed(id);
  if (!answer || listed == nullptr) co_return;
  if (!*answer) {
    const polymarket::ParseError error = answer->error();
    if (catalogue_.on_unreadable_record(id, error.where, clock_.monotonic()))
      tell_unreadable(listed->slug, error);
    co_return;
  }
  const polymarket::ClobMarket& record = **answer;
  const std::string_view field = polymarket::contradiction(*listed, record);
  if (field.empty()) {
    runtime::log::debug("Market record read", {{"market", listed->slug}});
    // Whether it accepts orders is read from the record, not remembered: a paused market may go on.
    Market open = *listed;
    open.status = domain::MarketStatus::Active;
    catalogue_.on_record(polymarket::with_record(std::move(open), record), clock_.monotonic());
    co_return;
  }
  runtime::log::warning("Market refused: listing and record contradict each other",
                        {{"market", listed->slug}, {"field", field}});
  catalogue_.on_contradiction(id, field);
}

asio::awaitable<void> Discovery::look_up(std::vector<MarketId> ids) {
  const auto found = co_await rest_.markets_by_id(ids);
  if (!found) co_return;
  std::vector<Market> markets;
  std::set<MarketId> there;
  for (const auto& listed : found->markets) {
    Market market = co_await with_result(listed);
    there.insert(market.id);
    markets.push_back(std::move(market));
  }
  for (const auto& skipped : found->skipped) {
    there.insert(*skipped.id);
    take_unreadable(skipped);
  }
  std::erase_if(ids, [&](const MarketId& id) { return there.contains(id); });
  catalogue_.on_looked_up(markets, ids, clock_.monotonic());
}

// Some closed markets never get a resolution status. Then the payout by their prices is taken when
// the CLOB names the same winner.
asio::awaitable<Market> Discovery::with_result(polymarket::GammaMarket listed) {
  Market market = polymarket::to_market(listed);
  const auto claimed = polymarket::claimed_payout(listed);
  if (!claimed || market.status == domain::MarketStatus::Resolved) co_return market;
  const auto result = co_await rest_.result(listed.id);
  if (!result || !polymarket::confirms(*result, listed, *claimed)) co_return market;
  market.status = domain::MarketStatus::Resolved;
  market.payout = *claimed;
  co_return market;
}

// Where a venue serves no events, a listing that was read to its end tells how many markets an
// event has.
asio::awaitable<void> Discovery::read_event(domain::EventGroupId event, std::string slug) {
  const auto answer = co_await rest_.event_total(std::move(slug));
  if (!answer) co_return;
  if (const auto* total = std::get_if<std::size_t>(&*answer)) {
    catalogue_.on_event_total(event, *total);
  } else if (listing_whole_) {
    catalogue_.on_event_total(event, 0);
  }
}

}  // namespace polybot::gateway
