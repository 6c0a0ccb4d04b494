#include "services/gateway/feed/feed.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "services/gateway/feed/venue_books.hpp"
#include "services/gateway/feed/wake.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::Duration;
using domain::Market;
using domain::MarketId;
using domain::Timestamp;
using domain::TokenId;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFetchesWaitingMax = 64;  // two fetchers; each asks for up to 100 books

}  // namespace

Feed::Feed(asio::any_io_executor executor, FeedSettings settings, FeedMetrics& metrics,
           runtime::Health& health, runtime::Clock clock, bus::Stats& stats, FeedListener listener)
    : executor_(executor),
      settings_(std::move(settings)),
      metrics_(metrics),
      health_(health),
      clock_(clock),
      listener_(std::move(listener)),
      catalogue_(settings_.catalogue),
      supervisor_(settings_.supervisor),
      rest_(executor, settings_.urls, metrics, clock),
      discovery_(
          executor, settings_.discovery, rest_, catalogue_, metrics, clock,
          [this] { apply_catalogue(); }, listener_.pinned),
      clock_watch_(executor, rest_, settings_.clock, [this](Duration offset) { on_clock(offset); }),
      publication_(
          executor, settings_.publication, shards_,
          [this](domain::Shard shard) { return contents_of(shard); }, clock, stats),
      fetch_wake_(executor, asio::steady_timer::time_point::max()) {
  health_.add(kFeed, "connecting to the venue");
  health_.add(kBooks, "no market is known yet");
}

void Feed::close() {
  for (const Market* market : catalogue_.tracked()) {
    books_.mark_stale(market->id, ResyncReason::Disconnected, clock_.now(), updates_);
  }
  take_updates(SnapshotSource::Socket, Origin::Supervisor);
  sockets_.clear();
  publication_.close();
}

asio::awaitable<void> Feed::run() {
  using namespace asio::experimental::awaitable_operators;
  co_await (discovery_.run() && tick() && fetch_books() && fetch_books() && clock_watch_.run());
}

// ---- from the venue --------------------------------------------------------------------------

void Feed::on_text(LinkId id, std::string_view text, Timestamp received_at) {
  const Duration started = clock_.monotonic();
  const auto parsed = polymarket::parse_market_frame(text, frame_);
  if (recorder_ != nullptr && frame_.kind == polymarket::FrameKind::Events)
    recorder_->on_frame(text, frame_, received_at);
  if (!parsed) {
    if (frame_.unreadable.empty()) refuse(parsed.error(), text);
    return take_messages(id, text, received_at);
  }
  if (frame_.kind == polymarket::FrameKind::Pong) {
    supervisor_.on_pong(id, started);
    return;
  }
  if (frame_.kind == polymarket::FrameKind::InvalidOperation) {
    metrics_.refused[FrameRefusal::InvalidOperation].increment();
    bad_frames_.warning("The venue did not understand a subscription");
    return;
  }
  supervisor_.on_data(id, started);
  const auto socket = sockets_.find(id);
  if (socket == sockets_.end()) return;
  if (const auto known = changes_known_at(frame_, received_at)) {
    socket->second.data_at = *known;
    on_known(*known);
  }
  for (std::uint32_t i = 0; i < frame_.unknown_events; ++i) metrics_.count_event(kUnknownEvent);
  take_messages(id, text, received_at);
  publication_.flush();
  metrics_.feed_latency.observe(clock_.monotonic() - started);
}

void Feed::on_known(Timestamp at) {
  if (at <= known_at_) return;
  known_at_ = at;
  metrics_.last_update.set(at);
}

// Messages are taken in the order of the frame: a book is doubted after what came before an
// unreadable message, and trusted again by what comes after it.
void Feed::take_messages(LinkId id, std::string_view frame, Timestamp received_at) {
  auto unreadable = frame_.unreadable.cbegin();
  for (std::size_t i = 0; i <= frame_.events.size(); ++i) {
    for (; unreadable != frame_.unreadable.cend() && unreadable->events_before == i; ++unreadable) {
      refuse(unreadable->error, frame);
      if (unreadable->changes_books) doubt(id, unreadable->market, received_at);
    }
    if (i == frame_.events.size()) return;
    if (!sockets_.contains(id)) return;  // an earlier event was the link's last straw
    ++events_seen_;
    metrics_.count_event(frame_.events[i].index());
    std::visit([&](const auto& body) { on_event(body, received_at); }, frame_.events[i]);
  }
}

void Feed::refuse(const polymarket::ParseError& error, std::string_view frame) {
  metrics_.refused[FrameRefusal::Malformed].increment();
  bad_frames_.warning("Market channel message could not be read",
                      {{"error", polymarket::to_string(error)}, {"frame", frame.substr(0, 200)}});
}

// A message could not be read: its change is missing from the book of its market or, when the
// market is unknown, from one of those that the link carries.
void Feed::doubt(LinkId link, const std::optional<MarketId>& market, Timestamp now) {
  std::vector<MarketId> doubted;
  if (market) doubted.push_back(*market);
  for (const TokenId& token : market ? std::vector<TokenId>{} : supervisor_.tokens_of(link)) {
    if (const auto known = books_.market_of(token)) doubted.push_back(*known);
  }
  for (const MarketId& id : doubted) books_.mark_stale(id, ResyncReason::BadLevel, now, updates_);
  take_updates(SnapshotSource::Socket, Origin::Integrity);
}

void Feed::on_event(const polymarket::BookEvent& event, Timestamp now) {
  supervisor_.on_book_data(event.token, clock_.monotonic());
  const OpenSocket* socket = socket_of(event.token);
  books_.on(token_book(event, socket == nullptr ? Timestamp{} : socket->subscribed_at),
            SnapshotSource::Socket, now, updates_);
  take_updates(SnapshotSource::Socket, Origin::Integrity);
}

void Feed::on_event(const polymarket::PriceChangeEvent& event, Timestamp now) {
  metrics_.observe_lag(now - event.venue_at);
  changes_.clear();
  for (const polymarket::PriceChange& change : event.changes) {
    supervisor_.on_book_data(change.token, clock_.monotonic());
    changes_.push_back({.token = change.token,
                        .side = change.side,
                        .price = change.price,
                        .quantity = change.quantity,
                        .has_best = change.has_best,
                        .best_bid = change.best_bid,
                        .best_ask = change.best_ask});
  }
  books_.on(TokenChanges{.changes = changes_, .venue_at = event.venue_at}, now, updates_);
  take_updates(SnapshotSource::Socket, Origin::Integrity);
}

void Feed::on_event(const polymarket::LastTradeEvent& event, Timestamp now) {
  metrics_.observe_lag(now - event.venue_at);
  books_.on(TokenTrade{.token = event.token,
                       .side = event.side,
                       .price = event.price,
                       .quantity = event.quantity,
                       .venue_at = event.venue_at},
            now, updates_);
  take_updates(SnapshotSource::Socket, Origin::Integrity);
}

void Feed::on_event(const polymarket::TickSizeChangeEvent& event, Timestamp now) {
  books_.on(TokenTick{.token = event.token, .tick = event.new_tick, .venue_at = event.venue_at},
            now, updates_);
  take_updates(SnapshotSource::Socket, Origin::Integrity);
}

// It may come before the change that caused it, so it is counted, but is no reason to distrust a
// book.
void Feed::on_event(const polymarket::BestBidAskEvent&, Timestamp) {}

void Feed::on_event(const polymarket::NewMarketEvent& event, Timestamp) {
  catalogue_.announce(event.market);
  discovery_.hint();
}

void Feed::on_event(const polymarket::MarketResolvedEvent& event, Timestamp) {
  const Market* market = catalogue_.find(event.market);
  if (market == nullptr) return;
  const Duration now = clock_.monotonic();
  if (event.winning_token == market->yes_token) {
    catalogue_.on_resolved(event.market, {domain::kPriceOne, {}}, now);
  } else if (event.winning_token == market->no_token) {
    catalogue_.on_resolved(event.market, {{}, domain::kPriceOne}, now);
  } else {
    catalogue_.on_over(event.market, now);  // the listing will tell what it pays
  }
  apply_catalogue();
  discovery_.hint();
}

// ---- what follows ----------------------------------------------------------------------------

void Feed::take_updates(SnapshotSource source, Origin origin) {
  FeedActions actions;
  const Duration now = clock_.monotonic();
  for (const BookUpdate& update : updates_.updates) {
    publication_.publish(update);
    const MarketId& id =
        std::visit([](const auto& body) -> const MarketId& { return body.market; }, update);
    const Market* market = catalogue_.find(id);
    if (market == nullptr) continue;
    changed_quotes_.insert(id);
    if (std::holds_alternative<domain::BookSnapshot>(update)) {
      if (recorder_ != nullptr && source == SnapshotSource::Rest) recorder_->on_rest_book(id);
      supervisor_.on_book_fresh(market->yes_token, source, now);
    } else if (const auto* trade = std::get_if<domain::TradeTick>(&update);
               trade && listener_.on_trade) {
      listener_.on_trade(*market, *trade);
    }
  }
  record_gaps();
  for (const Resync& resync : updates_.resyncs) {
    metrics_.resyncs[resync.reason].increment();
    if (origin == Origin::Supervisor) continue;
    const Market* market = catalogue_.find(resync.market);
    resyncs_.info("Book resync",
                  {{"market", market ? market->slug : domain::to_string(resync.market)},
                   {"reason", domain::name_of(resync.reason)}});
    supervisor_.on_book_failed(resync.token, resync.reason, now, actions);
  }
  for (const TickChange& change : updates_.ticks) catalogue_.on_tick(change.market, change.tick);
  const bool ticks_changed = !updates_.ticks.empty();
  metrics_.refused[FrameRefusal::UntrackedToken].add(static_cast<double>(updates_.ignored));
  updates_.clear();
  if (ticks_changed) apply_catalogue();
  perform(std::move(actions));
}

void Feed::apply_catalogue() {
  const CatalogueChanges changes = catalogue_.take_changes();
  FeedActions actions;
  const Duration now = clock_.monotonic();
  for (const MarketId& id : changes.books_ended) {
    const auto view = books_.find(id);
    if (!view) continue;
    supervisor_.remove(view->yes, actions);
    books_.mark_stale(id, ResyncReason::Disconnected, clock_.now(), updates_);
    for (const BookUpdate& update : updates_.updates) publication_.publish(update);
    updates_.clear();  // the end of a market is no resync
    books_.untrack(id);
    changed_quotes_.insert(id);
  }
  for (const MarketId& id : changes.changed) {
    const Market* market = catalogue_.find(id);
    if (market == nullptr) continue;
    shards_.add(id, market->event);
    publication_.publish(*market);
    // A reader trusts no book from before a change of the price grid.
    if (books_.find(id)) owed_.insert(id);
    if (listener_.on_market) listener_.on_market(*market);
    if (recorder_ != nullptr) recorder_->on_market(*market);
  }
  for (const MarketId& id : changes.books_begun) {
    const Market* market = catalogue_.find(id);
    if (market == nullptr || !catalogue_.has_book(id)) continue;
    books_.track(id, market->yes_token, market->no_token, market->tick);
    supervisor_.add(market->yes_token, now, actions);
  }
  for (const MarketId& id : changes.removed) {
    shards_.remove(id);
    changed_quotes_.erase(id);
    owed_.erase(id);
  }
  perform(std::move(actions));
}

void Feed::perform(FeedActions actions) {
  for (const FeedAction& action : actions) {
    std::visit([&](const auto& one) { perform_one(one); }, action);
  }
}

void Feed::perform_one(const OpenLink& action) {
  const LinkId id = action.link;
  MarketLink::Reports reports{
      .on_open =
          [this, id] {
            runtime::log::debug("Market channel open", {{"link", id.value}});
            clock_watch_.hint();
            FeedActions actions;
            supervisor_.on_open(id, clock_.monotonic(), actions);
            perform(std::move(actions));
          },
      .on_text = [this, id](std::string_view text, Timestamp at) { on_text(id, text, at); },
      .on_end =
          [this, id](std::string_view why) {
            runtime::log::warning("Market channel ended", {{"link", id.value}, {"why", why}});
            sockets_.erase(id);
            FeedActions actions;
            supervisor_.on_closed(id, clock_.monotonic(), actions);
            perform(std::move(actions));
          }};
  sockets_[id].link =
      std::make_unique<MarketLink>(executor_, settings_.urls, clock_, std::move(reports));
}

void Feed::perform_one(const CutLink& action) {
  runtime::log::info("Market channel cut",
                     {{"link", action.link.value}, {"why", domain::name_of(action.why)}});
  sockets_.erase(action.link);
}

void Feed::perform_one(const SubscribeTokens& action) {
  const auto socket = sockets_.find(action.link);
  if (socket == sockets_.end()) return;
  socket->second.subscribed_at = clock_.now();
  runtime::log::debug("Tokens subscribed",
                      {{"link", action.link.value}, {"tokens", action.tokens.size()}});
  socket->second.link->send(action.first ? polymarket::market_subscribe(action.tokens)
                                         : polymarket::market_subscribe_more(action.tokens));
}

void Feed::perform_one(const UnsubscribeTokens& action) {
  const auto socket = sockets_.find(action.link);
  if (socket != sockets_.end())
    socket->second.link->send(polymarket::market_unsubscribe(action.tokens));
}

void Feed::perform_one(const SendPing& action) {
  const auto socket = sockets_.find(action.link);
  if (socket != sockets_.end()) socket->second.link->send(std::string(polymarket::kPing));
}

void Feed::perform_one(const StaleBooks& action) {
  for (const TokenId& token : action.tokens) {
    if (const auto market = books_.market_of(token)) {
      books_.mark_stale(*market, action.reason, clock_.now(), updates_);
    }
  }
  take_updates(SnapshotSource::Socket, Origin::Supervisor);
}

void Feed::perform_one(const FetchBooks& action) {
  // The supervisor asks again for what is dropped here.
  if (fetches_.size() == kFetchesWaitingMax) fetches_.pop_front();
  fetches_.push_back(action);
  fetch_wake_.cancel_one();
}

asio::awaitable<void> Feed::fetch_books() {
  for (;;) {
    while (fetches_.empty()) co_await until_woken(fetch_wake_);
    FetchBooks fetch = std::move(fetches_.front());
    fetches_.pop_front();
    const Timestamp asked_at = clock_.now();
    const auto books = co_await rest_.books(std::move(fetch.tokens));
    if (!books) continue;
    on_rest_books(*books, fetch.purpose, asked_at);
  }
}

void Feed::on_rest_books(const std::vector<polymarket::BookSummary>& answer, FetchPurpose purpose,
                         Timestamp asked_at) {
  if (purpose != FetchPurpose::Resync) return compare(answer, purpose, asked_at);
  for (const polymarket::BookSummary& book : answer) {
    books_.on(token_book(book, asked_at), SnapshotSource::Rest, clock_.now(), updates_);
    take_updates(SnapshotSource::Rest, Origin::Integrity);
  }
}

void Feed::compare(const std::vector<polymarket::BookSummary>& answer, FetchPurpose purpose,
                   Timestamp asked_at) {
  std::map<LinkId, bool> holds;  // whether each book of the link still stands
  FeedActions actions;
  for (const polymarket::BookSummary& book : answer) {
    const auto link = supervisor_.link_of(book.token);
    if (!link) continue;
    const Agreement agreement = books_.compare(token_book(book, asked_at));
    const bool equal = agreement == Agreement::Equal;
    bool& all = holds.try_emplace(*link, true).first->second;
    all = all && equal;
    // In a quiet market no message says that the feed lives.
    if (equal) on_known(asked_at);
    supervisor_.on_compared(book.token, agreement, clock_.monotonic(), actions);
  }
  for (const auto& [link, all] : holds) {
    const auto socket = sockets_.find(link);
    if (purpose == FetchPurpose::Sample && all && socket != sockets_.end())
      socket->second.data_at = std::max(socket->second.data_at, asked_at);
  }
  perform(std::move(actions));
}

// A recording tells how far the clocks are apart.
void Feed::on_clock(Duration offset) {
  metrics_.set_clock_offset(offset);
  if (recorder_ != nullptr) recorder_->set_clock_offset(offset);
}

// ---- time ------------------------------------------------------------------------------------

asio::awaitable<void> Feed::tick() {
  constexpr auto kTurn = milliseconds(15);  // a 64th of a second
  constexpr auto kJudge = milliseconds(45);
  constexpr auto kReport = milliseconds(500);
  Duration judged_at{};
  Duration quoted_at{};
  Duration reported_at{};
  asio::steady_timer timer(executor_);
  for (;;) {
    timer.expires_after(kTurn);
    co_await timer.async_wait(asio::use_awaitable);
    const Duration now = clock_.monotonic();
    const auto due = [&](Duration& last, Duration interval) {
      if (now - last < interval) return false;
      last = now;
      return true;
    };
    if (due(judged_at, kJudge)) {
      books_.judge(clock_.now(), updates_);
      take_updates(SnapshotSource::Socket, Origin::Integrity);
      FeedActions actions;
      supervisor_.on_timer(now, actions);
      perform(std::move(actions));
    }
    if (due(quoted_at, settings_.quote_interval)) publish_quotes();
    if (due(reported_at, kReport)) {
      report();
      hear_what_is_missed();
    }
    tell(now);
  }
}

const Feed::OpenSocket* Feed::socket_of(const TokenId& token) const {
  const auto link = supervisor_.link_of(token);
  if (!link) return nullptr;
  const auto socket = sockets_.find(*link);
  return socket == sockets_.end() ? nullptr : &socket->second;
}

Timestamp Feed::vouched_at(const MarketId& id) const {
  const Market* market = catalogue_.find(id);
  if (market == nullptr) return {};
  const OpenSocket* socket = socket_of(market->yes_token);
  return socket == nullptr ? Timestamp{} : socket->data_at;
}

std::optional<domain::BookSnapshot> Feed::book(const MarketId& market) const {
  return books_.snapshot(market, vouched_at(market));
}

}  // namespace polybot::gateway
