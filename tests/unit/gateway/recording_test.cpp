// Compares the books with a real recording: after every burst our best prices are the venue's own,
// the NO side is the mirror of the YES side, and a YES and a NO together never cost less than 1.
#include <boost/json/parse.hpp>
#include <map>
#include <set>

#include "common/polymarket/messages/market_channel.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using domain::MarketId;
using domain::TokenId;

std::string raw_frame(std::string_view line) {
  return std::string(boost::json::parse({line.data(), line.size()}).at("raw").as_string());
}

// The venue's statement about one token after its latest message, in terms of that token.
struct Statement {
  Timestamp venue_at{};
  std::optional<domain::Price> best_bid;
  std::optional<domain::Price> best_ask;
};

class Recording : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test_support::recorded_data();
    if (!folder) GTEST_SKIP() << test_support::kNoRecordedData;
    text_ = test_support::read_zstd(*folder / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  }

  // The file does not name YES: it is a market's first token in the opening array.
  void open(const polymarket::MarketFrame& frame) {
    std::map<MarketId, std::vector<TokenId>> tokens;
    for (const auto& event : frame.events) {
      const auto& book = std::get<polymarket::BookEvent>(event);
      tokens[book.market].push_back(book.token);
    }
    for (const auto& [market, pair] : tokens) {
      ASSERT_EQ(pair.size(), 2U);
      builder.track(market, pair[0], pair[1], cents(1));
      outcome_[pair[0]] = {market, domain::Outcome::Yes};
      outcome_[pair[1]] = {market, domain::Outcome::No};
    }
    markets = tokens.size();
  }

  // Feeds YES books and all changes, as the gateway would hear them, and checks each burst at its
  // end.
  void feed(const polymarket::MarketEvent& event) {
    if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) {
      feed_book(*book);
    } else if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event)) {
      feed_changes(*change);
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      builder.on(TokenTrade{.token = trade->token,
                            .side = trade->side,
                            .price = trade->price,
                            .quantity = trade->quantity,
                            .venue_at = trade->venue_at},
                 trade->venue_at, out);
    }
    ASSERT_TRUE(out.resyncs.empty()) << domain::name_of(out.resyncs.front().reason);
    for (const BookUpdate& update : out.updates) apply_told(update);
    out.clear();
  }

  void feed_book(const polymarket::BookEvent& book) {
    for (const auto& [token, place] : outcome_) {
      if (place.first == book.market) expected_.erase(token);  // said of the book before this one
    }
    builder.on(TokenBook{.token = book.token,
                         .bids = book.bids,
                         .asks = book.asks,
                         .tick = book.tick,
                         .last = book.last_trade_price,
                         .venue_at = book.venue_at},
               SnapshotSource::Socket, book.venue_at, out);
    check_mirror(book);
  }

  void feed_changes(const polymarket::PriceChangeEvent& event) {
    std::set<TokenId> tokens;
    for (const auto& change : event.changes) tokens.insert(change.token);
    for (const TokenId& token : tokens) {
      const auto statement = expected_.find(token);
      if (statement != expected_.end() && statement->second.venue_at != event.venue_at)
        check_burst(token);
    }
    std::vector<TokenChange> changes;
    for (const auto& change : event.changes) {
      changes.push_back({.token = change.token,
                         .side = change.side,
                         .price = change.price,
                         .quantity = change.quantity,
                         .has_best = change.has_best,
                         .best_bid = change.best_bid,
                         .best_ask = change.best_ask});
      expected_[change.token] = {event.venue_at, change.best_bid, change.best_ask};
    }
    builder.on(TokenChanges{.changes = changes, .venue_at = event.venue_at}, event.venue_at, out);
  }

  void check_burst(const TokenId& token) {
    ++bursts;
    const auto [market, outcome] = outcome_.at(token);
    const domain::OrderBook& book = *builder.find(market)->book;
    const auto bid = book.best_to_take(outcome, Side::Sell);
    const auto ask = book.best_to_take(outcome, Side::Buy);
    const Statement& venue = expected_.at(token);
    const bool agree = (bid ? std::optional(bid->price) : std::nullopt) == venue.best_bid &&
                       (ask ? std::optional(ask->price) : std::nullopt) == venue.best_ask;
    if (!agree) ++disagreements;
    const auto yes = book.best_to_take(domain::Outcome::Yes, Side::Buy);
    const auto no = book.best_to_take(domain::Outcome::No, Side::Buy);
    if (yes && no && yes->price + no->price < domain::kPriceOne) ++cheap_pairs;
  }

  // A NO book of the venue is the mirror of our YES book, whenever both are of the same instant.
  void check_mirror(const polymarket::BookEvent& event) {
    const auto [market, outcome] = outcome_.at(event.token);
    const auto view = builder.find(market);
    if (outcome == domain::Outcome::Yes || !view->fresh() || view->venue_at != event.venue_at)
      return;
    ++mirrors;
    for (const domain::Level& ask : event.asks) {
      EXPECT_EQ(view->book->quantity_at(domain::BookSide::Bid, complement(ask.price)),
                ask.quantity);
    }
    for (const domain::Level& bid : event.bids) {
      EXPECT_EQ(view->book->quantity_at(domain::BookSide::Ask, complement(bid.price)),
                bid.quantity);
    }
    EXPECT_EQ(view->book->bids().size(), event.asks.size());
    EXPECT_EQ(view->book->asks().size(), event.bids.size());
  }

  // Applies what is told, as a runner would: never crossed, never a cheap pair.
  void apply_told(const BookUpdate& update) {
    if (const auto* snapshot = std::get_if<domain::BookSnapshot>(&update)) {
      runner_[snapshot->market].load(snapshot->bids, snapshot->asks);
    } else if (const auto* delta = std::get_if<domain::BookDelta>(&update)) {
      runner_[delta->market].apply(delta->changes);
      ++deltas;
      EXPECT_FALSE(runner_[delta->market].crossed());
    }
  }

  void expect_same_as_told(const MarketId& market) {
    const auto view = builder.find(market);
    if (!view->settled) return;
    EXPECT_TRUE(std::ranges::equal(runner_[market].bids(), view->book->bids()));
    EXPECT_TRUE(std::ranges::equal(runner_[market].asks(), view->book->asks()));
  }

  BookBuilder builder;
  BookUpdates out;
  std::size_t markets = 0;
  std::size_t bursts = 0;
  std::size_t disagreements = 0;
  std::size_t cheap_pairs = 0;
  std::size_t mirrors = 0;
  std::size_t deltas = 0;
  std::map<TokenId, Statement> expected_;
  std::map<TokenId, std::pair<MarketId, domain::Outcome>> outcome_;
  std::map<MarketId, domain::OrderBook> runner_;
  std::string text_;
};

TEST_F(Recording, BooksAgreeWithTheVenueAtTheEndOfEveryBurst) {
  polymarket::MarketFrame frame;
  for (const std::string_view line : test_support::lines_of(text_)) {
    ASSERT_TRUE(polymarket::parse_market_frame(raw_frame(line), frame).has_value());
    if (markets == 0) open(frame);
    for (const auto& event : frame.events) {
      feed(event);
      if (HasFatalFailure()) return;
    }
  }
  const std::map<TokenId, Statement> last = expected_;
  for (const auto& [token, statement] : last) check_burst(token);
  builder.judge(domain::from_unix_ms(2'000'000'000'000), out);
  EXPECT_TRUE(out.resyncs.empty());
  for (const BookUpdate& update : out.updates) apply_told(update);
  for (const auto& [market, book] : runner_) expect_same_as_told(market);

  EXPECT_EQ(markets, 6U);
  EXPECT_GE(bursts, 59'000U);
  EXPECT_EQ(disagreements, 0U);
  EXPECT_EQ(cheap_pairs, 0U);
  EXPECT_GE(mirrors, 6U);
  RecordProperty("bursts", static_cast<int>(bursts));
  RecordProperty("deltas_told", static_cast<int>(deltas));
}

// The same recording with one message in twenty lost. Each loss that leaves a wrong best price at
// the end of a burst is found, and no other.
TEST_F(Recording, ALostMessageIsFoundWhenItLeavesAWrongBestPrice) {
  polymarket::MarketFrame frame;
  std::size_t number = 0;
  std::size_t found = 0;
  for (const std::string_view line : test_support::lines_of(text_)) {
    ASSERT_TRUE(polymarket::parse_market_frame(raw_frame(line), frame).has_value());
    if (markets == 0) open(frame);
    if (++number % 20 == 0) continue;
    for (const auto& event : frame.events) {
      if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) feed_book(*book);
      if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event)) {
        std::size_t before = disagreements;
        const std::size_t resyncs_before = out.resyncs.size();
        const bool fresh = builder.find(change->market)->fresh();
        feed_changes(*change);
        if (!fresh) disagreements = before;  // a stale book claims nothing
        if (out.resyncs.size() > resyncs_before) {
          ++found;
        } else {
          EXPECT_EQ(disagreements, before) << "line " << number;
        }
      }
    }
  }
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace polybot::gateway
