// All bytes that can arrive on a bus port: frames (compared with the generated class where it
// accepts the same bytes) and every message codec. The first byte picks the parser, so that one
// corpus serves all.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "common/bus/frame.hpp"
#include "common/domain/order_book.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/metrics_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/status_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "polybot/v1/frame.pb.h"

namespace {

using namespace polybot;
using wire::DecodeError;

void require(bool condition) {
  if (!condition) std::abort();
}

// What our reader accepts, the generated class reads the same from the same bytes.
void check_frame(std::string_view bytes) {
  const auto decoded = bus::decode_frame(bytes);
  const auto* frame = std::get_if<bus::FrameView>(&decoded);
  if (frame == nullptr) return;
  const std::string_view body = bytes.substr(bytes.find('\0') + 1);
  v1::Frame generated;
  require(generated.ParseFromArray(body.data(), static_cast<int>(body.size())));
  require(generated.topic() == frame->topic);
  require(generated.producer().service() == frame->producer.service);
  require(generated.producer().replica() == frame->producer.replica);
  require(generated.producer().incarnation() == frame->producer.incarnation);
  require(generated.first_seq() == frame->first_seq);
  require(generated.tip_seq() == frame->tip_seq);
  require(generated.sent_unix_ns() == frame->sent_unix_ns);
  require(static_cast<std::size_t>(generated.messages_size()) == frame->messages.size());
  for (std::size_t i = 0; i < frame->messages.size(); ++i) {
    require(generated.messages(static_cast<int>(i)) == frame->messages[i]);
  }
}

// A value that was accepted is encoded and read back as the same value.
template <class Value, class Encode, class Decode>
void check_codec(std::string_view bytes, Encode encode, Decode decode) {
  Value value;
  if (decode(bytes, value) != DecodeError::None) return;
  Value again;
  require(decode(encode(value), again) == DecodeError::None);
  require(again == value);
}

// Accepted market data can be applied to a book without ending the process.
void check_market_data(std::string_view bytes) {
  wire::MarketDataCodec codec;
  wire::MarketData message;
  if (codec.decode(bytes, message) != DecodeError::None) return;
  const std::string once(codec.encode(message));
  wire::MarketData again;
  require(codec.decode(once, again) == DecodeError::None);
  require(codec.encode(again) == once);
  domain::OrderBook book;
  if (const auto* snapshot = std::get_if<domain::BookSnapshot>(&message)) {
    book.load(snapshot->bids, snapshot->asks);
  } else if (const auto* delta = std::get_if<domain::BookDelta>(&message)) {
    book.apply(delta->changes);
  }
  const auto most = domain::Quantity::from_raw(wire::kQuantityRawMax);
  static_cast<void>(book.sweep(domain::Outcome::Yes, domain::Side::Buy, most, domain::kPriceOne));
  static_cast<void>(book.sweep(domain::Outcome::No, domain::Side::Sell, most, domain::Price()));
  static_cast<void>(book.mid());
}

void check_quotes(std::string_view bytes) {
  const auto encoded = [](const wire::QuoteData& message) {
    return std::visit([](const auto& body) { return wire::encode_quote(body); }, message);
  };
  wire::QuoteData message;
  if (wire::decode_quote(bytes, message) != DecodeError::None) return;
  wire::QuoteData again;
  require(wire::decode_quote(encoded(message), again) == DecodeError::None);
  require(encoded(again) == encoded(message));
}

void check_recovery(std::string_view bytes) {
  wire::BooksRequest books_request;
  wire::BooksAnswer books;
  wire::OrdersRequest orders_request;
  wire::OrdersAnswer orders;
  static_cast<void>(wire::decode_books_request(bytes, books_request));
  static_cast<void>(wire::decode_books_answer(bytes, books));
  static_cast<void>(wire::decode_orders_request(bytes, orders_request));
  static_cast<void>(wire::decode_orders_answer(bytes, orders));
}

void check_state(std::string_view bytes) {
  check_codec<std::vector<domain::Lease>>(
      bytes, [](const auto& v) { return wire::encode_leases(v); }, wire::decode_leases);
  check_codec<wire::StrategyTable>(bytes, wire::encode_strategies, wire::decode_strategies);
  check_codec<domain::RunnerAnnounced>(bytes, wire::encode_runner, wire::decode_runner);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 9) {
    case 0:
      check_frame(bytes);
      break;
    case 1:
      check_market_data(bytes);
      check_quotes(bytes);
      break;
    case 2:
      check_codec<domain::Market>(bytes, wire::encode_market, wire::decode_market);
      break;
    case 3:
      check_codec<domain::Signal>(bytes, wire::encode_signal, wire::decode_signal);
      break;
    case 4:
      check_codec<domain::Command>(bytes, wire::encode_command, wire::decode_command);
      break;
    case 5:
      check_state(bytes);
      break;
    case 6:
      check_recovery(bytes);
      break;
    case 7:
      check_codec<domain::StreamedEvent>(bytes, wire::encode_streamed, wire::decode_streamed);
      break;
    default:
      static_cast<void>(wire::decode_snapshot(bytes));
      static_cast<void>(wire::decode_status(bytes));
  }
  return 0;
}
