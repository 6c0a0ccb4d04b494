#include "services/venue-simulator/replay_driver.hpp"

#include <algorithm>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/config.hpp"

namespace polybot::venue_simulator {

using domain::Timestamp;

namespace {

// A turn takes at most this many frames, so that a late process still answers its clients.
constexpr std::uint64_t kFramesPerTurnMax = 2'000;

// A recording begins with the books of what was subscribed to; a few frames may come before.
constexpr std::uint64_t kFramesBeforeBooksMax = 1'000;

bool shows_a_book(const std::string& path) {
  recording::Recording recording(path);
  polymarket::MarketFrame frame;
  while (const recording::Entry* recorded = recording.peek()) {
    if (recorded->index >= kFramesBeforeBooksMax) return false;
    if (!recorded->is_note && polymarket::parse_market_frame(recorded->raw, frame)) {
      for (const polymarket::MarketEvent& event : frame.events) {
        if (std::holds_alternative<polymarket::BookEvent>(event)) return true;
      }
    }
    recording.pop();
  }
  return false;
}

std::string slug_of(const std::string& name) {
  std::string slug = name;
  for (char& c : slug) {
    if (c == '_' || c == ' ') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return slug;
}

}  // namespace

void append_recorded_events(const polymarket::MarketFrame& frame,
                            std::vector<RecordedEvent>& events) {
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) {
      events.emplace_back(RecordedBook{book->token,
                                       {book->bids.begin(), book->bids.end()},
                                       {book->asks.begin(), book->asks.end()}});
    } else if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event)) {
      for (const polymarket::PriceChange& level : change->changes) {
        events.emplace_back(RecordedChange{level.token, level.side, level.price, level.quantity});
      }
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      events.emplace_back(RecordedTrade{trade->token, trade->side, trade->price, trade->quantity});
    }
  }
}

ReplayDriver::ReplayDriver(const std::string& path, std::int64_t speed_percent)
    : recording_(path), speed_percent_(speed_percent) {
  if (!shows_a_book(path)) {
    throw runtime::CannotStart(path + " is no recording of the market channel: none of its first " +
                               std::to_string(kFramesBeforeBooksMax) + " frames shows a book");
  }
}

Timestamp ReplayDriver::due_of(std::int64_t recorded_ms) const {
  const std::int64_t since_ms = recorded_ms - recording_.first_ms();
  return anchor_ + domain::Duration(since_ms * 1'000'000 / speed_percent_ * 100);
}

void ReplayDriver::take_frame(polymarket::MarketFrame& frame) {
  const recording::Entry* recorded = recording_.peek();
  if (!polymarket::parse_market_frame(recorded->raw, frame) && unreadable_++ == 0)
    first_unreadable_ = recording_.place_of(recorded->line);
  follow(frame);
  recording_.pop();
}

void ReplayDriver::follow(const polymarket::MarketFrame& frame) {
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) {
      TokenState& token = tokens_[book->token];
      token.book.load(book->bids, book->asks);
      if (book->last_trade_price) token.last_trade = book->last_trade_price;
    } else if (const auto* changes = std::get_if<polymarket::PriceChangeEvent>(&event)) {
      for (const polymarket::PriceChange& change : changes->changes) {
        const auto side =
            change.side == domain::Side::Buy ? domain::BookSide::Bid : domain::BookSide::Ask;
        tokens_[change.token].book.apply(domain::LevelChange{side, change.price, change.quantity});
      }
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      tokens_[trade->token].last_trade = trade->price;
    }
  }
}

void ReplayDriver::resolve(PlayFrames& frames) {
  polymarket::MarketFrame frame;
  while (const recording::Entry* recorded = recording_.peek()) {
    if (recorded->is_note) {
      recording_.pop();
      continue;
    }
    if (recorded->index >= frames.first + frames.count) break;
    const bool wanted = recorded->index >= frames.first;
    take_frame(frame);
    if (wanted) append_recorded_events(frame, frames.events);
  }
}

void ReplayDriver::begin(ExchangeHost& host) {
  PlayFrames played{.first = host.exchange().replay().position(), .count = 0, .events = {}};
  resolve(played);  // follows the books up to where the last run stopped
  listed_ = host.engine().markets().size();
  anchor_ = host.now();
  if (const recording::Entry* next = recording_.peek()) {
    anchor_ -= due_of(next->at_ms) - anchor_;
  }
}

void ReplayDriver::list_markets(const polymarket::MarketFrame& frame, ExchangeHost& host) {
  for (const polymarket::MarketEvent& event : frame.events) {
    const auto* book = std::get_if<polymarket::BookEvent>(&event);
    if (book == nullptr || host.engine().find_market(book->market)) continue;
    const auto [first, fresh] = first_tokens_.emplace(book->market, book->token);
    if (fresh || first->second == book->token) continue;
    domain::Market market;
    market.id = book->market;
    // A recording does not say which markets belong together, so each is an event of its own.
    market.slug = slug_of(recording_.name()) + "-" + std::to_string(++listed_);
    market.event_slug = market.slug;
    market.question = "Market " + std::to_string(listed_) + " of " + recording_.name();
    market.yes_token = first->second;
    market.no_token = book->token;
    if (book->tick) market.tick = *book->tick;
    static_cast<void>(host.apply(ListRecordedMarket{market}));
  }
}

void ReplayDriver::play(ExchangeHost& host, const Publish& publish) {
  const Timestamp now = host.now();
  PlayFrames batch{.first = host.exchange().replay().position(), .count = 0, .events = {}};
  polymarket::MarketFrame frame;
  std::int64_t burst_ms = 0;
  while (const recording::Entry* recorded = recording_.peek()) {
    if (recorded->is_note) {
      recording_.pop();
      continue;
    }
    const bool same_burst = batch.count > 0 && recorded->at_ms == burst_ms;
    if (!same_burst && (due_of(recorded->at_ms) > now || batch.count >= kFramesPerTurnMax)) break;
    burst_ms = recorded->at_ms;
    take_frame(frame);
    list_markets(frame, host);
    append_recorded_events(frame, batch.events);
    ++batch.count;
    publish(frame, now);
  }
  if (batch.count > 0) static_cast<void>(host.apply(batch));
}

std::optional<polymarket::BookSummary> ReplayDriver::book_of(const domain::TokenId& token,
                                                             const MatchingEngine& engine,
                                                             Timestamp now) const {
  const auto place = engine.find_token(token);
  const auto state = tokens_.find(token);
  if (!place || state == tokens_.end()) return std::nullopt;
  const domain::Market& market = engine.listing(place->market)->market;
  polymarket::BookSummary book;
  book.market = market.id;
  book.token = token;
  book.venue_at = now;
  const domain::OrderBook& recorded = state->second.book;
  book.bids = {recorded.bids().begin(), recorded.bids().end()};
  book.asks = {recorded.asks().begin(), recorded.asks().end()};
  book.min_size = market.min_size;
  book.tick = market.tick;
  book.neg_risk = market.neg_risk;
  book.last_trade_price = state->second.last_trade;
  return book;
}

}  // namespace polybot::venue_simulator
