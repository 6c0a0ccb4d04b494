#include "services/venue-simulator/replay_driver.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/config.hpp"
#include "services/venue-simulator/api/shapes.hpp"

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

// Times of a file may be any numbers: none is further away than a century.
Timestamp ReplayDriver::due_of(std::int64_t recorded_ms) const {
  constexpr domain::Wide kNsPerMs = 1'000'000;
  constexpr domain::Wide kFarthest = domain::Wide{100} * 365 * 86'400 * 1'000 * kNsPerMs;
  const domain::Wide since_ms = domain::Wide{recorded_ms} - recording_.first_ms();
  const domain::Wide since = since_ms * kNsPerMs * 100 / speed_percent_;
  return anchor_ +
         domain::Duration(static_cast<std::int64_t>(std::clamp(since, -kFarthest, kFarthest)));
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
      token.whole = true;
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
    if (recorded->index >= frames.first + frames.count) break;
    if (recorded->is_note) {
      follow(recorded->note);
      recording_.pop();
      continue;
    }
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
  for (const auto& [id, market] : described_) tell(id, host);  // their ends are later by the pause
}

void ReplayDriver::follow(const recording::Note& note) {
  if (const auto* market = std::get_if<recording::MarketNote>(&note)) {
    described_.insert_or_assign(market->market.id, market->market);
  } else if (const auto* resolved = std::get_if<recording::ResolvedNote>(&note)) {
    const auto described = described_.find(resolved->market);
    if (described == described_.end()) return;
    described->second.status = domain::MarketStatus::Resolved;
    described->second.payout = resolved->payout;
  }
}

domain::Market ReplayDriver::in_our_time(domain::Market market) const {
  if (market.ends_at != Timestamp{}) market.ends_at = due_of(domain::to_unix_ms(market.ends_at));
  return market;
}

void ReplayDriver::take_note(ExchangeHost& host) {
  const recording::Entry& entry = *recording_.peek();
  follow(entry.note);
  if (const auto* market = std::get_if<recording::MarketNote>(&entry.note)) {
    const domain::Market& described = market->market;
    const bool listed = host.engine().find_market(described.id).has_value();
    const bool taken = host.engine().find_token(described.yes_token).has_value() ||
                       host.engine().find_token(described.no_token).has_value();
    if (!listed && taken && unreadable_++ == 0) first_unreadable_ = recording_.place_of(entry.line);
    if (!listed && !taken && !domain::over(described.status)) {
      ++listed_;
      static_cast<void>(host.apply(ListRecordedMarket{in_our_time(described)}));
    }
    tell(described.id, host);
  } else if (const auto* resolved = std::get_if<recording::ResolvedNote>(&entry.note)) {
    tell(resolved->market, host);
  }
  recording_.pop();
}

// A market that only its result makes known is none that was traded here. The result comes in a
// note of its own.
void ReplayDriver::tell(const domain::MarketId& id, ExchangeHost& host) {
  const auto described = described_.find(id);
  if (described == described_.end() || !host.engine().find_market(id)) return;
  domain::Market market = in_our_time(described->second);
  const bool has_result = market.payout != domain::Payout{};
  if (market.status == domain::MarketStatus::Resolved && !has_result)
    market.status = domain::MarketStatus::Closed;
  static_cast<void>(host.apply(FollowRecordedMarket{market}));
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
  std::uint64_t played = 0;
  std::optional<std::int64_t> burst_ms;
  const auto hand_over = [&] {
    if (batch.count > 0) static_cast<void>(host.apply(batch));
    batch = {.first = host.exchange().replay().position(), .count = 0, .events = {}};
  };
  while (const recording::Entry* recorded = recording_.peek()) {
    const bool same_burst = recorded->at_ms == burst_ms;
    if (!same_burst && (due_of(recorded->at_ms) > now || played >= kFramesPerTurnMax)) break;
    if (recorded->is_note) {
      hand_over();
      take_note(host);
      continue;
    }
    burst_ms = recorded->at_ms;
    take_frame(frame);
    list_markets(frame, host);
    append_recorded_events(frame, batch.events);
    ++batch.count;
    ++played;
    publish(frame, now);
  }
  hand_over();
}

std::optional<polymarket::BookSummary> ReplayDriver::book_of(const domain::TokenId& token,
                                                             const MatchingEngine& engine,
                                                             Timestamp now) const {
  const auto place = engine.find_token(token);
  if (!place) return std::nullopt;
  const domain::Market& market = engine.listing(place->market)->market;
  // Where one token alone was recorded, the other's book is its mirror.
  auto state = tokens_.find(token);
  const auto other = tokens_.find(domain::token_of(market, domain::other(place->outcome)));
  const bool from_other = (state == tokens_.end() || !state->second.whole) &&
                          other != tokens_.end() && other->second.whole;
  if (from_other) state = other;
  if (state == tokens_.end() || domain::over(market.status)) return std::nullopt;
  polymarket::BookSummary book;
  book.market = market.id;
  book.token = token;
  book.venue_at = now;
  const domain::OrderBook& recorded = state->second.book;
  book.bids = {recorded.bids().begin(), recorded.bids().end()};
  book.asks = {recorded.asks().begin(), recorded.asks().end()};
  if (from_other) {
    std::swap(book.bids, book.asks);
    book.bids = mirrored(book.bids);
    book.asks = mirrored(book.asks);
  }
  book.min_size = market.min_size;
  book.tick = market.tick;
  book.neg_risk = market.neg_risk;
  book.last_trade_price = state->second.last_trade;
  if (from_other && book.last_trade_price)
    book.last_trade_price = domain::complement(*book.last_trade_price);
  return book;
}

}  // namespace polybot::venue_simulator
