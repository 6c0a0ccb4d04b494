#include "common/recording/books.hpp"

#include <algorithm>

namespace polybot::recording {

using domain::BookSide;
using domain::MarketId;
using domain::Side;
using domain::TokenId;
using polymarket::PriceChange;
using polymarket::PriceChangeEvent;

namespace {

std::optional<domain::Price> mirror_of(const std::optional<domain::Price>& price) {
  return price ? std::optional(domain::complement(*price)) : std::nullopt;
}

// What a NO entry says, as one of the YES token.
PriceChange mirrored(const PriceChange& change, const TokenId& yes) {
  return {.token = yes,
          .side = domain::opposite(change.side),
          .price = domain::complement(change.price),
          .quantity = change.quantity,
          .best_bid = mirror_of(change.best_ask),
          .best_ask = mirror_of(change.best_bid),
          .has_best = change.has_best};
}

std::optional<domain::Price> price_of(const std::optional<domain::Level>& level) {
  return level ? std::optional(level->price) : std::nullopt;
}

}  // namespace

const domain::Market* Books::described(const MarketId& market) const {
  const auto at = markets_.find(market);
  return at == markets_.end() ? nullptr : &at->second;
}

void Books::take(const polymarket::MarketFrame& frame, std::vector<Finding>& findings) {
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) {
      take(*book);
    } else if (const auto* change = std::get_if<PriceChangeEvent>(&event)) {
      take(*change, findings);
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      const auto at = books_.find(trade->token);
      if (at != books_.end()) at->second.last_trade = trade->price;
    } else if (const auto* tick = std::get_if<polymarket::TickSizeChangeEvent>(&event)) {
      const auto at = books_.find(tick->token);
      if (at != books_.end()) at->second.tick = tick->new_tick;
    }
  }
  // What cannot be read may have been a change.
  for (const polymarket::UnreadableMessage& message : frame.unreadable) {
    if (message.changes_books && message.market) lose(*message.market);
  }
}

void Books::take(const polymarket::BookEvent& event) {
  const domain::Market* market = described(event.market);
  if (market != nullptr && event.token == market->no_token) return;
  for (const auto& [token, book] : books_) {
    if (book.market == event.market) statements_.erase(token);  // said before this book
  }
  Book& book = books_[event.token];
  book.market = event.market;
  book.book.load(event.bids, event.asks);
  book.whole = true;
  book.excused = false;
  if (event.tick) book.tick = event.tick;
  if (event.last_trade_price) book.last_trade = event.last_trade_price;
  book.venue_at = event.venue_at;
}

void Books::take(const PriceChangeEvent& event, std::vector<Finding>& findings) {
  const domain::Market* market = described(event.market);
  if (market == nullptr) {
    for (const PriceChange& entry : event.changes) change(event, entry, findings);
    return;
  }
  const bool has_yes = std::ranges::any_of(
      event.changes, [&](const PriceChange& entry) { return entry.token == market->yes_token; });
  for (const PriceChange& entry : event.changes) {
    if (entry.token == market->yes_token) change(event, entry, findings);
    if (entry.token == market->no_token && !has_yes)
      change(event, mirrored(entry, market->yes_token), findings);
  }
}

void Books::change(const PriceChangeEvent& event, const PriceChange& change,
                   std::vector<Finding>& findings) {
  Book& book = books_[change.token];
  book.market = event.market;
  if (!book.whole) {
    if (!book.excused) findings.push_back({Fault::NoSnapshot, change.token, event.market});
    book.excused = true;
    return;
  }
  const auto said = statements_.find(change.token);
  if (said != statements_.end() && said->second.venue_at != event.venue_at) {
    judge(change.token, said->second, findings);
    statements_.erase(said);
  }
  book.book.apply(domain::LevelChange{change.side == Side::Buy ? BookSide::Bid : BookSide::Ask,
                                      change.price, change.quantity});
  book.venue_at = event.venue_at;
  if (change.has_best)
    statements_[change.token] = {event.venue_at, change.best_bid, change.best_ask};
}

void Books::judge(const TokenId& token, const Statement& statement,
                  std::vector<Finding>& findings) const {
  const Book& book = books_.at(token);
  if (book.book.crossed()) {
    findings.push_back({Fault::Crossed, token, book.market});
  } else if (price_of(book.book.best_bid()) != statement.bid ||
             price_of(book.book.best_ask()) != statement.ask) {
    findings.push_back({Fault::OtherBestPrice, token, book.market});
  }
}

void Books::finish(std::vector<Finding>& findings) {
  for (const auto& [token, statement] : statements_) judge(token, statement, findings);
  statements_.clear();
}

void Books::lose(const MarketId& market) {
  for (auto& [token, book] : books_) {
    if (book.market != market) continue;
    book.whole = false;
    book.excused = true;
    statements_.erase(token);
  }
}

void Books::take(const Note& note) {
  if (const auto* market = std::get_if<MarketNote>(&note)) {
    markets_.insert_or_assign(market->market.id, market->market);
    books_.erase(market->market.no_token);
    statements_.erase(market->market.no_token);
  } else if (const auto* resolved = std::get_if<ResolvedNote>(&note)) {
    payouts_.insert_or_assign(resolved->market, resolved->payout);
    lose(resolved->market);
  } else if (const auto* gap = std::get_if<GapNote>(&note)) {
    for (const MarketId& id : gap->markets) lose(id);
    if (!gap->markets.empty()) return;
    for (auto& [token, book] : books_) {
      book.whole = false;
      book.excused = true;
    }
    statements_.clear();
  }
}

}  // namespace polybot::recording
