#include "tests/simulation/gateway.hpp"

#include <array>

namespace polybot::simulation {

namespace sim = venue_simulator;
using domain::MarketId;
using domain::MarketStatus;
using gateway::BookTrust;
using gateway::BookUpdate;
using gateway::SnapshotSource;

namespace {

constexpr Duration kTick = milliseconds(100);
constexpr Duration kComplete = milliseconds(1'300);
constexpr Duration kCrawl = seconds(5);

// The venue stamps in whole milliseconds.
Timestamp stamp(Timestamp at) {
  return domain::from_unix_ms(domain::to_unix_ms(at));
}

// As if there were so many: what is told completely comes after seconds, not at once.
constexpr std::size_t kMarketsToTell = 2'000;

MarketId market_of(const BookUpdate& update) {
  return std::visit([](const auto& body) { return body.market; }, update);
}

// Empty for what is about the whole shard.
std::optional<MarketId> market_of(const wire::MarketData& message) {
  return std::visit(
      [](const auto& body) -> std::optional<MarketId> {
        if constexpr (requires { body.market; }) return body.market;
        return std::nullopt;
      },
      message);
}

wire::MarketData message_of(BookUpdate update) {
  return std::visit([](auto&& body) -> wire::MarketData { return std::move(body); },
                    std::move(update));
}

}  // namespace

Gateway::Gateway(Stage& stage, Venue& venue)
    : stage_(stage), venue_(venue), random_(stage.random(5)), clock_(stage) {
  venue_.market_socket = [this](const sim::MarketOutput& output) {
    std::visit([this](const auto& body) { on_socket(body); }, output);
    tell();
  };
}

void Gateway::start() {
  crawl();
  tick();
  complete();
  watch_clock();
}

void Gateway::watch_clock() {
  if (clock_.stepped()) restart();
  stage_.schedule.after(ProcessClock::kWatchEvery, [this] { watch_clock(); });
}

void Gateway::restart() {
  ++incarnation_;
  clock_.begin();
  builder_ = {};
  markets_.clear();
  moved_.clear();
  telling_ = {};
  last_seqs_.clear();
  last_quote_seqs_.clear();
}

void Gateway::crawl() {
  venue_.read_listings(
      [this, incarnation = incarnation_](const std::vector<domain::Market>& listed) {
        if (incarnation != incarnation_) return;
        for (const domain::Market& market : listed) define(market);
      });
  stage_.schedule.after(kCrawl, [this] { crawl(); });
}

void Gateway::define(const domain::Market& market) {
  domain::Market& known = markets_[market.id];
  // A crawl under way may be older than later messages of the socket.
  if (known.status > market.status) return;
  known = market;
  if (market.status == MarketStatus::Active) {
    builder_.track(market.id, market.yes_token, market.no_token, market.tick);
  } else {
    builder_.untrack(market.id);
  }
}

void Gateway::ask_for_book(const MarketId& market) {
  venue_.read_book(market, [this, incarnation = incarnation_](const Venue::BookReading& reading) {
    const auto known = markets_.find(reading.market);
    if (incarnation != incarnation_ || known == markets_.end()) return;
    builder_.on(gateway::TokenBook{.token = known->second.yes_token,
                                   .bids = reading.bids,
                                   .asks = reading.asks,
                                   .tick = reading.tick,
                                   .last = {},
                                   .venue_at = stamp(reading.at)},
                SnapshotSource::Rest, clock_.now(), updates_);
    tell();
  });
}

// ---- the market socket

void Gateway::on_socket(const sim::BookChanged& changed) {
  const auto known = markets_.find(changed.market);
  if (known == markets_.end()) return;
  std::vector<gateway::TokenChange> changes;
  for (const domain::LevelChange& change : changed.changes) {
    changes.push_back(
        {.token = known->second.yes_token,
         .side = change.side == domain::BookSide::Bid ? domain::Side::Buy : domain::Side::Sell,
         .price = change.price,
         .quantity = change.quantity,
         .has_best = true,
         .best_bid = changed.best_bid,
         .best_ask = changed.best_ask});
  }
  builder_.on(gateway::TokenChanges{changes, stamp(changed.at)}, clock_.now(), updates_);
}

void Gateway::on_socket(const sim::TradePrinted& trade) {
  builder_.on(gateway::TokenTrade{trade.token, trade.side, trade.price, trade.quantity,
                                  stamp(trade.tick.venue_at)},
              clock_.now(), updates_);
}

void Gateway::on_socket(const sim::TickSizeChanged& changed) {
  const auto known = markets_.find(changed.market);
  if (known == markets_.end()) return;
  known->second.tick = changed.new_tick;
  builder_.on(gateway::TokenTick{known->second.yes_token, changed.new_tick, stamp(changed.at)},
              clock_.now(), updates_);
}

void Gateway::on_socket(const sim::MarketListed& listed) {
  define(listed.market);
}

void Gateway::on_socket(const sim::MarketClosed& closed) {
  const auto known = markets_.find(closed.market);
  if (known == markets_.end()) return;
  domain::Market market = known->second;
  market.status = std::max(market.status, MarketStatus::Closed);
  define(market);
}

void Gateway::on_socket(const sim::MarketResolved& resolved) {
  const auto known = markets_.find(resolved.market);
  if (known == markets_.end()) return;
  domain::Market market = known->second;
  market.status = MarketStatus::Resolved;
  market.payout = resolved.payout;
  define(market);
}

// ---- the bus

domain::Shard Gateway::shard_of(const MarketId& market) const {
  return domain::shard_of(markets_.at(market).event);
}

void Gateway::send(domain::Shard shard, const std::vector<wire::MarketData>& messages) {
  std::uint64_t& last_seq = last_seqs_[shard];
  MarketDataFrame frame{.head = {.shard = shard,
                                 .incarnation = incarnation_,
                                 .first_seq = last_seq + 1,
                                 .sent_at = clock_.now()},
                        .messages = {},
                        .books_after = {}};
  last_seq += messages.size();
  std::set<MarketId> markets;
  for (const wire::MarketData& message : messages) {
    frame.messages.emplace_back(codec_.encode(message));
    const auto market = market_of(message);
    if (!market || !markets.insert(*market).second) continue;
    auto book = builder_.snapshot(*market, clock_.now());
    if (book && !book->stale) frame.books_after.push_back(std::move(*book));
  }
  publish_frame(frame);
}

void Gateway::send_quotes(domain::Shard shard, const std::vector<wire::QuoteData>& quotes) {
  std::uint64_t& last_seq = last_quote_seqs_[shard];
  QuoteFrame frame{.head = {.shard = shard,
                            .incarnation = incarnation_,
                            .first_seq = last_seq + 1,
                            .sent_at = clock_.now()},
                   .messages = {}};
  last_seq += quotes.size();
  for (const wire::QuoteData& quote : quotes)
    frame.messages.push_back(
        std::visit([](const auto& body) { return wire::encode_quote(body); }, quote));
  publish_quotes(frame);
}

// Publishes what the builder made of its inputs, and asks for what it lacks.
void Gateway::tell() {
  std::map<domain::Shard, std::vector<wire::MarketData>> by_shard;
  for (BookUpdate& update : updates_.updates) {
    const MarketId market = market_of(update);
    if (!markets_.contains(market)) continue;
    moved_.insert(market);
    by_shard[shard_of(market)].push_back(message_of(std::move(update)));
  }
  for (const gateway::Resync& resync : updates_.resyncs) ask_for_book(resync.market);
  updates_.clear();
  for (const auto& [shard, messages] : by_shard) send(shard, messages);
}

void Gateway::tick() {
  builder_.judge(clock_.now(), updates_);
  tell();
  tell_moved();
  telling_.set_markets(kMarketsToTell);
  const auto due = telling_.due(stage_.now().time_since_epoch());
  for (const domain::Shard shard : due.complete) tell_whole(shard);
  for (const domain::Shard shard : due.vouch) vouch(shard);
  stage_.schedule.after(kTick, [this] { tick(); });
}

void Gateway::tell_moved() {
  std::map<domain::Shard, std::vector<wire::QuoteData>> by_shard;
  for (const MarketId& market : std::exchange(moved_, {}))
    by_shard[shard_of(market)].emplace_back(quote_of(market));
  for (const auto& [shard, quotes] : by_shard) send_quotes(shard, quotes);
}

std::vector<MarketId> Gateway::active_in(domain::Shard shard) const {
  std::vector<MarketId> active;
  for (const auto& [id, market] : markets_) {
    if (market.status == MarketStatus::Active && shard_of(id) == shard) active.push_back(id);
  }
  return active;
}

void Gateway::tell_whole(domain::Shard shard) {
  std::vector<wire::MarketData> messages;
  std::vector<wire::QuoteData> quotes;
  for (domain::BookSnapshot& book : books(shard)) messages.emplace_back(std::move(book));
  for (const MarketId& id : active_in(shard)) quotes.emplace_back(quote_of(id));
  if (quotes.empty()) return;
  for (domain::ShardVouched& one : vouched(shard)) {
    one.complete = true;
    messages.emplace_back(one);
    quotes.emplace_back(one);
  }
  send(shard, messages);
  send_quotes(shard, quotes);
}

void Gateway::vouch(domain::Shard shard) {
  if (active_in(shard).empty()) return;
  for (const domain::ShardVouched& one : vouched(shard)) {
    send(shard, {one});
    send_quotes(shard, {one});
  }
}

std::vector<domain::ShardVouched> Gateway::vouched(domain::Shard shard) const {
  std::vector<gateway::TrustedBook> trusted;
  for (const MarketId& id : active_in(shard)) {
    const auto view = builder_.find(id);
    if (view && view->fresh()) trusted.push_back({id, clock_.now(), view->settled});
  }
  auto said = gateway::vouch_for(std::move(trusted));
  if (said.empty()) said.push_back({.as_of = clock_.now(), .except = {}});
  return said;
}

void Gateway::hear_wanted(std::uint64_t shards) {
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    if ((shards >> i & 1) != 0) telling_.ask({i});
  }
}

domain::QuoteTick Gateway::quote_of(const MarketId& market) const {
  domain::QuoteTick quote{.market = market,
                          .bid = {},
                          .ask = {},
                          .last = {},
                          .stale = true,
                          .stamped_at = clock_.now()};
  const auto view = builder_.find(market);
  if (!view || !view->fresh() || !view->settled) return quote;
  quote.bid = view->book->best_bid();
  quote.ask = view->book->best_ask();
  quote.last = view->last;
  quote.stale = false;
  return quote;
}

// Each second: definitions, and the books that are lacking.
void Gateway::complete() {
  std::vector<domain::Market> markets;
  for (const auto& [id, market] : markets_) {
    markets.push_back(market);
    if (market.status != MarketStatus::Active) continue;
    const auto view = builder_.find(id);
    if (view && view->trust != BookTrust::Fresh) ask_for_book(id);
  }
  if (!markets.empty()) publish_markets(markets);
  stage_.schedule.after(kComplete, [this] { complete(); });
}

std::string Gateway::answer(std::string_view request) {
  wire::BooksRequest wanted;
  require(wire::decode_books_request(request, wanted) == wire::DecodeError::None,
          "a request for books cannot be read");
  telling_.ask(wanted.shard);
  wire::BooksAnswer answer{.position = {incarnation_, last_seqs_[wanted.shard]},
                           .books = books(wanted.shard),
                           .complete = true,
                           .markets = {}};
  for (const auto& [id, market] : markets_) {
    if (shard_of(id) == wanted.shard) answer.markets.push_back(market);
  }
  // An answer has its bound: what does not fit comes with the stream alone.
  if (random_.chance(100'000)) {
    answer.complete = false;
    std::erase_if(answer.books, [this](const auto&) { return random_.chance(500'000); });
  }
  return wire::encode_books_answer(answer);
}

std::vector<domain::BookSnapshot> Gateway::books(domain::Shard shard) const {
  std::vector<domain::BookSnapshot> books;
  for (const auto& [id, market] : markets_) {
    if (market.status != MarketStatus::Active || shard_of(id) != shard) continue;
    if (auto book = builder_.snapshot(id, clock_.now())) books.push_back(std::move(*book));
  }
  return books;
}

}  // namespace polybot::simulation
