// The books that a recording tells, followed line by line, and whether they are those of the venue.
//
// Each token has a book in its own terms. Of a market that a note describes the YES book alone is
// followed, as a recorder subscribes it: the NO entries of a message are its mirror, and are used
// only where they stand alone. What the venue says of its best prices is judged when a burst of
// messages with one stamp has ended; inside it the venue already quotes the state after it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/order_book.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/recording/note.hpp"

namespace polybot::recording {

enum class Fault : std::uint8_t {
  Crossed = 0,         // bid and ask cross where a burst has ended
  OtherBestPrice = 1,  // the book's best prices are not the venue's
  NoSnapshot = 2,      // changes of a token whose whole book the recording has not
};

struct Finding {
  Fault fault = Fault::Crossed;
  domain::TokenId token;
  domain::MarketId market;
  bool operator==(const Finding&) const = default;
};

class Books {
 public:
  struct Book {
    domain::MarketId market;
    domain::OrderBook book;
    bool whole = false;    // it had a snapshot, and no gap since
    bool excused = false;  // a gap is why it is not whole, or it was said that it is not
    std::optional<domain::Price> tick;
    std::optional<domain::Price> last_trade;
    domain::Timestamp venue_at{};
  };

  void take(const polymarket::MarketFrame& frame, std::vector<Finding>& findings);
  void take(const Note& note);
  // Judges the bursts that nothing has ended yet.
  void finish(std::vector<Finding>& findings);

  [[nodiscard]] const std::map<domain::TokenId, Book>& by_token() const { return books_; }
  // The latest definition of each market that a note has named.
  [[nodiscard]] const std::map<domain::MarketId, domain::Market>& markets() const {
    return markets_;
  }
  [[nodiscard]] const std::map<domain::MarketId, domain::Payout>& payouts() const {
    return payouts_;
  }

 private:
  struct Statement {
    domain::Timestamp venue_at{};
    std::optional<domain::Price> bid;
    std::optional<domain::Price> ask;
  };
  void take(const polymarket::BookEvent& event);
  void take(const polymarket::PriceChangeEvent& event, std::vector<Finding>& findings);
  void change(const polymarket::PriceChangeEvent& event, const polymarket::PriceChange& change,
              std::vector<Finding>& findings);
  void judge(const domain::TokenId& token, const Statement& statement,
             std::vector<Finding>& findings) const;
  void lose(const domain::MarketId& market);
  // Null: no note has described the market.
  [[nodiscard]] const domain::Market* described(const domain::MarketId& market) const;

  std::map<domain::TokenId, Book> books_;
  std::map<domain::TokenId, Statement> statements_;
  std::map<domain::MarketId, domain::Market> markets_;
  std::map<domain::MarketId, domain::Payout> payouts_;
};

}  // namespace polybot::recording
