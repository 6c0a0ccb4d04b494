#include "services/gateway/feed/discovery.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "services/gateway/feed/wake.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::Market;
using domain::MarketId;

namespace {

// A listing answers up to 100; a URL of 50 condition ids is some 4 KB.
constexpr std::size_t kLookupIdsMax = 50;
// However long the venue's caches claim to keep a page.
constexpr domain::Duration kMaxAgeMax = std::chrono::minutes(10);
// A page of a hundred markets is some 100 KB packed: a long listing is read at that a second.
constexpr domain::Duration kPerPage = std::chrono::seconds(1);
constexpr std::size_t kPagesAtOnce = 10;  // so few need not be spread

Listing listing_of(const polymarket::GammaMarket& listed) {
  return {.market = polymarket::to_market(listed), .facts = facts_of(listed)};
}

}  // namespace

ListedFacts facts_of(const polymarket::GammaMarket& listed) {
  return {.volume_24h = listed.volume_24h,
          .liquidity = listed.liquidity,
          .category = listed.category,
          .tags = listed.tags};
}

asio::awaitable<ListingAnswer> read_listing_page(VenueRest& rest, DiscoverySettings settings,
                                                 std::string cursor, std::string etag) {
  for (int attempt = 1;; ++attempt) {
    ListingAnswer page =
        co_await rest.open_markets(cursor, settings.page_size, settings.tags, etag);
    const bool again = !page && page.error() == PageFailure::NoAnswer;
    if (!again || attempt >= settings.page_attempts) co_return page;
    co_await runtime::sleep_for(std::exchange(settings.page_retry, 2 * settings.page_retry));
  }
}

Discovery::Discovery(asio::any_io_executor executor, DiscoverySettings settings, VenueRest& rest,
                     MarketCatalogue& catalogue, FeedMetrics& metrics, runtime::Clock clock,
                     std::function<void()> on_progress, std::function<std::set<MarketId>()> pinned)
    : settings_(settings),
      rest_(rest),
      catalogue_(catalogue),
      metrics_(metrics),
      clock_(clock),
      on_progress_(std::move(on_progress)),
      timer_(executor),
      job_wake_(executor, asio::steady_timer::time_point::max()),
      pinned_(std::move(pinned)) {}

void Discovery::hint() {
  hinted_ = true;
  timer_.cancel();
}

asio::awaitable<void> Discovery::run() {
  using namespace asio::experimental::awaitable_operators;
  jobs_.clear();  // a life that ended by an exception may have left some
  taken_.clear();
  co_await (crawls() && readings() && workers(settings_.requests_at_once));
}

asio::awaitable<void> Discovery::crawls() {
  for (;;) {
    co_await crawl();
    hint();
    co_await runtime::sleep_for(crawl_interval());
  }
}

asio::awaitable<void> Discovery::readings() {
  for (;;) {
    if (pinned_) catalogue_.pin(pinned_());
    catalogue_.on_time(clock_.now());
    catalogue_.expire(clock_.monotonic());
    if (listing_whole_) tell_unused_words();
    on_progress_();
    queue_wanted();
    co_await pause();
  }
}

domain::Duration Discovery::crawl_interval() const {
  const auto further_pages =
      static_cast<std::int64_t>(std::max<std::size_t>(pages_of_crawl_, 1) - 1);
  return std::max({settings_.interval, std::min(max_age_, kMaxAgeMax), further_pages * kPerPage});
}

// Until the next reading: soon after a hint, but never below `interval_min`.
asio::awaitable<void> Discovery::pause() {
  co_await runtime::sleep_for(settings_.interval_min);
  if (!hinted_) {
    timer_.expires_after(settings_.reading - std::min(settings_.reading, settings_.interval_min));
    co_await until_woken(timer_);
  }
  hinted_ = false;
}

asio::awaitable<void> Discovery::crawl() {
  std::string cursor;
  bool last_page = false;
  std::size_t pages = 0;
  int restarts = 0;
  domain::Duration pause{};
  if (pages_of_crawl_ > kPagesAtOnce)
    pause = crawl_interval() / static_cast<std::int64_t>(2 * pages_of_crawl_);
  max_age_ = {};
  while (pages < settings_.pages_max && !last_page) {
    if (pages > 0 && pause > domain::Duration::zero()) co_await runtime::sleep_for(pause);
    NextCursor next = co_await read_page(cursor);
    if (!next && next.error() == PageFailure::CursorUnknown && restarts++ < kRestartsMax) {
      begin_again();
      cursor.clear();
      pages = 0;
      continue;
    }
    if (!next) {  // markets of pages not read are not missing
      pages_of_crawl_ = std::max(pages_of_crawl_, pages);
      co_return;
    }
    ++pages;
    if (crawls_ == 0) hint();  // the first books need not wait for the last page
    last_page = next->empty();
    cursor = std::move(*next);
  }
  pages_of_crawl_ = pages;
  listing_whole_ = last_page;
  const std::size_t left_out_before = catalogue_.left_out();
  catalogue_.on_crawl_finished();
  ++crawls_;
  tell_crawl(left_out_before);
}

// What was remembered of the pages leads to the same cursors.
void Discovery::begin_again() {
  pages_.clear();
  metrics_.listing_restarts.increment();
  runtime::log::info("The venue does not know a cursor of its listing any more: it is read anew");
}

void Discovery::tell_crawl(std::size_t left_out_before) {
  if (catalogue_.left_out() != left_out_before) {
    runtime::log::warning(
        "Other listed markets than before are left out: no room, or their slug or token is taken",
        {{"left_out", catalogue_.left_out()}, {"kept", catalogue_.entries()}});
  }
  runtime::log::debug("Listing read",
                      {{"markets", catalogue_.entries()}, {"whole", listing_whole_}});
}

void Discovery::tell_unused_words() {
  if (catalogue_.unused_words() == told_unused_) return;
  told_unused_ = catalogue_.unused_words();
  if (told_unused_.empty()) return;
  runtime::log::warning(
      "A word of [markets] fits no listed market: is it spelled as the venue spells it?",
      {{"words", told_unused_.size()}, {"first", told_unused_.front()}});
}

asio::awaitable<Discovery::NextCursor> Discovery::read_page(std::string cursor) {
  const auto known = pages_.find(cursor);
  std::string etag = known == pages_.end() ? "" : known->second.etag;
  ListingAnswer page = co_await read_listing_page(rest_, settings_, cursor, std::move(etag));
  if (page && page->unchanged) {
    max_age_ = std::max(max_age_, page->max_age);
    if (catalogue_.on_unchanged(pages_[cursor].markets)) co_return pages_[cursor].next_cursor;
    pages_.erase(cursor);
    page = co_await read_listing_page(rest_, settings_, cursor, "");
  }
  if (!page) co_return page.error();
  max_age_ = std::max(max_age_, page->max_age);
  std::string next = page->page.next_cursor;
  take_page(cursor, std::move(*page));
  co_return next;
}

void Discovery::take_page(const std::string& cursor, ListingPage page) {
  catalogue_.on_time(clock_.now());
  KnownPage known{std::move(page.etag), page.page.next_cursor, {}};
  std::vector<Listing> listings;
  listings.reserve(page.page.markets.size());
  for (const auto& listed : page.page.markets) {
    listings.push_back(listing_of(listed));
    known.markets.push_back(listed.id);
  }
  catalogue_.on_listed(listings, clock_.monotonic());
  for (const auto& skipped : page.page.skipped) {
    if (skipped.neg_risk_market) catalogue_.on_unreadable(*skipped.neg_risk_market);
    if (skipped.id) take_unreadable(skipped);
  }
  // A page with a market that cannot be read is read again, until it can be.
  const bool memorable = !known.etag.empty() && page.page.skipped.empty();
  pages_.erase(cursor);
  if (memorable && pages_.size() < settings_.pages_max) pages_.emplace(cursor, std::move(known));
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

// ---- what is wanted ----------------------------------------------------------------------------

// The catalogue is asked once nothing is in line any more: what it names by then is new, or comes
// first.
void Discovery::queue_wanted() {
  wanted_meanwhile_ = !jobs_.empty();
  if (wanted_meanwhile_) return;
  CatalogueWants wants = catalogue_.wanted(clock_.monotonic());
  std::erase_if(wants.lookups, [&](const MarketId& id) {
    return taken_.contains({Job::Kind::LookUp, id.bytes});
  });
  for (std::size_t from = 0; from < wants.lookups.size(); from += kLookupIdsMax) {
    const auto first = wants.lookups.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = wants.lookups.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                  from + kLookupIdsMax, wants.lookups.size()));
    put({.kind = Job::Kind::LookUp, .markets = {first, last}, .event = {}, .event_slug = {}});
  }
  for (auto& [event, slug] : wants.event_totals) {
    put({.kind = Job::Kind::EventTotal,
         .markets = {},
         .event = event,
         .event_slug = std::move(slug)});
  }
  for (const MarketId& id : wants.records)
    put({.kind = Job::Kind::Record, .markets = {id}, .event = {}, .event_slug = {}});
}

std::vector<Discovery::Subject> Discovery::subjects_of(const Job& job) {
  if (job.kind == Job::Kind::EventTotal) return {{job.kind, job.event.bytes}};
  std::vector<Subject> subjects;
  for (const MarketId& id : job.markets) subjects.emplace_back(job.kind, id.bytes);
  return subjects;
}

void Discovery::put(Job job) {
  const std::vector<Subject> subjects = subjects_of(job);
  if (taken_.contains(subjects.front())) return;
  taken_.insert(subjects.begin(), subjects.end());
  jobs_.push_back(std::move(job));
  job_wake_.cancel_one();
}

asio::awaitable<void> Discovery::workers(std::size_t count) {
  using namespace asio::experimental::awaitable_operators;
  if (count <= 1) {
    co_await work();
  } else {
    co_await (work() && workers(count - 1));
  }
}

asio::awaitable<void> Discovery::work() {
  for (;;) {
    while (jobs_.empty()) co_await until_woken(job_wake_);
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const std::vector<Subject> subjects = subjects_of(job);
    co_await carry_out(std::move(job));
    for (const Subject& subject : subjects) taken_.erase(subject);
    // The first books need not wait for the last record, nor the last ones for one that hangs.
    if (++carried_out_ % settings_.requests_at_once == 0 || jobs_.empty()) on_progress_();
    if (jobs_.empty() && std::exchange(wanted_meanwhile_, false)) hint();
  }
}

asio::awaitable<void> Discovery::carry_out(Job job) {
  switch (job.kind) {
    case Job::Kind::LookUp:
      co_await look_up(std::move(job.markets));
      break;
    case Job::Kind::EventTotal:
      co_await read_event(job.event, std::move(job.event_slug));
      break;
    case Job::Kind::Record:
      co_await read_record(job.markets.front());
      break;
  }
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
  std::vector<Listing> listings;
  std::set<MarketId> there;
  for (const auto& listed : found->markets) {
    Listing listing = co_await with_result(listed);
    there.insert(listing.market.id);
    listings.push_back(std::move(listing));
  }
  for (const auto& skipped : found->skipped) {
    there.insert(*skipped.id);
    take_unreadable(skipped);
  }
  std::erase_if(ids, [&](const MarketId& id) { return there.contains(id); });
  catalogue_.on_looked_up(listings, ids, clock_.monotonic());
}

// Some closed markets never get a resolution status. Then the payout by their prices is taken when
// the CLOB names the same winner.
asio::awaitable<Listing> Discovery::with_result(polymarket::GammaMarket listed) {
  Listing listing = listing_of(listed);
  const auto claimed = polymarket::claimed_payout(listed);
  if (!claimed || listing.market.status == domain::MarketStatus::Resolved) co_return listing;
  const auto result = co_await rest_.result(listed.id);
  if (!result || !polymarket::confirms(*result, listed, *claimed)) co_return listing;
  listing.market.status = domain::MarketStatus::Resolved;
  listing.market.payout = *claimed;
  co_return listing;
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
