#include "services/venue-simulator/api/market_channel.hpp"

#include <algorithm>
#include <utility>

#include "common/polymarket/messages/market_channel.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Price;
using domain::Side;
using domain::TokenId;
using http::CloseCode;

namespace {

// More tokens than this get no opening books (observed at the venue, undocumented).
constexpr std::size_t kOpeningBooksMax = 500;
constexpr std::size_t kTokensMax = 10'000;

std::optional<Price> complement_of(const std::optional<Price>& price) {
  return price ? std::optional(domain::complement(*price)) : std::nullopt;
}

}  // namespace

MarketChannel::MarketChannel(const ExchangeHost& host, BookOf book_of, std::uint64_t fault_seed)
    : host_(host), book_of_(std::move(book_of)), fault_random_(fault_seed) {}

void MarketChannel::register_routes(http::Router& router) {
  // The bound allows for it: a subscription may name thousands of 78-digit tokens.
  sessions_.register_route(
      router, "/ws/market", host_, {.text_bytes_max = 1 << 20, .queue_bytes_max = 32 << 20},
      [this](Session& session, const std::string& text) { return receive(session, text); });
}

bool MarketChannel::receive(Session& session, const std::string& text) {
  if (text == polymarket::kPing) {
    if (session.subscribed) {
      session.socket->send(std::string(polymarket::kPong));
      return true;
    }
    session.socket->close(CloseCode::PolicyViolation, "invalid subscription payload");
    return false;
  }
  const auto wanted = polymarket::parse_market_subscription(text);
  using Operation = polymarket::MarketSubscription::Operation;
  const bool initial = wanted && wanted->operation == Operation::Initial;
  if (!session.subscribed && !initial) {
    session.socket->close(CloseCode::PolicyViolation, "invalid subscription payload");
    return false;
  }
  // Repeating the initial subscription changes nothing.
  if (!wanted || (session.subscribed && initial)) {
    session.socket->send(std::string(polymarket::kInvalidOperation));
    return true;
  }
  change_subscription(session, *wanted);
  return true;
}

void MarketChannel::change_subscription(Session& session,
                                        const polymarket::MarketSubscription& wanted) {
  using Operation = polymarket::MarketSubscription::Operation;
  session.custom_features |= wanted.custom_features;
  session.subscribed = true;
  if (wanted.operation == Operation::Unsubscribe) {
    for (const TokenId& token : wanted.tokens) session.tokens.erase(token);
    return;
  }
  for (const TokenId& token : wanted.tokens) {
    if (session.tokens.size() < kTokensMax) session.tokens.insert(token);
  }
  if (wanted.initial_dump && session.tokens.size() <= kOpeningBooksMax) {
    send_books(session, wanted.tokens);
  }
}

void MarketChannel::append_book(const TokenId& token, std::string& out) const {
  const auto book = book_of_(token);
  if (!book) return;
  if (out.size() > 1) out.push_back(',');
  const polymarket::BookEvent event{.market = book->market,
                                    .token = token,
                                    .venue_at = book->venue_at,
                                    .bids = book->bids,
                                    .asks = book->asks,
                                    .tick = book->tick,
                                    .last_trade_price = book->last_trade_price};
  polymarket::write_book(event, {book->min_size, book->neg_risk}, out);
}

void MarketChannel::send_books(const Session& session, const std::vector<TokenId>& tokens) {
  if (frozen()) return;
  std::string books = "[";
  for (const TokenId& token : tokens) append_book(token, books);
  books.push_back(']');
  session.socket->send(std::move(books));
}

void MarketChannel::close_all(CloseCode code, std::string_view reason) {
  sessions_.close_all(code, reason);
}

// ---- publishing ---------------------------------------------------------------------------------

bool MarketChannel::frozen() const {
  const FaultSettings* freeze = host_.fault(Fault::FeedFreeze);
  return freeze != nullptr && !freeze->market;
}

bool MarketChannel::lost(const domain::MarketId& market) {
  if (host_.fault(Fault::FeedFreeze, market) != nullptr) return true;
  const FaultSettings* gap = host_.fault(Fault::FeedGap, market);
  return gap != nullptr && fault_random_.chance(gap->probability_ppm);
}

const domain::Market* MarketChannel::market_of(const domain::MarketId& id) const {
  const auto number = host_.engine().find_market(id);
  const Listing* listing = number ? host_.engine().listing(*number) : nullptr;
  return listing == nullptr ? nullptr : &listing->market;
}

void MarketChannel::send(std::string text, const domain::MarketId& market,
                         std::initializer_list<TokenId> tokens) {
  if (lost(market)) return;
  ++messages_;
  const auto shared = std::make_shared<const std::string>(std::move(text));  // one copy for all
  for (const auto& session : sessions_) {
    const bool wanted = std::any_of(tokens.begin(), tokens.end(), [&](const TokenId& token) {
      return session->tokens.contains(token);
    });
    if (wanted) session->socket->send(shared);
  }
}

void MarketChannel::send_custom(const std::string& text) {
  if (frozen()) return;
  for (const auto& session : sessions_) {
    if (session->custom_features) session->socket->send(text);
  }
}

void MarketChannel::publish(const Outputs& outputs) {
  if (sessions_.empty()) return;
  for (const MarketOutput& output : outputs.market) {
    std::visit([this](const auto& event) { publish(event); }, output);
  }
}

void MarketChannel::publish(const BookChanged& changed) {
  const domain::Market* market = market_of(changed.market);
  if (market == nullptr) return;
  if (held_ && held_->market == changed.market) {
    held_->latest = changed;
    return;
  }
  std::vector<polymarket::PriceChange> levels;
  levels.reserve(changed.changes.size() * 2);
  for (const domain::LevelChange& change : changed.changes) {
    const bool bid = change.side == BookSide::Bid;
    levels.push_back({market->yes_token, bid ? Side::Buy : Side::Sell, change.price,
                      change.quantity, changed.best_bid, changed.best_ask, true});
    levels.push_back({market->no_token, bid ? Side::Sell : Side::Buy,
                      domain::complement(change.price), change.quantity,
                      complement_of(changed.best_ask), complement_of(changed.best_bid), true});
  }
  std::string text;
  polymarket::write_price_change({market->id, changed.at, levels}, text);
  send(std::move(text), market->id, {market->yes_token, market->no_token});
  announce_best(*market, changed);
}

void MarketChannel::announce_best(const domain::Market& market, const BookChanged& changed) {
  const bool wanted = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& session) {
    return session->custom_features && (session->tokens.contains(market.yes_token) ||
                                        session->tokens.contains(market.no_token));
  });
  const Best best{changed.best_bid, changed.best_ask};
  Best& known = announced_[market.id];
  if (!wanted || known == best || lost(market.id)) return;
  known = best;
  const auto announce = [&](const TokenId& token, const std::optional<Price>& bid,
                            const std::optional<Price>& ask) {
    std::string text;
    polymarket::write_best_bid_ask({market.id, token, changed.at, bid, ask}, text);
    for (const auto& session : sessions_) {
      if (session->custom_features && session->tokens.contains(token)) session->socket->send(text);
    }
  };
  announce(market.yes_token, best.bid, best.ask);
  announce(market.no_token, complement_of(best.ask), complement_of(best.bid));
}

// What the mirrored venue trades is published as its feed says it; of our own trades there is no
// other news.
void MarketChannel::publish(const TradePrinted& trade) {
  if (host_.exchange().mirrors() && host_.engine().accounts()[trade.taker].house) return;
  std::string text;
  polymarket::write_last_trade({.market = trade.market,
                                .token = trade.token,
                                .venue_at = trade.tick.venue_at,
                                .side = trade.side,
                                .price = trade.price,
                                .quantity = trade.quantity},
                               text);
  send(std::move(text), trade.market, {trade.token});
}

// A new price grid is a new book: the change comes first, then the books.
void MarketChannel::publish(const TickSizeChanged& changed) {
  const domain::Market* market = market_of(changed.market);
  if (market == nullptr) return;
  for (const TokenId& token : {market->yes_token, market->no_token}) {
    std::string text;
    polymarket::write_tick_size_change(
        {market->id, token, changed.at, changed.old_tick, changed.new_tick}, text);
    send(std::move(text), market->id, {token});
    std::string book;
    append_book(token, book);
    if (!book.empty()) send(std::move(book), market->id, {token});
  }
}

void MarketChannel::publish(const MarketListed& listed) {
  const domain::Market& market = listed.market;
  std::string text;
  polymarket::write_new_market({.market = market.id,
                                .venue_at = listed.at,
                                .slug = market.slug,
                                .question = market.question,
                                .event_slug = market.event_slug,
                                .tokens = {market.yes_token, market.no_token},
                                .outcomes = {market.yes_label, market.no_label},
                                .tick = market.tick},
                               text);
  send_custom(text);
}

void MarketChannel::publish(const MarketClosed& closed) {
  announced_.erase(closed.market);
}

void MarketChannel::publish(const MarketResolved& resolved) {
  const domain::Market* market = market_of(resolved.market);
  if (market == nullptr) return;
  polymarket::MarketResolvedEvent event{.market = market->id,
                                        .venue_at = resolved.at,
                                        .tokens = {market->yes_token, market->no_token},
                                        .winning_token = std::nullopt,
                                        .winning_outcome = {}};
  if (resolved.payout.yes == domain::kPriceOne) {
    event.winning_token = market->yes_token;
    event.winning_outcome = market->yes_label;
  } else if (resolved.payout.no == domain::kPriceOne) {
    event.winning_token = market->no_token;
    event.winning_outcome = market->no_label;
  }
  std::string text;
  polymarket::write_market_resolved(event, text);
  send_custom(text);
}

// The venue has no message for it, so it shows no depth; its REST has no book then.
void MarketChannel::publish_halt(const domain::MarketId& id) {
  const domain::Market* market = market_of(id);
  if (market == nullptr || sessions_.empty()) return;
  for (const TokenId& token : {market->yes_token, market->no_token}) {
    const polymarket::BookEvent event{.market = id,
                                      .token = token,
                                      .venue_at = host_.now(),
                                      .bids = {},
                                      .asks = {},
                                      .tick = market->tick,
                                      .last_trade_price = {}};
    std::string text;
    polymarket::write_book(event, {market->min_size, market->neg_risk}, text);
    send(std::move(text), id, {token});
  }
}

void MarketChannel::publish_books(const domain::MarketId& id) {
  const std::optional<Held> held = std::exchange(held_, std::nullopt);
  const domain::Market* market = market_of(id);
  if (market == nullptr || sessions_.empty()) return;
  for (const TokenId& token : {market->yes_token, market->no_token}) {
    std::string book;
    append_book(token, book);
    if (!book.empty()) send(std::move(book), id, {token});
  }
  if (held && held->latest) announce_best(*market, *held->latest);
}

void MarketChannel::publish_recorded(const polymarket::MarketFrame& frame, domain::Timestamp now) {
  struct Publish {
    MarketChannel& channel;
    domain::Timestamp now;
    void operator()(polymarket::BookEvent event) const {
      event.venue_at = now;
      const domain::Market* market = channel.market_of(event.market);
      if (market == nullptr) return;
      std::string text;
      polymarket::write_book(event, {market->min_size, market->neg_risk}, text);
      channel.send(std::move(text), event.market, {event.token});
    }
    void operator()(polymarket::PriceChangeEvent event) const {
      event.venue_at = now;
      const domain::Market* market = channel.market_of(event.market);
      if (market == nullptr) return;
      std::string text;
      polymarket::write_price_change(event, text);
      channel.send(std::move(text), event.market, {market->yes_token, market->no_token});
    }
    void operator()(polymarket::LastTradeEvent event) const {
      event.venue_at = now;
      std::string text;
      polymarket::write_last_trade(event, text);
      channel.send(std::move(text), event.market, {event.token});
    }
    void operator()(polymarket::TickSizeChangeEvent event) const {
      event.venue_at = now;
      std::string text;
      polymarket::write_tick_size_change(event, text);
      channel.send(std::move(text), event.market, {event.token});
    }
    // Recorded announcements about other markets are not published.
    void operator()(const polymarket::BestBidAskEvent&) const {}
    void operator()(const polymarket::NewMarketEvent&) const {}
    void operator()(const polymarket::MarketResolvedEvent&) const {}
  };
  if (sessions_.empty()) return;
  for (const polymarket::MarketEvent& event : frame.events) std::visit(Publish{*this, now}, event);
}

}  // namespace polybot::venue_simulator
