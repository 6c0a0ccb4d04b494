// Every parser of bytes that a venue, or a client of ours, can send. The first byte picks the
// parser; nothing may crash, and what a parser accepts its writer must be able to repeat.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/domain/assert.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/polymarket/messages/income.hpp"
#include "common/polymarket/messages/json_cursor.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "common/polymarket/messages/user_channel.hpp"

namespace {

using namespace polybot::polymarket;

struct WriteEvent {
  std::string& out;
  void operator()(const BookEvent& event) const { write_book(event, {}, out); }
  void operator()(const PriceChangeEvent& event) const { write_price_change(event, out); }
  void operator()(const LastTradeEvent& event) const { write_last_trade(event, out); }
  void operator()(const TickSizeChangeEvent& event) const { write_tick_size_change(event, out); }
  void operator()(const BestBidAskEvent& event) const { write_best_bid_ask(event, out); }
  void operator()(const NewMarketEvent& event) const { write_new_market(event, out); }
  void operator()(const MarketResolvedEvent& event) const { write_market_resolved(event, out); }
};

void market_frame(std::string_view text) {
  MarketFrame frame;
  if (!parse_market_frame(text, frame)) return;
  std::string written;
  for (const MarketEvent& event : frame.events) {
    written.clear();
    std::visit(WriteEvent{written}, event);
    MarketFrame again;
    POLYBOT_ASSERT(parse_market_frame(written, again).has_value());
    POLYBOT_ASSERT(again.events.size() == 1 && again.events[0].index() == event.index());
  }
}

void user_frame(std::string_view text) {
  const auto frame = parse_user_frame(text);
  if (!frame) return;
  for (const UserEvent& event : frame->events) {
    std::string written;
    if (const auto* const order = std::get_if<UserOrderEvent>(&event)) {
      write_user_order(*order, written);
      (void)to_update(order->order, order->venue_at);
    } else if (const auto* const trade = std::get_if<UserTradeEvent>(&event)) {
      write_user_trade(*trade, written);
      (void)to_trade(trade->trade, {"key", "0xabc"});
    }
    POLYBOT_ASSERT(parse_user_frame(written).has_value());
  }
}

void gamma_page(std::string_view text) {
  const auto page = parse_gamma_page(text);
  if (!page) return;
  for (const GammaMarket& market : page->markets) {
    (void)to_market(market);
    (void)payout(market);
  }
  POLYBOT_ASSERT(parse_gamma_page(write_gamma_page(page->markets, "")).has_value());
}

void order_bodies(std::string_view text) {
  if (const auto order = parse_order_body(text)) {
    POLYBOT_ASSERT(*parse_order_body(write_order_body(*order)) == *order);
  }
  (void)parse_orders_body(text);
  (void)parse_cancel_body(text);
  (void)parse_cancels_body(text);
  (void)parse_cancel_market_body(text);
  if (const auto id = parse_heartbeat_body(text)) {
    POLYBOT_ASSERT(*parse_heartbeat_body(write_heartbeat_body(*id)) == *id);
  }
  (void)parse_books_request(text);
  (void)parse_prices_request(text);
  (void)parse_key_body(text);
  (void)parse_market_subscription(text);
  (void)parse_user_subscription(text);
}

void answers(std::string_view text) {
  const polybot::domain::VenueOrderId order{};
  for (const unsigned status : {200U, 400U, 425U, 429U, 500U, 503U}) {
    (void)read_order_answer(status, text, order, {});
    (void)read_orders_answer(status, text, std::array{order, order}, {});
  }
  if (const auto answer = parse_cancel_answer(text)) {
    POLYBOT_ASSERT(parse_cancel_answer(write_cancel_answer(*answer)).has_value());
  }
  if (const auto page = parse_open_orders(text)) {
    POLYBOT_ASSERT(parse_open_orders(write_open_orders(*page)).has_value());
  }
  if (const auto page = parse_trades(text)) {
    POLYBOT_ASSERT(parse_trades(write_trades(*page)).has_value());
  }
  (void)parse_balance_allowance(text);
  for (const auto& income : {parse_rebates(text), parse_earnings(text)})
    POLYBOT_ASSERT(!income.has_value() || !income->is_negative());
  if (const auto answer = parse_heartbeat_answer(text)) {
    POLYBOT_ASSERT(*parse_heartbeat_answer(write_heartbeat_answer(*answer)) == *answer);
  }
}

void public_answers(std::string_view text) {
  if (const auto market = parse_clob_market(text)) {
    POLYBOT_ASSERT(*parse_clob_market(write_clob_market(*market)) == *market);
  }
  if (const auto result = parse_clob_result(text)) {
    POLYBOT_ASSERT(*parse_clob_result(write_clob_result(*result)) == *result);
  }
  (void)parse_books(text);
  (void)parse_time(text);
}

// Of the operator's files and of wallets.
void names_and_keys(std::string_view text) {
  if (const auto credentials = parse_api_credentials(text)) {
    const auto again = parse_api_credentials(write_api_credentials(*credentials));
    POLYBOT_ASSERT(again && again->secret() == credentials->secret() &&
                   again->passphrase() == credentials->passphrase());
  }
  if (const auto address = Address::parse(text)) {
    POLYBOT_ASSERT(Address::parse(to_checksum(*address)) == address);
  }
  if (const auto signature = OrderSignature::parse(text)) {
    POLYBOT_ASSERT(OrderSignature::parse(to_string(*signature)) == signature);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      market_frame(text);
      break;
    case 1:
      user_frame(text);
      break;
    case 2:
      gamma_page(text);
      break;
    case 3:
      order_bodies(text);
      break;
    case 4:
      answers(text);
      break;
    case 5:
      names_and_keys(text);
      break;
    default:
      public_answers(text);
      break;
  }
  return 0;
}
