// The venue's SHA-1 over a book, as utilities.ts of github.com/Polymarket/clob-client-v2 computes
// it, to check the simulator's books. Trading code does not use it: on WebSocket books the hash can
// depend on a last trade that is reported only later.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

// Fields the hash covers and WebSocket books may omit, as text.
struct BookHashDefaults {
  std::string min_order_size;
  std::string tick_size;
  bool neg_risk = false;
  std::string last_trade_price;
};

struct BookHashCheck {
  std::string claimed;   // the message's own hash; may be empty
  std::string computed;  // 40 hex digits
  [[nodiscard]] bool agrees() const { return claimed == computed; }
};

// Computes the hash of one book object (a JSON object, WebSocket or REST), with texts exactly as
// sent.
[[nodiscard]] ParseResult<BookHashCheck> check_book_hash(std::string_view book_json,
                                                         const BookHashDefaults& defaults);

}  // namespace polybot::polymarket
