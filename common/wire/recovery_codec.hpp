// Requests and answers of the two recovery ports as bytes: the books of a shard (5551), replays and
// the state of order streams (5562). Events are carried as encoded bytes; their codec is
// order_codec.hpp.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/market_data.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire {

// An answer fits the bus: 1 MiB with its envelope.
inline constexpr std::size_t kAnswerBytesMax = (std::size_t{1} << 20) - 1024;

// ---- port 5551: books

struct BooksRequest {
  domain::Shard shard;
};
// A place in one bus stream: the producer's incarnation and the number of a message.
struct Position {
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;
  constexpr auto operator<=>(const Position&) const = default;
};
struct BooksAnswer {
  Position position;  // of md.<shard>: these books include every message up to it
  std::vector<domain::BookSnapshot> books;
  bool complete = true;  // false: the rest comes with the stream itself within a second
  std::vector<domain::Market> markets{};  // of the shard, for a reader that has just come
};

[[nodiscard]] std::string encode_books_request(const BooksRequest& request);
DecodeError decode_books_request(std::string_view bytes, BooksRequest& out);
// Leaves out the books that do not fit kAnswerBytesMax and says so (`complete`).
[[nodiscard]] std::string encode_books_answer(const BooksAnswer& answer);
DecodeError decode_books_answer(std::string_view bytes, BooksAnswer& out);

// ---- port 5562: orders

struct ReplayRequest {
  domain::StrategyName stream;  // empty: order.all
  std::uint64_t after_seq = 0;
};
struct StatePageRequest {
  domain::StrategyName stream;
  std::uint64_t at_seq = 0;  // 0: the state now; else the state whose pages are being read
  std::uint32_t page = 0;
};
using OrdersRequest = std::variant<ReplayRequest, StatePageRequest>;

struct ReplayedEvents {
  std::vector<std::string> events;  // encoded StreamedEvents, oldest first
  bool more = false;                // ask again after the last of these
};
// A page of the state of a stream, told as encoded StreamedEvents, to be folded in this order like
// the stream itself (prev is not to be checked; every seq is at_seq):
//   each position   MarketRecorded with `position`        (the strategy in the event)
//   each order      OrderSubmitted with `status` = its status now, then its booked fills as
//   OrderFilled
//                   with the newest fill status; open orders all, ended ones the newest few
//                   thousand
//   each signal whose legs are unlevel   LegsImbalanced
// The reader forgets what it knew of the stream before the first page.
struct StatePage {
  std::uint64_t at_seq = 0;  // the state after this journal number
  std::uint32_t page = 0;
  std::uint32_t pages = 1;
  std::vector<std::string> entries;
};
// The wanted events are no longer kept, or were never known: ask for the state.
struct NotKept {};
using OrdersAnswer = std::variant<ReplayedEvents, StatePage, NotKept>;

[[nodiscard]] std::string encode_orders_request(const OrdersRequest& request);
DecodeError decode_orders_request(std::string_view bytes, OrdersRequest& out);
// The caller keeps the sum of its entries below kAnswerBytesMax, see fits_answer().
[[nodiscard]] std::string encode_orders_answer(const OrdersAnswer& answer);
DecodeError decode_orders_answer(std::string_view bytes, OrdersAnswer& out);

// Whether an entry of `entry_bytes` may join entries of `bytes_so_far` in one answer; adds it if
// so.
[[nodiscard]] bool fits_answer(std::size_t& bytes_so_far, std::size_t entry_bytes,
                               std::size_t answer_bytes_max = kAnswerBytesMax);

}  // namespace polybot::wire
