// JSON as deep as its sender likes, at every reader of JSON from outside: pieces of the input
// between so many levels of arrays and objects. The readers stop at a depth of their own before the
// stack ends, and accept no text that is deeper.
//
// The first byte is the number of levels, the second picks their kinds, one bit each; the rest
// stands inside.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "common/polymarket/keystore.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/user_channel.hpp"
#include "common/recording/reader.hpp"
#include "common/runtime/config.hpp"

namespace {

using namespace polybot;
using namespace polybot::polymarket;

constexpr std::size_t kDepthMax = 34;  // no reader follows further

void require(bool condition) {
  if (!condition) std::abort();
}

// The input may close levels of its own before the others begin, so its quotes and brackets go.
std::string inner(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    if (c >= ' ' && c < '\x7F' && c != '"' && c != '\\') text.push_back(c);
  }
  return text + "\"";
}

std::string nested(std::size_t levels, unsigned kinds, std::string_view text) {
  constexpr std::array<std::string_view, 4> kKeys{"asset_id", "bids", "event_type", "orders"};
  std::string open;
  std::string close;
  for (std::size_t i = 0; i < levels; ++i) {
    const bool is_array = ((kinds >> (i % 8)) & 1U) != 0;
    if (is_array) {
      open += '[';
    } else {
      open.append("{\"").append(kKeys[i % kKeys.size()]).append("\":");
    }
    close.insert(close.begin(), is_array ? ']' : '}');
  }
  return open.append(text).append(close);
}

bool is_keystore(std::string_view text) {
  try {
    (void)Keystore::parse(text);
  } catch (const KeystoreError&) {
    return false;
  }
  return true;
}

bool is_recording(const std::string& text) {
  try {
    const recording::Recording recording(std::make_unique<std::istringstream>(text), "x",
                                         text.size());
  } catch (const runtime::CannotStart&) {
    return false;
  }
  return true;
}

bool is_accepted(const std::string& text) {
  MarketFrame frame;
  const std::array accepted{
      parse_market_frame(text, frame).has_value(),
      parse_user_frame(text).has_value(),
      parse_gamma_page(text).has_value(),
      parse_order_body(text).has_value(),
      parse_orders_body(text).has_value(),
      parse_cancel_body(text).has_value(),
      parse_cancels_body(text).has_value(),
      parse_cancel_market_body(text).has_value(),
      parse_heartbeat_body(text).has_value(),
      parse_heartbeat_answer(text).has_value(),
      parse_books_request(text).has_value(),
      parse_books(text).has_value(),
      parse_market_subscription(text).has_value(),
      parse_user_subscription(text).has_value(),
      parse_cancel_answer(text).has_value(),
      parse_open_orders(text).has_value(),
      parse_trades(text).has_value(),
      parse_clob_market(text).has_value(),
      parse_api_credentials(text).has_value(),
      is_keystore(text),
      is_recording(text),
  };
  bool any = false;
  for (const bool one : accepted) any = any || one;
  return any;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t levels = data[0];
  require(!is_accepted(nested(levels, data[1], inner(bytes))) || levels <= kDepthMax);
  // As a member that nobody asks for, beside those that count.
  const std::string member = nested(levels, data[1], inner(bytes));
  require(!is_accepted(R"({"ts_ms":1,"raw":"a","x":)" + member + "}") || levels <= kDepthMax);
  // Not closed, and far deeper than any reader's stack would bear.
  if (!bytes.empty())
    (void)is_accepted(std::string(bytes.size() * 64, bytes[0] % 2 == 0 ? '[' : '{'));
  (void)is_accepted(nested(levels, data[1], bytes));
  return 0;
}
